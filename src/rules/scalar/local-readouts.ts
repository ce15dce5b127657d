import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import type { NetworkSpecification } from '../../network/specification.ts';

/**
 * Returns the network with a readout for every hidden area: an area like the one of the first objective, trained
 * towards the same target by an auxiliary objective. The readout's id is the area's id followed by " readout".
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitReadouts, withLocalReadouts } from 'apical/rules';
 *
 * // Linear probes of random areas: only the readouts and the output learn.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'linear-probes',
 *   network: { wire: (specification) => withLocalReadouts(specification) },
 *   learn: (step) => emitReadouts(step, step.run('forward')),
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [16, 16] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function withLocalReadouts(specification: NetworkSpecification): NetworkSpecification {
  const { areas, objectives, input } = specification;
  const [objective] = objectives;
  const output = areas.find(({ id }) => id === objective?.area);
  if (!objective || !output) return specification;
  const hidden = areas.filter(
    ({ id, part }) => id !== input && !part && !objectives.some(({ area }) => area === id),
  );
  const readoutOf = (id: string) => `${id} readout`;
  return {
    ...specification,
    areas: [...areas, ...hidden.map(({ id }) => ({ ...output, id: readoutOf(id) }))],
    projections: [...specification.projections, ...hidden.map(({ id }) => ({ from: id, to: readoutOf(id) }))],
    objectives: [
      ...objectives,
      ...hidden.map(({ id }) => ({ ...objective, area: readoutOf(id), auxiliary: true })),
    ],
  };
}

/**
 * Returns the objective of an area, or else that of its readout; undefined if it has neither.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitIncoming, emitReadouts } from 'apical/rules';
 * import { localObjective, untaughtAreas, withLocalReadouts } from 'apical/rules';
 *
 * // Each hidden area descends the loss of its own readout; no error goes further down.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'local-errors',
 *   network: { wire: (specification) => withLocalReadouts(specification) },
 *   learn(step) {
 *     const phase = step.run('forward');
 *     emitReadouts(step, phase);
 *     for (const area of untaughtAreas(step.network)) {
 *       const objective = localObjective(step.network, area)!;
 *       const readout = step.network.projection(`${area.id}→${objective.area.id}`);
 *       const error = step.like(area);
 *       readout.sendBack(step.compute, error, step.error(phase, objective));
 *       emitIncoming(step, phase, area, phase.slope(area, error), 1 / error.rows);
 *     }
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [16, 16] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function localObjective(network: Network, area: Area): Objective | undefined {
  const objectiveOf = (candidate: Area) =>
    network.objectives.find((objective) => objective.area === candidate);
  const readouts = area.outgoing.flatMap(({ to }) => objectiveOf(to) ?? []);
  return objectiveOf(area) ?? readouts.find(({ auxiliary }) => auxiliary);
}
