import { defaultInitialisation } from '../network/initialisation.ts';
import { projectionId } from '../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../network/specification.ts';

/**
 * Adds a fixed feedback projection for every forward projection that errors must cross (all but those from an
 * area that receives nothing), unless the network already answers it.
 */
export function answerForwardProjections(
  specification: NetworkSpecification,
  distribution: 'as-forward' | 'uniform' | 'normal',
  scale: number | undefined,
): NetworkSpecification {
  const { projections } = specification;
  const forward = projections.filter((projection) => (projection.kind ?? 'forward') === 'forward');
  const added = forward
    .filter(({ from }) => forward.some(({ to }) => to === from))
    .filter((projection) => !projections.some(({ answers }) => answers === projectionId(projection)))
    .map((projection): ProjectionSpecification => {
      const target = specification.areas.find(({ id }) => id === projection.to)?.activation ?? 'linear';
      const forwardLike = projection.initialisation ?? defaultInitialisation(target);
      const initialisation = {
        ...(distribution === 'as-forward' ? forwardLike : { kind: distribution }),
        ...(scale === undefined ? {} : { scale }),
      };
      return {
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
