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
      const scaled = scale === undefined ? {} : { scale };
      const initialisation =
        distribution !== 'as-forward'
          ? { kind: distribution, ...scaled }
          : projection.initialisation && { ...projection.initialisation, ...scaled };
      return {
        from: projection.to,
        to: projection.from,
        kind: 'feedback',
        answers: projectionId(projection),
        ...(initialisation ? { initialisation } : {}),
        ...(projection.density === undefined ? {} : { density: projection.density }),
      };
    });
  return { ...specification, projections: [...projections, ...added] };
}
