import { ApicalError } from '../../errors.ts';
import { didYouMean } from '../../suggest.ts';
import type { Area } from '../area.ts';
import type { ObjectiveSpecification } from '../specification.ts';
import { LOSSES } from './known-losses.ts';
import type { Loss } from './loss.ts';
import type { Objective } from './objective.ts';
import { OWN_TARGET } from './targets.ts';

/** Returns the objectives of a network. `areaOf` returns the area with an id. Throws `objective.loss` for an unknown loss. */
export function resolveObjectives(
  specifications: readonly ObjectiveSpecification[],
  areaOf: (id: string) => Area,
): readonly Objective[] {
  return specifications.map((specification, index) => {
    const { area, target = OWN_TARGET, reach = 'network', auxiliary = false } = specification;
    const loss = lossOf(specification);
    return {
      id: idOf(specification, specifications.slice(0, index)),
      area: areaOf(area),
      loss,
      target: loss.target === 'none' ? undefined : typeof target === 'string' ? target : areaOf(target.area),
      reach,
      auxiliary,
    };
  });
}

/** Returns the loss of an objective. Throws `objective.loss` for an unknown name. */
export function lossOf({ kind, area }: Pick<ObjectiveSpecification, 'kind' | 'area'>): Loss {
  if (typeof kind === 'object') return kind;
  if (Object.hasOwn(LOSSES, kind)) return LOSSES[kind];
  const names = Object.keys(LOSSES);
  throw new ApicalError(
    'objective.loss',
    `The objective of area "${area}" has the loss "${kind}", which is not known.${didYouMean(kind, names)} Use ${names.join(', ')}, or an object made by defineLoss.`,
    { area, kind },
  );
}

/** Returns the id of an objective: its own, or that of the area, with the name of the loss after the area's first. */
export function idOf(
  specification: ObjectiveSpecification,
  before: readonly ObjectiveSpecification[],
): string {
  const { id, area } = specification;
  if (id !== undefined) return id;
  return before.some((other) => other.area === area) ? `${area}:${lossOf(specification).name}` : area;
}
