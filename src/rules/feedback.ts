import { defaultInitialisation } from '../network/initialisation.ts';
import { connectionOf, fansOf } from '../network/connection.ts';
import { projectionId } from '../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../network/specification.ts';

/**
 * Adds a fixed feedback projection for every forward projection with weights that errors must cross (all but those
 * from the input), unless the network already answers it. It is connected as the one that it answers: feedback for a
 * convolution is a kernel bank of its own.
 */
export function answerForwardProjections(
  specification: NetworkSpecification,
  distribution: 'as-forward' | 'uniform' | 'normal',
  scale: number | undefined,
): NetworkSpecification {
  const { projections } = specification;
  const forward = projections.filter((projection) => (projection.kind ?? 'forward') === 'forward');
  const added = forward
    .filter(({ from }) => from !== specification.input)
    .filter((projection) => connectionOf(specification, projection).kind !== 'pooling')
    .filter((projection) => !projections.some(({ answers }) => answers === projectionId(projection)))
    .map((projection): ProjectionSpecification => {
      const target = specification.areas.find(({ id }) => id === projection.to)?.activation ?? 'linear';
      const forwardLike = projection.initialisation ?? defaultInitialisation(target);
      const fanIn = Math.max(1, fansOf(specification, projection)[0] * (projection.density ?? 1));
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
        initialisation,
        ...(projection.density === undefined ? {} : { density: projection.density }),
      };
    });
  return { ...specification, projections: [...projections, ...added] };
}
