import type { LearningStep } from '../../dynamics/index.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';

/** Returns the areas that learn without a teacher: all but the input, readouts, and areas without incoming weights. */
export const untaughtAreas = (network: Network): readonly Area[] =>
  network.areas.filter(
    (area) =>
      area !== network.input &&
      !network.objectives.some((objective) => objective.area === area) &&
      area.incoming.some(({ kind, hasWeights }) => kind === 'forward' && hasWeights),
  );

/** Returns the forward projections with weights onto areas without an objective. */
export function untaughtProjections(specification: NetworkSpecification): readonly ProjectionSpecification[] {
  const { projections, objectives } = specification;
  return projections.filter(
    (projection) =>
      (projection.kind ?? 'forward') === 'forward' &&
      connectionOf(specification, projection).kind !== 'pooling' &&
      !objectives.some(({ area }) => area === projection.to),
  );
}

/** Returns the ids of the areas from which such projections come. */
export const sourcesOf = (specification: NetworkSpecification): ReadonlySet<string> =>
  new Set(untaughtProjections(specification).map(({ from }) => from));

/** Adds a top-down bias to the areas with these ids: by default, all that an area above can reconstruct. */
export function withTopDownBias(
  specification: NetworkSpecification,
  ids: ReadonlySet<string> = sourcesOf(specification),
): NetworkSpecification {
  return {
    ...specification,
    areas: specification.areas.map((area) => (ids.has(area.id) ? { topDownBias: true, ...area } : area)),
  };
}

/**
 * Returns the learners that are active in the current epoch. Learners take turns, from the lowest up, and none learns
 * after the last turn. With 0 epochs per area all learn at once, each from the current activity of the area below.
 */
export function learningNow<Learner>(
  { epoch }: LearningStep,
  learners: readonly Learner[],
  epochsPerArea: number,
): readonly Learner[] {
  if (epochsPerArea === 0) return learners;
  return learners.filter((_, index) => Math.floor(epoch / epochsPerArea) === index);
}
