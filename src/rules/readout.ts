import type { LearningStep } from '../dynamics/index.ts';
import { connectionOf } from '../network/connection.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { NetworkSpecification } from '../network/specification.ts';

/** Areas that learn without a teacher: all but the input, readouts, and areas that receive nothing by weights. */
export const untaughtAreas = (network: Network): readonly Area[] =>
  network.areas.filter(
    (area) =>
      area !== network.input &&
      !network.objectives.some((objective) => objective.area === area) &&
      area.incoming.some(({ kind, hasWeights }) => kind === 'forward' && hasWeights),
  );

/** The ids of areas from which forward projections with weights lead to areas without an objective. */
export function sourcesOf(specification: NetworkSpecification): ReadonlySet<string> {
  const { projections, objectives } = specification;
  const isReadout = (id: string) => objectives.some(({ area }) => area === id);
  return new Set(
    projections.flatMap((projection) => {
      const { from, to, kind = 'forward' } = projection;
      const hasWeights = connectionOf(specification, projection).kind !== 'pooling';
      return kind === 'forward' && hasWeights && !isReadout(to) ? [from] : [];
    }),
  );
}

/** Thresholds for what comes from above, of every area that something above may make or reconstruct. */
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
