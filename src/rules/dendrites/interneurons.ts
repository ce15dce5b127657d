import { answeredBy, interneuronsOf, sharesOf } from '../../dynamics/index.ts';
import type { Conductances } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Network } from '../../network/network.ts';
import type { OptimiserOf } from '../../network/optimiser.ts';
import type { Parameter } from '../../network/parameter.ts';
import { scaleSchedule } from '../../network/schedule.ts';
import { projectionId } from '../../network/specification.ts';
import type {
  AreaSpecification,
  NetworkSpecification,
  ProjectionSpecification,
} from '../../network/specification.ts';
import { refuseBranches } from '../shared/chain.ts';
import { withFeedback } from '../shared/feedback.ts';
import type { FeedbackOptions } from '../shared/feedback.ts';

/** Construction and initialisation of a microcircuit's feedback and interneurons. */
export interface MicrocircuitOptions
  extends Omit<FeedbackOptions, 'wiring'>, Pick<InterneuronRates, 'predicting'> {
  /** Initial top-down weights: random, or the transposed forward weights. */
  readonly topDown: 'random' | 'transposed';
  /** Initial interneuron weights: such that all top-down input is cancelled, or random. */
  readonly interneurons: 'self-predicting' | 'random';
}

/**
 * Returns a chain of areas in which every hidden area is made a microcircuit. It gets feedback from the area above, W^PP,
 * and an area of interneurons, one for each cell above. Lateral projections lead from the area to the interneurons, W^IP,
 * and back, W^PI. In the self-predicting state, each interneuron has the rate of the cell above that it answers, and the
 * interneurons cancel all top-down input:
 *
 *   W^IP = g_B/g (g_lk + g_D)/g_D · W^PP_up,   W^PI = −W^PP_down
 *
 * with g the total conductance of the area above: g_lk + g_B + g_A, or without g_A for an output area.
 */
export function withInterneurons(
  specification: NetworkSpecification,
  options: MicrocircuitOptions,
  conductances: Conductances,
): NetworkSpecification {
  const { input, projections } = specification;
  const answered = withFeedback(specification, { ...options, wiring: 'independent' });
  const isSelfPredicting = options.interneurons === 'self-predicting';
  const areas: AreaSpecification[] = [];
  const lateral: ProjectionSpecification[] = [];
  for (const forward of projections) {
    if ((forward.kind ?? 'forward') !== 'forward' || forward.from === input) continue;
    const { from, to, density } = forward;
    const above = specification.areas.find(({ id }) => id === to) as AreaSpecification;
    const feedback = answered.projections.find(({ answers }) => answers === projectionId(forward));
    const id = `${from} interneurons`;
    const isOutput = specification.objectives.some(({ area }) => area === to);
    const share = shareAbove(conductances, isOutput) / shareOfInterneurons(conductances);
    const onto = { from, to: id, kind: 'lateral', connection: connectionOf(specification, forward) } as const;
    areas.push({ ...above, id, dropout: 0 });
    lateral.push(
      {
        ...onto,
        ...(density === undefined ? {} : { density }),
        ...(forward.initialisation ? { initialisation: forward.initialisation } : {}),
        ...(options.predicting === 'in-step' && forward.plastic === false ? { plastic: false } : {}),
        ...(isSelfPredicting ? { startsLike: { projection: projectionId(forward), factor: share } } : {}),
      },
      {
        ...{ from: id, to: from, kind: 'lateral', answers: projectionId(onto) },
        ...(feedback?.density === undefined ? {} : { density: feedback.density }),
        ...(feedback?.initialisation ? { initialisation: feedback.initialisation } : {}),
        ...(isSelfPredicting && feedback
          ? { startsLike: { projection: projectionId(feedback), factor: -1 } }
          : {}),
      },
    );
  }
  return {
    ...answered,
    areas: [...answered.areas, ...areas],
    projections: [
      ...answered.projections.map((projection) =>
        projection.kind === 'feedback' && options.topDown === 'transposed'
          ? { ...projection, startsTransposed: true }
          : projection,
      ),
      ...lateral,
    ],
  };
}

/** Returns why a network cannot be made of microcircuits, worded to end a sentence; undefined if it can. */
export function refuseMicrocircuit(specification: NetworkSpecification): string | undefined {
  const others = 'predictive-coding, feedback-alignment, backprop';
  const pooling = specification.projections.find(
    (projection) => connectionOf(specification, projection).kind === 'pooling',
  );
  if (pooling) {
    return (
      `"${projectionId(pooling)}" pools, but interneurons need weights to learn the activity of the cells above: use a stride instead. ` +
      `Rules that do: ${others}`
    );
  }
  const lateral = specification.projections.find(({ kind }) => kind === 'lateral');
  if (lateral) {
    return `"${projectionId(lateral)}" is lateral, but only interneurons have lateral projections here: leave it out. Rules that do: equilibrium-propagation, boltzmann`;
  }
  return refuseBranches(specification, others);
}

