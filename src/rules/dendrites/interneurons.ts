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
import { answerForwardProjections } from '../shared/feedback.ts';
import type { FeedbackOptions } from '../shared/feedback.ts';

/** How feedback and interneurons come about. */
export interface MicrocircuitOptions
  extends Omit<FeedbackOptions, 'wiring'>, Pick<InterneuronRates, 'predicting'> {
  readonly topDown: 'random' | 'transposed';
  readonly interneurons: 'self-predicting' | 'random';
}

/**
 * Adds to a chain of areas what makes each hidden one a microcircuit: feedback from the area above, W^PP; an area of
 * interneurons, as many as there are cells above, each of which answers one of those; lateral projections from the area to
 * its interneurons, W^IP, and back, W^PI. Where it starts as self-predicting, interneurons say what the cells above say,
 * and cancel all that they send down:
 *
 *   W^IP = g_B/g (g_lk + g_D)/g_D · W^PP_up,   W^PI = −W^PP_down
 *
 * with g the conductance of the area above: g_lk + g_B + g_A, or without g_A for an output.
 */
export function withInterneurons(
  specification: NetworkSpecification,
  options: MicrocircuitOptions,
  conductances: Conductances,
): NetworkSpecification {
  const { input, projections } = specification;
  const answered = answerForwardProjections(specification, { ...options, wiring: 'independent' });
  const isSelfPredicting = options.interneurons === 'self-predicting';
  const areas: AreaSpecification[] = [];
  const lateral: ProjectionSpecification[] = [];
  for (const forward of projections) {
    if ((forward.kind ?? 'forward') !== 'forward' || forward.from === input) continue;
    const { from, to, density } = forward;
    const above = specification.areas.find(({ id }) => id === to) as AreaSpecification;
    const down = answered.projections.find(({ answers }) => answers === projectionId(forward));
    const id = `${from} interneurons`;
    const isJudged = specification.objectives.some(({ area }) => area === to);
    const share = shareAbove(conductances, isJudged) / shareOfInterneurons(conductances);
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
        ...(down?.density === undefined ? {} : { density: down.density }),
        ...(down?.initialisation ? { initialisation: down.initialisation } : {}),
        ...(isSelfPredicting && down ? { startsLike: { projection: projectionId(down), factor: -1 } } : {}),
      },
    );
  }
  return {
    ...answered,
    areas: [...answered.areas, ...areas],
    projections: [
      ...answered.projections.map((its) =>
        its.kind === 'feedback' && options.topDown === 'transposed'
          ? { ...its, startsTransposed: true }
          : its,
      ),
      ...lateral,
    ],
  };
}

/** Why a network cannot be made of microcircuits, as the end of a sentence. */
export function refuseMicrocircuit(specification: NetworkSpecification): string | undefined {
  const others = 'predictive-coding, feedback-alignment, backprop';
  const pooling = specification.projections.find(
    (its) => connectionOf(specification, its).kind === 'pooling',
  );
  if (pooling) {
    return (
      `"${projectionId(pooling)}" pools, and interneurons learn by weights what the cells above say: use a stride in its place. ` +
      `Rules that do: ${others}`
    );
  }
  const lateral = specification.projections.find(({ kind }) => kind === 'lateral');
  if (lateral) {
    return `"${projectionId(lateral)}" is lateral, and here lateral projections are those of interneurons: leave it out. Rules that do: equilibrium-propagation, boltzmann`;
  }
  return refuseBranches(specification, others);
}

/** W^IP and W^PI of an area. */
export interface Microcircuit {
  readonly interneurons: Area;
  /** From the pyramidal cells to the interneurons, and back. */
  readonly predicting: Projection;
  readonly cancelling: Projection;
  /** The area above. */
  readonly above: Area;
}

/** What an area has besides its pyramidal cells; undefined of areas without. */
export function microcircuitOf(area: Area): Microcircuit | undefined {
  const interneurons = interneuronsOf(area);
  const predicting = interneurons?.incoming[0];
  const cancelling = interneurons?.outgoing[0];
  const above = interneurons && answeredBy(interneurons);
  return predicting && cancelling && above && { interneurons, predicting, cancelling, above };
}

/** How fast interneurons learn. */
export interface InterneuronRates {
  readonly predicting: 'learned' | 'in-step';
  readonly interneuronRate: number;
  readonly cancellingRate: number;
}

/**
 * W^IP and its thresholds at a rate by which they keep pace with what they predict, times `interneuronRate`; W^PI at a
 * multiple of the same rate. That is the rate of W^PP_up, so one that a projection has to itself
 * (`optimiser.projections`) holds for the interneurons below it, too, whatever is said of their own. In step, everything
 * else of the optimiser is that of W^PP_up as well.
 */
export const interneuronOptimisers = (
  network: Network,
  optimiserOf: OptimiserOf,
  { predicting: how, interneuronRate, cancellingRate }: InterneuronRates,
  conductances: Conductances,
): OptimiserOf => {
  const paces = new Map<Parameter, { readonly like: Parameter; readonly multiple: number }>();
  for (const area of network.areas) {
    const its = microcircuitOf(area);
    if (!its) continue;
    const { predicting, cancelling, interneurons, above } = its;
    const upward = projectionUp(area, above);
    const pace = sharesOf(above, conductances).basal / sharesOf(interneurons, conductances).basal;
    const multiple = how === 'in-step' ? pace : interneuronRate * pace;
    paces.set(predicting, { like: upward, multiple });
    if (interneurons.bias && above.bias) paces.set(interneurons.bias, { like: above.bias, multiple });
    paces.set(cancelling, { like: upward, multiple: cancellingRate });
  }
  return (parameter) => {
    const pace = paces.get(parameter);
    if (!pace) return optimiserOf(parameter);
    const { multiple } = pace;
    const like = optimiserOf(pace.like);
    const rate = scaleSchedule(like.rate, multiple);
    if (how === 'learned') return { ...optimiserOf(parameter), rate };
    // Weights that are `multiple` times as large, and so are to be their changes, those by decay and bounds included.
    return {
      ...like,
      rate,
      decay: like.decay / multiple,
      ...(like.decoupledDecay === undefined ? {} : { decoupledDecay: like.decoupledDecay / multiple }),
      maximumNorm: like.maximumNorm * multiple,
    };
  };
};

/** W^PP_up, which the interneurons of an area have to keep pace with. */
const projectionUp = (area: Area, above: Area): Projection =>
  above.incoming.find(({ from, kind }) => from === area && kind === 'forward') as Projection;

/** g_B/g of an area of pyramidal cells, and g_D/g of interneurons, before there are areas. */
const shareAbove = ({ leak, basal, apical }: Conductances, isOutput: boolean): number =>
  basal / (leak + basal + (isOutput ? 0 : apical));
const shareOfInterneurons = ({ leak, interneuron = 0 }: Conductances): number =>
  interneuron / (leak + interneuron);
