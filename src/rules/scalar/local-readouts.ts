import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Objective } from '../../network/objective.ts';
import type { NetworkSpecification } from '../../network/specification.ts';

/**
 * Returns the network with a readout for every hidden area: an area like the one of the first objective, trained towards
 * the same target by an auxiliary objective. The readout's id is the area's id followed by " readout".
 */
export function withLocalReadouts(specification: NetworkSpecification): NetworkSpecification {
  const { areas, objectives, input } = specification;
  const [objective] = objectives;
  const output = areas.find(({ id }) => id === objective?.area);
  if (!objective || !output) return specification;
  const hidden = areas.filter(({ id }) => id !== input && !objectives.some(({ area }) => area === id));
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

/** Returns the objective of an area, or else that of its readout; undefined if it has neither. */
export function localObjective(network: Network, area: Area): Objective | undefined {
  const objectiveOf = (candidate: Area) =>
    network.objectives.find((objective) => objective.area === candidate);
  const readouts = area.outgoing.flatMap(({ to }) => objectiveOf(to) ?? []);
  return objectiveOf(area) ?? readouts.find(({ auxiliary }) => auxiliary);
}
