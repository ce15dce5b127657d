import type { LearningStep } from '../../dynamics/index.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';

/** Areas that learn without a teacher: all but the input, readouts, and areas that receive nothing by weights. */
export const untaughtAreas = (network: Network): readonly Area[] =>
  network.areas.filter(
    (area) =>
      area !== network.input &&
      !network.objectives.some((objective) => objective.area === area) &&
      area.incoming.some(({ kind, hasWeights }) => kind === 'forward' && hasWeights),
  );

/** Forward projections with weights that lead to areas without an objective. */
export function untaughtProjections(specification: NetworkSpecification): readonly ProjectionSpecification[] {
  const { projections, objectives } = specification;
  return projections.filter(
    (projection) =>
      (projection.kind ?? 'forward') === 'forward' &&
      connectionOf(specification, projection).kind !== 'pooling' &&
      !objectives.some(({ area }) => area === projection.to),
  );
}

/** The ids of areas from which such projections come. */
export const sourcesOf = (specification: NetworkSpecification): ReadonlySet<string> =>
  new Set(untaughtProjections(specification).map(({ from }) => from));

/** Bias for what comes from above, of every area that something above may make or reconstruct. */
export function withTopDownThresholds(
  specification: NetworkSpecification,
  ids: ReadonlySet<string> = sourcesOf(specification),
): NetworkSpecification {
  return {
    ...specification,
    areas: specification.areas.map((area) => (ids.has(area.id) ? { topDownBias: true, ...area } : area)),
  };
}

/**
 * Of areas that learn one after the other, from the lowest up: which learn at this time. With 0 epochs an area all learn
 * at once, each from what the one below sends at the moment; when all have had theirs, none learns any more.
 */
export function learningNow<Learner>(
  { epoch }: LearningStep,
  learners: readonly Learner[],
  epochsPerArea: number,
): readonly Learner[] {
  if (epochsPerArea === 0) return learners;
  return learners.filter((_, index) => Math.floor(epoch / epochsPerArea) === index);
}
