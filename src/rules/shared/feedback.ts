import { z } from 'zod';
import { defaultInitialisation } from '../../network/initialisation.ts';
import { connectionOf, fansOf } from '../../network/projections/connection.ts';
import type { Wiring, NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';
import type { Network } from '../../network/network.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Projection } from '../../network/area.ts';
import { projectionId } from '../../network/specification.ts';

/**
 * The options of every rule whose feedback weights B start at random.
 *
 * @example
 * ```ts
 * import { feedbackOptions } from 'apical/rules';
 * import { z } from 'apical/rules';
 *
 * const options = z.strictObject(feedbackOptions);
 * console.log(options.parse({ feedback: 'uniform', scale: 0.5 }).wiring); // independent
 * ```
 */
export const feedbackOptions = {
  feedback: z
    .enum(['as-forward', 'uniform', 'normal'])
    .default('as-forward')
    .describe('distribution of B: that of the forward weights it answers, uniform, or normal'),
  scale: z
    .number()
    .positive()
    .optional()
    .describe(
      'bound of B (uniform), its standard deviation (normal), or a multiple of the forward distribution (as-forward)',
    ),
  density: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('share of the possible feedback synapses that exist; default: that of the forward projection'),
  wiring: z
    .enum(['independent', 'reciprocal', 'disjoint'])
    .default('independent')
    .describe(
      'pairs of units that sparse feedback joins: drawn independently, those joined forward, or only other pairs',
    ),
  excitatory: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'share of units whose feedback only excites, while that of the other units only inhibits; default: any sign',
    ),
};

/** The options of rules whose feedback weights approach the forward weights synapse by synapse. */
export const reciprocalFeedbackOptions = {
  ...feedbackOptions,
  wiring: z
    .enum(['independent', 'reciprocal'])
    .default('reciprocal')
    .describe('pairs of units that sparse feedback joins: those joined forward, or drawn independently'),
};

/** The values of `feedbackOptions`: how feedback projections are drawn and wired. */
export interface FeedbackOptions {
  /** Distribution of the weights. */
  readonly feedback: 'as-forward' | 'uniform' | 'normal';
  /** Bound, standard deviation, or multiple of the forward distribution. */
  readonly scale?: number | undefined;
  /** Share of the possible synapses that exist; by default that of the forward projection. */
  readonly density?: number | undefined;
  /** Pairs of units that sparse feedback joins. */
  readonly wiring: Wiring;
  /** Fraction of units whose feedback only excites; the feedback of all other units only inhibits. */
  readonly excitatory?: number | undefined;
}

/**
 * Returns the network with a feedback projection for every forward projection with weights, unless the network already
 * has one that answers it. Forward projections from the input are left out, since no error must cross them.
 *
 * A feedback projection has the connection of the forward projection: feedback of a convolution is a kernel bank of its
 * own. With `plastic`, feedback projections learn unless the network says otherwise. With `ofInput`, forward projections
 * from the input are answered too, for rules that reconstruct the example.
 *
 * @example
 * ```ts
 * import { feedbackOptions, withFeedback } from 'apical/rules';
 * import { z } from 'apical/rules';
 *
 * const network = withFeedback(
 *   {
 *     areas: [
 *       { id: 'input', shape: [2] },
 *       { id: 'hidden', shape: [8], activation: 'tanh' },
 *       { id: 'output', shape: [2] },
 *     ],
 *     projections: [
 *       { from: 'input', to: 'hidden' },
 *       { from: 'hidden', to: 'output' },
 *     ],
 *     input: 'input',
 *     objectives: [{ area: 'output', kind: 'cross-entropy' }],
 *   },
 *   z.strictObject(feedbackOptions).parse({}),
 * );
 * console.log(network.projections.at(-1)?.answers); // hidden→output
 * ```
 */
