import type { Network } from '../../network/network.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Projection } from '../../network/area.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';

/** The forward projections from the input to the area that is judged, one after the other. */
export function chainOf({ input, projections, objectives }: Network): readonly Projection[] {
  const chain: Projection[] = [];
  let area = objectives.find(({ auxiliary }) => !auxiliary)?.area;
  while (area && area !== input) {
    const [incoming] = projections.filter(({ kind, to }) => kind === 'forward' && to === area);
    if (!incoming) break;
    chain.unshift(incoming);
    area = incoming.from;
  }
  return chain;
}

/**
 * Why a network is not a chain of layers with weights, each the input of the next, as the end of a sentence; undefined
 * where it is. `others` are rules that serve what this one does not.
 */
export function refuseBranches(specification: NetworkSpecification, others: string): string | undefined {
  const { areas, projections, input, objectives } = specification;
  const forward = projections.filter(({ kind = 'forward' }) => kind === 'forward');
  const ways = (areaId: string, end: 'from' | 'to') => forward.filter((its) => its[end] === areaId);
  const end = `. Rules that do: ${others}`;
  for (const { id } of areas) {
    const [from, to] = [ways(id, 'from'), ways(id, 'to')];
    if (to.length > 1) return `several projections end in "${id}", and it serves chains of layers${end}`;
    if (from.length > 1) return `several projections leave "${id}", and it serves chains of layers${end}`;
    if (to.length === 0 && id !== input) return `area "${id}" receives nothing from the input${end}`;
  }
  const judged = objectives.filter(({ area }) => ways(area, 'from').length > 0);
  if (judged[0]) return `area "${judged[0].area}" has an objective and areas above it${end}`;
  const pooling = forward.find((its) => connectionOf(specification, its).kind === 'pooling');
  return (
    pooling &&
    `"${projectionId(pooling)}" pools, and what pooling leaves out no inverse can give back: use a stride in its place${end}`
  );
}

/** A projection from the same area to another one, drawn and wired as this one is. */
export function drawnLike(
  { from, density, excitatory, initialisation }: ProjectionSpecification,
  to: string,
): ProjectionSpecification {
  return {
    from,
    to,
    ...(density === undefined ? {} : { density }),
    ...(excitatory === undefined ? {} : { excitatory }),
    ...(initialisation ? { initialisation } : {}),
  };
}
