import type { NetworkSpecification, ProjectionSpecification } from './specification.ts';

/**
 * Returns the stack with a lateral projection from each dense hidden area to itself, which has the density, storage, signs
 * and initialisation of the first projection onto the area.
 */
export function withRecurrence(specification: NetworkSpecification): NetworkSpecification {
  const { areas, projections, input, objectives } = specification;
  const hidden = areas.filter(
    ({ id, shape }) => shape.length === 1 && id !== input && !objectives.some(({ area }) => area === id),
  );
  return {
    ...specification,
    projections: [
      ...projections,
      ...hidden.map(({ id }): ProjectionSpecification => {
        const { density, storage, excitatory, initialisation } =
          projections.find(({ to }) => to === id) ?? {};
        return {
          ...{ id: `${id}→${id}`, from: id, to: id, kind: 'lateral' },
          ...(density === undefined ? {} : { density }),
          ...(storage === undefined ? {} : { storage }),
          ...(excitatory === undefined ? {} : { excitatory }),
          ...(initialisation === undefined ? {} : { initialisation }),
        };
      }),
    ],
  };
}
