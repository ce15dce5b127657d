import type { LearningStep } from '../../dynamics/index.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';

/**
 * Returns the areas that learn without a teacher: all but the input, readouts, and areas without incoming weights.
 *
 * @example
 * ```ts
 * import { Network, openBackend, stack, untaughtAreas } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * console.log(untaughtAreas(network).map(({ id }) => id)); // ['hidden1', 'hidden2']
 * network.dispose();
 * ```
 */
export const untaughtAreas = (network: Network): readonly Area[] =>
  network.areas.filter(
    (area) =>
      !area.isInput &&
      !network.objectives.some((objective) => objective.area === area) &&
      area.incoming.some(({ kind, hasWeights }) => kind === 'forward' && hasWeights),
  );

/**
 * Returns the forward projections with weights onto areas without an objective, in the order of the specification.
 *
 * @example
 * ```ts
 * import { projectionId, stack, untaughtProjections } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * console.log(untaughtProjections(specification).map(projectionId)); // ['input→hidden1', 'hidden1→hidden2']
 * ```
 */
export function untaughtProjections(specification: NetworkSpecification): readonly ProjectionSpecification[] {
  const { projections, objectives } = specification;
  return projections.filter(
    (projection) =>
      (projection.kind ?? 'forward') === 'forward' &&
      connectionOf(specification, projection).kind !== 'pooling' &&
      !objectives.some(({ area }) => area === projection.to),
  );
}

/**
 * Returns the ids of the areas from which the projections of `untaughtProjections` come: those that an area above can
 * reconstruct.
 *
 * @example
 * ```ts
 * import { sourcesOf, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * console.log([...sourcesOf(specification)]); // ['input', 'hidden1']
 * ```
 */
export const sourcesOf = (specification: NetworkSpecification): ReadonlySet<string> =>
  new Set(untaughtProjections(specification).map(({ from }) => from));

/**
 * Returns the network with a top-down bias for the areas with these ids: by default, all that an area above can
 * reconstruct. An area that sets `topDownBias` keeps its value.
 *
 * @example
 * ```ts
 * import { stack, withTopDownBias } from 'apical/rules';
 * import type { NetworkHooks } from 'apical/rules';
 *
 * // For a rule's `network` group.
 * const network: NetworkHooks = { wire: (specification) => withTopDownBias(specification) };
 * const chain = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * console.log(network.wire?.(chain, {}).areas.map(({ topDownBias }) => topDownBias)); // [true, undefined, undefined]
 * ```
 */
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
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitIncoming, emitReadouts, learningNow, untaughtAreas } from 'apical/rules';
 *
 * // Hidden areas learn by Hebb's rule for one epoch each, one after the other.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'hebb-in-turn',
 *   learn(step) {
 *     const phase = step.run('forward');
 *     for (const area of learningNow(step, untaughtAreas(step.network), 1)) {
 *       emitIncoming(step, phase, area, phase.rate(area), -0.01 / step.inputs.rows);
 *     }
 *     emitReadouts(step, phase);
 *   },
 * });
 * const network = { hidden: [8, 8], activation: 'tanh' as const };
 * const result = await train({ rule, dataset: 'rings', network, epochs: 2 });
 * result.dispose();
 * ```
 */
export function learningNow<Learner>(
  { epoch }: LearningStep,
  learners: readonly Learner[],
  epochsPerArea: number,
): readonly Learner[] {
  if (epochsPerArea === 0) return learners;
  return learners.filter((_, index) => Math.floor(epoch / epochsPerArea) === index);
}