export function withFeedback(
  specification: NetworkSpecification,
  options: FeedbackOptions,
  plastic = false,
  ofInput = false,
): NetworkSpecification {
  const { projections, input } = specification;
  const added = forwardOf(specification)
    .filter(({ from }) => ofInput || from !== input)
    .filter((forward) => hasWeights(specification, forward))
    .filter((forward) => !projections.some(({ answers }) => answers === projectionId(forward)))
    .map((forward) => ({
      ...(forward.id === undefined ? {} : { id: `feedback:${forward.id}` }),
      ...reverseOf(forward, specification, options),
      answers: projectionId(forward),
      wiring: options.wiring,
      ...(plastic ? { plastic } : {}),
    }));
  const existing = projections.map((projection) =>
    plastic && projection.answers !== undefined ? { plastic, ...projection } : projection,
  );
  return { ...specification, projections: [...existing, ...added] };
}

/**
 * Returns the network with a feedback projection from every area with an objective to every area below it except the
 * input, unless the network has one.
 *
 * If a forward projection joins the two areas directly, the feedback projection answers it. Otherwise the feedback has
 * the initialisation and density of the first forward projection that leaves the lower area.
 *
 * @example
 * ```ts
 * import { feedbackOptions, withDirectFeedback } from 'apical/rules';
 * import { z } from 'apical/rules';
 *
 * const network = withDirectFeedback(
 *   {
 *     areas: [
 *       { id: 'input', shape: [2] },
 *       { id: 'hidden1', shape: [8], activation: 'tanh' },
 *       { id: 'hidden2', shape: [8], activation: 'tanh' },
 *       { id: 'output', shape: [2] },
 *     ],
 *     projections: [
 *       { from: 'input', to: 'hidden1' },
 *       { from: 'hidden1', to: 'hidden2' },
 *       { from: 'hidden2', to: 'output' },
 *     ],
 *     input: 'input',
 *     objectives: [{ area: 'output', kind: 'cross-entropy' }],
 *   },
 *   z.strictObject(feedbackOptions).parse({}),
 * );
 * const feedback = network.projections.filter(({ kind }) => kind === 'feedback');
 * console.log(feedback.map(({ from, to }) => `${from} to ${to}`)); // output to hidden2, output to hidden1
 * ```
 */
export function withDirectFeedback(
  specification: NetworkSpecification,
  options: FeedbackOptions,
): NetworkSpecification {
  const { projections, objectives, input } = specification;
  const forward = forwardOf(specification);
  const added = objectives.flatMap(({ area }) =>
    [...below(area, forward)]
      .filter((id) => id !== input)
      .filter(
        (id) => !projections.some(({ kind, from, to }) => kind === 'feedback' && from === area && to === id),
      )
      .map((id): ProjectionSpecification => {
        const answered = forward.find(
          (projection) =>
            projection.from === id && projection.to === area && hasWeights(specification, projection),
        );
        // Feedback that answers no forward projection joins every unit with every unit.
        const { initialisation, density } = forward.find(({ from }) => from === id) ?? {};
        const direct = {
          ...{ from: id, to: area },
          ...(initialisation ? { initialisation } : {}),
          ...(density === undefined ? {} : { density }),
        };
        return {
          ...(answered?.id === undefined ? {} : { id: `feedback:${answered.id}` }),
          ...reverseOf(answered ?? direct, specification, options),
          ...(answered ? { answers: projectionId(answered), wiring: options.wiring } : {}),
        };
      }),
  );
  return { ...specification, projections: [...projections, ...added] };
}

/**
 * Returns whether a parameter is the weights of a feedback projection.
 *
 * @example
 * ```ts
 * import { isFeedbackWeights, scaleSchedule } from 'apical/rules';
 * import type { LearningHooks } from 'apical/rules';
 *
 * // Feedback weights learn at a tenth of the rate of all other parameters.
 * export const learning: LearningHooks = {
 *   optimisers: (_network, optimiserOf) => (parameter) => {
 *     const optimiser = optimiserOf(parameter);
 *     if (!isFeedbackWeights(parameter)) return optimiser;
 *     return { ...optimiser, rate: scaleSchedule(optimiser.rate, 0.1) };
 *   },
 * };
 * ```
 */
