import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';

/**
 * Whether an area's units are random: logistic units are on or off, and a linear area with an objective chooses one unit.
 * All others are deterministic.
 */
export function isStochastic(network: Network, area: Area): boolean {
  if (area.activation === 'logistic') return true;
  return area.activation === 'linear' && network.objectives.some((objective) => objective.area === area);
}
