import { z } from 'zod';
import { defaultInitialisation } from '../../network/initialisation.ts';
import { connectionOf, fansOf } from '../../network/projections/connection.ts';
import type { Wiring, NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';
import type { Network } from '../../network/network.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Projection } from '../../network/area.ts';
import { projectionId } from '../../network/specification.ts';

/** Options of every rule whose feedback weights B start at random. */
export const feedbackOptions = {
  feedback: z
    .enum(['as-forward', 'uniform', 'normal'])
    .default('as-forward')
    .describe('Distribution of B: drawn like the forward weights it answers, uniform, or normal'),
  scale: z
    .number()
    .positive()
    .optional()
    .describe(
      'B in ±scale (uniform), of this deviation (normal), or this multiple of the forward distribution',
    ),
  density: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe(
      'Share of the possible feedback synapses that exist; default: as of the forward ones they answer',
    ),
  wiring: z
    .enum(['independent', 'reciprocal', 'disjoint'])
    .default('independent')
    .describe('Which pairs sparse feedback joins: drawn apart, those joined forward, or none of those'),
  excitatory: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Share of units whose feedback only excites, the others' only inhibits; default: any sign"),
};

/** Of rules whose feedback comes to answer the forward weights synapse by synapse. */
export const reciprocalFeedbackOptions = {
  ...feedbackOptions,
  wiring: z
    .enum(['independent', 'reciprocal'])
    .default('reciprocal')
    .describe('Which pairs sparse feedback joins: those joined forward, or drawn apart'),
};

export interface FeedbackOptions {
  readonly feedback: 'as-forward' | 'uniform' | 'normal';
  readonly scale?: number | undefined;
  readonly density?: number | undefined;
  readonly wiring: Wiring;
  readonly excitatory?: number | undefined;
}

/**
 * Adds a feedback projection for every forward projection with weights that errors must cross (all but those from the
 * input), unless the network already answers it. It is connected as the one that it answers: feedback for a convolution
 * is a kernel bank of its own. With `plastic`, answers that do not say otherwise may change; with `ofInput`, those from the
 * input are answered too, for rules that reconstruct the example.
 */
export function answerForwardProjections(
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
      ...againstTheWayOf(forward, specification, options),
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
 * Adds a feedback projection from every area with an objective to every area below it but the input, unless the
 * network has one. Where a forward projection joins the two directly, it answers that; else it is drawn like one
 * that takes the lower area's first way out.
 */
export function connectObjectives(
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
          (its) => its.from === id && its.to === area && hasWeights(specification, its),
        );
        // Without one to answer it joins every unit with every unit.
        const { initialisation, density } = forward.find(({ from }) => from === id) ?? {};
        const direct = {
          ...{ from: id, to: area },
          ...(initialisation ? { initialisation } : {}),
          ...(density === undefined ? {} : { density }),
        };
        return {
          ...(answered?.id === undefined ? {} : { id: `feedback:${answered.id}` }),
          ...againstTheWayOf(answered ?? direct, specification, options),
          ...(answered ? { answers: projectionId(answered), wiring: options.wiring } : {}),
        };
      }),
  );
  return { ...specification, projections: [...projections, ...added] };
}

/** Whether a parameter is the weights of a feedback projection. */
export const isFeedbackWeights = (parameter: Parameter): boolean =>
  'kind' in parameter && parameter.kind === 'feedback';

/** The forward projection that each feedback projection answers. */
export const answeredBy = (network: Network): ReadonlyMap<Parameter, Projection> =>
  new Map(network.projections.flatMap((forward) => (forward.feedback ? [[forward.feedback, forward]] : [])));

const hasWeights = (specification: NetworkSpecification, projection: ProjectionSpecification) =>
  connectionOf(specification, projection).kind !== 'pooling';

const forwardOf = ({ projections }: NetworkSpecification) =>
  projections.filter((projection) => (projection.kind ?? 'forward') === 'forward');

/** Every area from which forward projections lead to this one. */
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

/** Feedback from the end of a forward projection to its start, drawn as the options say. */
function againstTheWayOf(
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

/** Why feedback cannot come to answer the forward weights synapse by synapse, for a rule's `refuses`. */
export function refuseDisjointWiring({ projections }: NetworkSpecification): string | undefined {
  const disjoint = projections.find(({ wiring }) => wiring === 'disjoint');
  return (
    disjoint &&
    `"${projectionId(disjoint)}" is wired disjoint, so that no feedback synapse has a forward one to be like. Rules that do: ` +
      'feedback-alignment, direct-feedback-alignment, learned-feedback'
  );
}