export const isFeedbackWeights = (parameter: Parameter): boolean =>
  'kind' in parameter && parameter.kind === 'feedback';

/**
 * Returns the forward projection that each feedback projection answers, by feedback projection.
 *
 * @example
 * ```ts
 * import { answeredProjections } from 'apical/rules';
 * import type { LearningHooks } from 'apical/rules';
 *
 * // Feedback weights learn with the optimiser of the forward weights that they answer.
 * export const learning: LearningHooks = {
 *   optimisers(network, optimiserOf) {
 *     const answered = answeredProjections(network);
 *     return (parameter) => optimiserOf(answered.get(parameter) ?? parameter);
 *   },
 * };
 * ```
 */
export const answeredProjections = (network: Network): ReadonlyMap<Parameter, Projection> =>
  new Map(network.projections.flatMap((forward) => (forward.feedback ? [[forward.feedback, forward]] : [])));

const hasWeights = (specification: NetworkSpecification, projection: ProjectionSpecification) =>
  connectionOf(specification, projection).kind !== 'pooling';

const forwardOf = ({ projections }: NetworkSpecification) =>
  projections.filter((projection) => (projection.kind ?? 'forward') === 'forward');

/** Returns the ids of all areas from which forward projections lead to this area, directly or indirectly. */
function below(area: string, forward: readonly ProjectionSpecification[]): Set<string> {
  const found = new Set<string>();
  const visit = (id: string) => {
    for (const { from } of forward.filter(({ to }) => to === id)) {
      if (found.has(from)) continue;
      found.add(from);
      visit(from);
    }
  };
  visit(area);
  return found;
}

/** Returns feedback from the end of a forward projection to its start, drawn according to the options. */
function reverseOf(
  forward: ProjectionSpecification,
  specification: NetworkSpecification,
  { feedback: distribution, scale, density: share, excitatory }: FeedbackOptions,
): ProjectionSpecification {
  const { areas } = specification;
  const { from, to } = forward;
  const density = share ?? forward.density;
  const forwardLike =
    forward.initialisation ??
    defaultInitialisation(areas.find(({ id }) => id === to)?.activation ?? 'linear');
  const fanIn = Math.max(1, fansOf(specification, forward)[0] * (forward.density ?? 1));
  const multiple =
    distribution === 'as-forward'
      ? (forwardLike.scale ?? (forwardLike.kind === 'uniform' ? 1 / Math.sqrt(fanIn) : 1))
      : 1;
  const initialisation = {
    ...(distribution === 'as-forward' ? forwardLike : { kind: distribution }),
    ...(scale === undefined ? {} : { scale: multiple * scale }),
  };
  return {
    from: to,
    to: from,
    kind: 'feedback',
    initialisation,
    ...(density === undefined ? {} : { density }),
    ...(excitatory === undefined ? {} : { excitatory }),
  };
}

/**
 * Returns why feedback weights cannot approach the forward weights synapse by synapse, worded to end a sentence;
 * undefined if they can.
 *
 * @example
 * ```ts
 * import { refuseDisjointWiring } from 'apical/rules';
 * import type { NetworkHooks } from 'apical/rules';
 *
 * export const network: NetworkHooks = { refuses: refuseDisjointWiring };
 * ```
 */
export function refuseDisjointWiring({ projections }: NetworkSpecification): string | undefined {
  const disjoint = projections.find(({ wiring }) => wiring === 'disjoint');
  return (
    disjoint &&
    `"${projectionId(disjoint)}" is wired disjoint, so no feedback synapse has a forward counterpart. Rules that do: ` +
      'feedback-alignment, direct-feedback-alignment, learned-feedback'
  );
}
