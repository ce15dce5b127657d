import { objectiveAt } from '../../network/objectives/objective.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dropoutGain } from '../dropout.ts';
import type { CompartmentPhase, PhaseOptions, Setting } from '../phase.ts';
import type { Compartments, PassRecord } from '../record.ts';

/** How strongly the dendrites of a cell are coupled to the soma, in units of cell capacitance per unit of time. */
export interface Conductances {
  /** g_lk, of every soma. */
  readonly leak: number;
  /** g_B and g_A, of pyramidal cells. */
  readonly basal: number;
  readonly apical: number;
  /** Of interneurons: g_D, of their only dendrite, and g_SI, of the pyramidal cell above that each answers. */
  readonly interneuron?: number;
  readonly teaching?: number;
}

/** Conductances where neither a rule nor a phase gives any. */
export const CONDUCTANCES: Conductances = { leak: 0.1, basal: 1, apical: 0.8, interneuron: 1, teaching: 0.5 };

/** A conductance that opens towards potentials, (batch, units). */
export interface Teaching {
  readonly potential: Tensor;
  readonly conductance: number;
}

/**
 * What hidden cells hold besides their activity: the potentials of their dendrites, and the potential that the soma
 * would have from the basal dendrite alone.
 */
export type DendriticCompartment = 'basal' | 'apical' | 'prediction';

/** A phase of cells with dendrites. */
export type DendriticPhase = CompartmentPhase<DendriticCompartment>;

/** Phase options of all cells with dendrites. */
export interface DendriticOptions extends Pick<PhaseOptions, 'inputs' | 'values'> {
  /** Number of sweeps, or of steps in time. Default 0. */
  readonly steps?: number | undefined;
  readonly conductances?: Conductances | undefined;
  /** Whether areas under cross-entropy send their probabilities; otherwise they send their potentials. */
  readonly sendsProbabilities?: boolean | undefined;
}

/**
 * Cells whose dendrites are separate from their somata. A basal dendrite receives bottom-up input (forward projections
 * and the bias), an apical one top-down input (feedback) and that of interneurons (lateral projections):
 *
 *   v_B = r_{k−1} W_forward + b,   v_A = r_above W_feedback + r_I W_lateral
 *   du/dt = −g_lk u + g_B (v_B − u) + g_A (v_A − u)
 *
 * and so du/dt = g_B v_B + g_A v_A − g u with g = g_lk + g_B + g_A, whose time constant is 1/g. Areas without
 * top-down input have no apical dendrite, and g_A = 0. Interneurons have one dendrite, which receives from the pyramidal
 * cells beside them, and a soma that receives from one pyramidal cell each of the area above:
 *
 *   v_I = r_k W_lateral + b_I,   du_I/dt = −g_lk u_I + g_D (v_I − u_I) + g_SI (u_{k+1} − u_I)
 *
 * Source: Guerguiev, Lillicrap & Richards (2017), eLife 6; Sacramento, Ponte Costa, Bengio & Senn (2018), NeurIPS 31.
 */
export interface Cells {
  readonly area: Area;
  readonly objective: Objective | undefined;
  /** Projections onto the basal dendrite (or an interneuron's only one), and onto the apical dendrite. */
  readonly below: readonly Projection[];
  readonly above: readonly Projection[];
  /** For interneurons, the area whose cells they answer, one each. */
  readonly answers: Area | undefined;
  /** Tensors (batch, units). `sent` is the activity before dropout. */
  readonly basal: Tensor;
  readonly apical: Tensor | undefined;
  readonly potential: Tensor;
  readonly rate: Tensor;
  readonly sent: Tensor;
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
}

/**
 * Returns the interneurons beside an area's pyramidal cells; undefined where it has none.
 *
 * @example
 * ```ts
 * import { dendriticMicrocircuit, interneuronsOf, Network, openBackend, parseOptions, stack } from 'apical/rules';
 *
 * const chain = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const circuits = dendriticMicrocircuit.network!.wire!(chain, parseOptions(dendriticMicrocircuit, {}));
 * const network = new Network(await openBackend(), circuits, 1);
 * console.log(interneuronsOf(network.area('hidden1'))?.units); // 2: one for each cell of the output
 * console.log(interneuronsOf(network.area('output'))); // undefined
 * network.dispose();
 * ```
 */
export const interneuronsOf = ({ outgoing }: Area): Area | undefined =>
  outgoing.find(({ kind, from, to }) => kind === 'lateral' && from !== to && answeredBy(to))?.to;

/**
 * Returns the area whose cells interneurons answer: that to which the pyramidal cells beside them send. Undefined for
 * pyramidal cells.
 *
 * @example
 * ```ts
 * import { answeredBy, dendriticMicrocircuit, Network, openBackend, parseOptions, stack } from 'apical/rules';
 *
 * const chain = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const circuits = dendriticMicrocircuit.network!.wire!(chain, parseOptions(dendriticMicrocircuit, {}));
 * const network = new Network(await openBackend(), circuits, 1);
 * console.log(answeredBy(network.area('hidden1 interneurons'))?.id); // output
 * console.log(answeredBy(network.area('hidden1'))); // undefined
 * network.dispose();
 * ```
 */
export function answeredBy({ incoming }: Area): Area | undefined {
  if (incoming.length === 0 || incoming.some(({ kind }) => kind !== 'lateral')) return undefined;
  return incoming[0]?.from.outgoing.find(({ kind }) => kind === 'forward')?.to;
}