/** The interneurons of an area with the projections that join them to it. */
export interface Microcircuit {
  readonly interneurons: Area;
  /** W^IP, from the pyramidal cells to the interneurons. */
  readonly predicting: Projection;
  /** W^PI, from the interneurons to the apical dendrites. */
  readonly cancelling: Projection;
  /** The area above, whose cells the interneurons answer. */
  readonly above: Area;
}

/** Returns the interneurons of an area and their projections; undefined for an area without interneurons. */
export function microcircuitOf(area: Area): Microcircuit | undefined {
  const interneurons = interneuronsOf(area);
  const predicting = interneurons?.incoming[0];
  const cancelling = interneurons?.outgoing[0];
  const above = interneurons && answeredBy(interneurons);
  return predicting && cancelling && above && { interneurons, predicting, cancelling, above };
}

/** Learning of the interneurons. */
export interface InterneuronRates {
  /** Whether interneurons learn by rules of their own, or change in step with the cells above. */
  readonly predicting: 'learned' | 'in-step';
  /** Learning rate of W^IP, as a multiple of the rate at which interneurons keep pace with the cells above. */
  readonly interneuronRate: number;
  /** Learning rate of W^PI, as a multiple of that of the forward weights. */
  readonly cancellingRate: number;
}

/**
 * Returns the optimisers of a network with interneurons. W^IP and the bias of the interneurons have the rate at which they
 * keep pace with the cells above, times `interneuronRate`; W^PI has a multiple of the forward rate.
 *
 * Both rates follow that of W^PP_up. A rate that the config gives to a single forward projection (`optimiser.projections`)
 * therefore also applies to the interneurons below it, whatever rate the config gives to theirs. In step, interneurons
 * take the rest of the optimiser from W^PP_up as well.
 */
export const interneuronOptimisers = (
  network: Network,
  optimiserOf: OptimiserOf,
  { predicting: mode, interneuronRate, cancellingRate }: InterneuronRates,
  conductances: Conductances,
): OptimiserOf => {
  const paces = new Map<Parameter, { readonly like: Parameter; readonly multiple: number }>();
  for (const area of network.areas) {
    const circuit = microcircuitOf(area);
    if (!circuit) continue;
    const { predicting, cancelling, interneurons, above } = circuit;
    const forward = forwardBetween(area, above);
    const pace = sharesOf(above, conductances).basal / sharesOf(interneurons, conductances).basal;
    const multiple = mode === 'in-step' ? pace : interneuronRate * pace;
    paces.set(predicting, { like: forward, multiple });
    if (interneurons.bias && above.bias) paces.set(interneurons.bias, { like: above.bias, multiple });
    paces.set(cancelling, { like: forward, multiple: cancellingRate });
  }
  return (parameter) => {
    const pace = paces.get(parameter);
    if (!pace) return optimiserOf(parameter);
    const { multiple } = pace;
    const like = optimiserOf(pace.like);
    const rate = scaleSchedule(like.rate, multiple);
    if (mode === 'learned') return { ...optimiserOf(parameter), rate };
    // The weights stay `multiple` times W^PP_up only if all changes do, including those by decay and bounds.
    return {
      ...like,
      rate,
      decay: like.decay / multiple,
      ...(like.decoupledDecay === undefined ? {} : { decoupledDecay: like.decoupledDecay / multiple }),
      maximumNorm: like.maximumNorm * multiple,
    };
  };
};

/** Returns W^PP_up, with which the interneurons of an area keep pace. */
const forwardBetween = (area: Area, above: Area): Projection =>
  above.incoming.find(({ from, kind }) => from === area && kind === 'forward') as Projection;

/** Returns g_B/g of pyramidal cells, before the network exists. */
const shareAbove = ({ leak, basal, apical }: Conductances, isOutput: boolean): number =>
  basal / (leak + basal + (isOutput ? 0 : apical));

/** Returns g_D/(g_lk + g_D) of interneurons, which leaves out the input from the cells above. */
const shareOfInterneurons = ({ leak, interneuron = 0 }: Conductances): number =>
  interneuron / (leak + interneuron);
