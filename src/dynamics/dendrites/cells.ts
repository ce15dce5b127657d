import type { Area, Projection } from '../../network/area.ts';
import type { Objective } from '../../network/objective.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dropoutGain } from '../dropout.ts';
import type { Compartments, Conductances, PassRecord, PhaseOptions, Setting } from '../phase.ts';

/**
 * Cells whose dendrites are apart from their somata. A basal dendrite receives what is below (forward projections and
 * thresholds), an apical one what is above (feedback) and what interneurons say of it (lateral projections):
 *
 *   v_B = r_{k−1} W_forward + b,   v_A = r_above W_feedback + r_I W_lateral
 *   du/dt = −g_lk u + g_B (v_B − u) + g_A (v_A − u)
 *
 * and so du/dt = g_B v_B + g_A v_A − g u with g = g_lk + g_B + g_A, whose time constant is 1/g. Areas that nothing
 * reaches from above have no apical dendrite, and g_A = 0. Interneurons have one dendrite, which hears the pyramidal
 * cells beside them, and a soma that hears one pyramidal cell each of the area above:
 *
 *   v_I = r_k W_lateral + b_I,   du_I/dt = −g_lk u_I + g_D (v_I − u_I) + g_SI (u_{k+1} − u_I)
 *
 * Source: Guerguiev, Lillicrap & Richards (2017), eLife 6; Sacramento, Ponte Costa, Bengio & Senn (2018), NeurIPS 31.
 */
export interface Cells {
  readonly area: Area;
  readonly objective: Objective | undefined;
  /** Onto the basal dendrite, or an interneuron's only one; and onto the apical one. */
  readonly below: readonly Projection[];
  readonly above: readonly Projection[];
  /** Of interneurons: the area whose cells they answer, one each. */
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

/** The interneurons beside an area's pyramidal cells; undefined where it has none. */
export const interneuronsOf = ({ outgoing }: Area): Area | undefined =>
  outgoing.find(({ kind, from, to }) => kind === 'lateral' && from !== to && answeredBy(to))?.to;

/** The area whose cells interneurons answer: what the pyramidal cells beside them send to. Undefined for pyramidal cells. */
export function answeredBy({ incoming }: Area): Area | undefined {
  if (incoming.length === 0 || incoming.some(({ kind }) => kind !== 'lateral')) return undefined;
  return incoming[0]?.from.outgoing.find(({ kind }) => kind === 'forward')?.to;
}

/** What a soma takes on of its dendrites where it rests: g_B/g and g_A/g, of interneurons before anything teaches them. */
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

/** Every area but the input, silent: potentials and rates are still to be made. */
export function cellsOf(setting: Setting, options: PhaseOptions): readonly Cells[] {
  const { compute, network, inputs } = setting;
  const made = new Map<Area, Cells>();
  for (const area of network.areas) {
    if (area === network.input) continue;
    const make = () => compute.temporary([inputs.rows, area.units]);
    const answers = answeredBy(area);
    const above = answers ? [] : area.incoming.filter(({ kind }) => kind !== 'forward');
    const objective = network.objectives.find((candidate) => candidate.area === area);
    // What a unit cannot say its interneuron does not say either.
    const gain = answers ? made.get(answers)?.gain : dropoutGain(setting, area);
    const rate = make();
    const sent = options.sendsProbabilities && objective?.kind === 'cross-entropy' ? make() : rate;
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

/** out ← Σ of what projections send + thresholds; 0 where there are neither. */
export function receiveBy(
  compute: Compute,
  out: Tensor,
  projections: readonly Projection[],
  activity: (area: Area) => Tensor,
  { values }: PhaseOptions,
  thresholds?: Area['bias'],
): void {
  if (projections.length === 0) compute.fill(out, 0);
  for (const [index, projection] of projections.entries()) {
    const weights = values?.(projection) ?? projection.weights;
    projection.send(compute, out, activity(projection.from), index === 0 ? 0 : 1, weights);
  }
  if (thresholds) compute.activate(out, out, values?.(thresholds) ?? thresholds.values, 'linear');
}

/** rate ← f(u), and what is sent of it. */
export function show(compute: Compute, { area, potential, rate, sent, activity, gain }: Cells): void {
  compute.activate(rate, potential, undefined, area.activation);
  if (sent !== rate) compute.softmax(sent, rate);
  if (gain) compute.multiply(activity, sent, gain);
}

/** u ← u − size · ∂C/∂r, the error as it is at the rates of now. */
export function pullBy(setting: Setting, { objective, potential, rate }: Cells, size: number): void {
  if (!objective || size === 0) return;
  const { compute } = setting;
  compute.scope(() => {
    const error = compute.temporary(rate.shape);
    setting.pull(objective, rate, error);
    compute.combine(potential, potential, error, 1, -size);
  });
}

/** prediction ← what somata would be by their basal dendrites alone, (batch, units), by area. */
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

/** What a phase of cells with dendrites says of every area. An objective judges what the basal dendrites predict. */
export function recordOf(
  setting: Setting,
  cells: readonly Cells[],
  predictions: ReadonlyMap<Area, Tensor>,
  input: { readonly activity: Tensor; readonly gain: Tensor | undefined },
): PassRecord & { readonly compartments: Compartments } {
  const { compute, network, inputs } = setting;
  const byArea = new Map(cells.map((its) => [its.area, its]));
  const of = <Value>(pick: (its: Cells) => Value, otherwise: Value): Value[] =>
    network.areas.map((area) => {
      const its = byArea.get(area);
      return its ? pick(its) : otherwise;
    });
  const judged = ({ area, objective, rate }: Cells): Tensor => {
    if (!objective) return rate;
    const output = compute.temporary(rate.shape);
    compute.activate(output, predictions.get(area) as Tensor, undefined, area.activation);
    return output;
  };
  return {
    activities: of(({ activity }) => activity, input.activity),
    rates: of(({ rate }) => rate, inputs),
    outputs: of(judged, inputs),
    states: of(({ potential }) => potential, inputs),
    gains: of<Tensor | undefined>(({ gain }) => gain, input.gain),
    compartments: {
      basal: of<Tensor | undefined>(({ basal }) => basal, undefined),
      apical: of(({ apical }) => apical, undefined),
      prediction: network.areas.map((area) => predictions.get(area)),
    },
  };
}
