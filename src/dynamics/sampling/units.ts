import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Bias } from '../../network/parameter.ts';
import type { NetworkSpecification } from '../../network/specification.ts';

/** Whether an area chooses one unit: a linear area with an objective. Any other area is binary. */
export const isChoice = ({ objectives }: Network, area: Area): boolean =>
  area.activation === 'linear' && objectives.some((objective) => objective.area === area);

/** The same for an area of a specification. */
export const makesChoice = ({ areas, objectives }: NetworkSpecification, id: string): boolean =>
  (areas.find((area) => area.id === id)?.activation ?? 'linear') === 'linear' &&
  objectives.some(({ area }) => area === id);

/** Returns the bias that counts in a phase: the top-down bias where nothing below the area takes part. */
export function biasOf(area: Area, takesPart: (area: Area) => boolean = () => true): Bias | undefined {
  const isAbove = area.incoming.some(({ kind, from }) => kind === 'forward' && takesPart(from));
  return isAbove ? area.bias : (area.topDownBias ?? area.bias);
}
