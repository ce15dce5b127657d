import { z } from 'zod';
import { defaultInitialisation } from '../network/initialisation.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Parameter } from '../network/projection.ts';
import { projectionId } from '../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../network/specification.ts';

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
};

export interface FeedbackOptions {
  readonly feedback: 'as-forward' | 'uniform' | 'normal';
  readonly scale?: number | undefined;
}

/**
 * Adds a feedback projection for every forward projection that errors must cross (all but those from the input),
 * unless the network already answers it. With `plastic`, answers that do not say otherwise may change.
 */
export function answerForwardProjections(
  specification: NetworkSpecification,
  { feedback: distribution, scale }: FeedbackOptions,
  plastic = false,
): NetworkSpecification {
  const { projections } = specification;
  const forward = projections.filter((projection) => (projection.kind ?? 'forward') === 'forward');
  const added = forward
    .filter(({ from }) => from !== specification.input)
    .filter((projection) => !projections.some(({ answers }) => answers === projectionId(projection)))
    .map((projection): ProjectionSpecification => {
      const target = specification.areas.find(({ id }) => id === projection.to)?.activation ?? 'linear';
      const forwardLike = projection.initialisation ?? defaultInitialisation(target);
      const source = specification.areas.find(({ id }) => id === projection.from)?.shape ?? [1];
      const fanIn = Math.max(1, sizeOf(source) * (projection.density ?? 1));
      const multiple =
        distribution === 'as-forward'
          ? (forwardLike.scale ?? (forwardLike.kind === 'uniform' ? 1 / Math.sqrt(fanIn) : 1))
          : 1;
      const initialisation = {
        ...(distribution === 'as-forward' ? forwardLike : { kind: distribution }),
        ...(scale === undefined ? {} : { scale: multiple * scale }),
      };
      return {
        ...(projection.id === undefined ? {} : { id: `feedback:${projection.id}` }),
        from: projection.to,
        to: projection.from,
        kind: 'feedback',
        answers: projectionId(projection),
        ...(plastic ? { plastic } : {}),
        initialisation,
        ...(projection.density === undefined ? {} : { density: projection.density }),
      };
    });
  const existing = projections.map((projection) =>
    plastic && projection.answers !== undefined ? { plastic, ...projection } : projection,
  );
  return { ...specification, projections: [...existing, ...added] };
}

/** Whether a parameter is the weights of a feedback projection. */
export const isFeedback = (parameter: Parameter): boolean =>
  'kind' in parameter && parameter.kind === 'feedback';
