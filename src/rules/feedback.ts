import { defaultInitialisation } from '../network/initialisation.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { projectionId } from '../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../network/specification.ts';

/**
 * Adds a fixed feedback projection for every forward projection that errors must cross (all but those from the
 * input), unless the network already answers it.
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
        initialisation,
        ...(projection.density === undefined ? {} : { density: projection.density }),
      };
    });
  return { ...specification, projections: [...projections, ...added] };
}
