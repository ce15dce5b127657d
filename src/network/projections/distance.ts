import { Sheet } from '../sheet.ts';
import type {
  AreaSpecification,
  DistanceConnection,
  NetworkSpecification,
  ProjectionSpecification,
} from '../specification.ts';
import { projectionId } from '../specification.ts';
import { arborOf, countPairs } from './arbor.ts';
import type { Arbor, ArborOptions } from './arbor.ts';

/** Returns the pairs of units that a projection by distance connects. Its two areas are sheets. */
export const pairsOf = (
  network: NetworkSpecification,
  projection: ProjectionSpecification,
  connection: DistanceConnection,
): Arbor => arborOf(...endsOf(network, projection, connection));

/** Returns the number of these pairs. */
export const pairCount = (
  network: NetworkSpecification,
  projection: ProjectionSpecification,
  connection: DistanceConnection,
): number => countPairs(...endsOf(network, projection, connection));

function endsOf(
  { areas, projections }: NetworkSpecification,
  projection: ProjectionSpecification,
  { radius, shared = false }: DistanceConnection,
): [from: Sheet, to: Sheet, options: ArborOptions] {
  const { from, to } = projection;
  const answered = projections.find((other) => projectionId(other) === projection.answers);
  const { selfConnections = false } = answered ?? projection;
  const sheet = (id: string) => {
    const { shape, sheet: places } = areas.find((area) => area.id === id) as AreaSpecification;
    return new Sheet(shape, places);
  };
  return [sheet(from), sheet(to), { radius, shared, selfConnections: from !== to || selfConnections }];
}