/**
 * Returns the shares of the dendrites in a soma's potential at rest, g_B/g and g_A/g, and the total conductance g,
 * whose inverse is the time constant. An area without top-down or lateral input has g_A = 0. For interneurons, `basal`
 * is g_D/(g_lk + g_D): the share of their only dendrite without teaching.
 *
 * @example
 * ```ts
 * import { CONDUCTANCES, Network, openBackend, sharesOf, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * const { basal, apical, total } = sharesOf(network.area('output'), CONDUCTANCES);
 * console.log(basal, apical, total); // 1/1.1 = 0.909…, 0, 1.1: without feedback there is no apical dendrite
 * network.dispose();
 * ```
 */
export function sharesOf(
  area: Area,
  { leak, basal, apical, interneuron = 0 }: Conductances,
): { readonly basal: number; readonly apical: number; readonly total: number } {
  if (answeredBy(area)) {
    return { basal: interneuron / (leak + interneuron), apical: 0, total: leak + interneuron };
  }
  const hasApical = area.incoming.some(({ kind }) => kind !== 'forward');
  const total = leak + basal + (hasApical ? apical : 0);
  return { basal: basal / total, apical: hasApical ? apical / total : 0, total };
}

/** Makes the cells of every area but the input. Their potentials and rates are still undefined. */
export function cellsOf(setting: Setting, options: DendriticOptions): readonly Cells[] {
  const { compute, network, inputs } = setting;
  const made = new Map<Area, Cells>();
  for (const area of network.areas) {
    if (area.isInput) continue;
    const make = () => compute.temporary([inputs.rows, area.units]);
    const answers = answeredBy(area);
    const above = answers ? [] : area.incoming.filter(({ kind }) => kind !== 'forward');
    const objective = objectiveAt(network, area);
    // Dropout silences a cell and the interneuron that answers it together.
    const gain = answers ? made.get(answers)?.gain : dropoutGain(setting, area);
    const rate = make();
    const sent = options.sendsProbabilities && objective?.loss.name === 'cross-entropy' ? make() : rate;
    made.set(area, {
      ...{ area, objective, above, answers, rate, sent, gain },
      below: answers ? area.incoming : area.incoming.filter(({ kind }) => kind === 'forward'),
      basal: make(),
      apical: above.length > 0 ? make() : undefined,
      potential: make(),
      activity: gain ? make() : sent,
    });
  }
  return [...made.values()];
}

/** out ← Σ of the signals of projections + bias; 0 where there are neither. */
export function receiveBy(
  compute: Compute,
  out: Tensor,
  projections: readonly Projection[],
  activity: (area: Area) => Tensor,
  { values }: DendriticOptions,
  bias?: Area['bias'],
): void {
  if (projections.length === 0) compute.fill(out, 0);
  for (const [index, projection] of projections.entries()) {
    const weights = values?.(projection) ?? projection.weights;
    projection.send(compute, out, activity(projection.from), index === 0 ? 0 : 1, weights);
  }
  if (bias) compute.activate(out, out, values?.(bias) ?? bias.values, 'linear');
}

/** rate ← f(u), and the activity from it. */
export function show(compute: Compute, { area, potential, rate, sent, activity, gain }: Cells): void {
  compute.activate(rate, potential, undefined, area.activation);
  if (sent !== rate) compute.softmax(sent, rate);
  if (gain) compute.multiply(activity, sent, gain);
}

/** u ← u − size · ∂C/∂r, with the error at the current rates. */
export function pullBy(setting: Setting, { objective, potential, rate }: Cells, size: number): void {
  if (!objective || size === 0) return;
  const { compute } = setting;
  compute.scope(() => {
    const error = compute.temporary(rate.shape);
    setting.pull(objective, rate, error);
    compute.addScaled(potential, error, -size);
  });
}

/** Returns the potentials of somata from their basal dendrites alone, (batch, units), by area. */
export function predictionsOf(
  compute: Compute,
  cells: readonly Cells[],
  conductances: Conductances,
): ReadonlyMap<Area, Tensor> {
  return new Map(
    cells.map(({ area, basal }) => {
      const prediction = compute.temporary(basal.shape);
      compute.scale(prediction, basal, sharesOf(area, conductances).basal);
      return [area, prediction];
    }),
  );
}

/** Returns the record of a phase of cells with dendrites. An objective evaluates the prediction of the basal dendrites. */
export function recordOf(
  setting: Setting,
  cells: readonly Cells[],
  predictions: ReadonlyMap<Area, Tensor>,
  input: { readonly activity: Tensor; readonly gain: Tensor | undefined },
): { readonly pass: PassRecord; readonly compartments: Compartments<DendriticCompartment> } {
  const { compute, network, inputs } = setting;
  const byArea = new Map(cells.map((cell) => [cell.area, cell]));
  const of = <Value>(pick: (cell: Cells) => Value, otherwise: Value): Value[] =>
    network.areas.map((area) => {
      const cell = byArea.get(area);
      return cell ? pick(cell) : otherwise;
    });
  const output = ({ area, objective, rate }: Cells): Tensor => {
    if (!objective) return rate;
    const predicted = compute.temporary(rate.shape);
    compute.activate(predicted, predictions.get(area) as Tensor, undefined, area.activation);
    return predicted;
  };
  return {
    pass: {
      activities: of(({ activity }) => activity, input.activity),
      rates: of(({ rate }) => rate, inputs),
      outputs: of(output, inputs),
      states: of(({ potential }) => potential, inputs),
      potentials: of<Tensor | undefined>(({ potential }) => potential, undefined),
      gains: of<Tensor | undefined>(({ gain }) => gain, input.gain),
    },
    compartments: {
      basal: of<Tensor | undefined>(({ basal }) => basal, undefined),
      apical: of(({ apical }) => apical, undefined),
      prediction: network.areas.map((area) => predictions.get(area)),
    },
  };
}
