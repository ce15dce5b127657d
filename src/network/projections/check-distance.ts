import { ApicalError } from '../../errors.ts';
import { differenceOf, Sheet } from '../sheet.ts';
import type { DistanceConnection, NetworkSpecification, ProjectionSpecification } from '../specification.ts';
import { projectionId } from '../specification.ts';
import { pairCount } from './distance.ts';

/** Throws `network.sheet` or `network.distance` if a projection by distance does not fit its areas, or joins nothing. */
export function checkDistance(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
  connection: DistanceConnection,
): void {
  const id = projectionId(projection);
  const [from, to] = [projection.from, projection.to].map((end) => {
    const area = specification.areas.find((candidate) => candidate.id === end);
    if (area?.sheet) return new Sheet(area.shape, area.sheet);
    throw new ApicalError(
      'network.sheet',
      `Projection "${id}" connects by distance, but the units of area "${end}" have no places: give the area a "sheet".`,
      { projection: id, area: end },
    );
  }) as [Sheet, Sheet];
  const difference = differenceOf(from, to);
  if (difference !== undefined) {
    throw new ApicalError(
      'network.sheet',
      `Projection "${id}" connects sheets that do not match, "${projection.from}" and "${projection.to}": ${difference}. Give them one extent and the same kind of edges.`,
      { projection: id },
    );
  }
  checkNumbers(id, connection);
  if (connection.shared === true) checkShared(id, projection);
  checkPairs(id, projection);
  if (pairCount(specification, projection, connection) > 0) return;
  const spacings = [...new Set([from.spacing, to.spacing])].map((spacing) => Number(spacing.toPrecision(4)));
  throw new ApicalError(
    'network.distance',
    `Projection "${id}" joins nothing: no two units are within the radius ${connection.radius}, where neighbours are ${spacings.join(' and ')} apart. Choose a larger radius${projection.from === projection.to ? ', or set "selfConnections" to true' : ''}.`,
    { projection: id, radius: connection.radius },
  );
}

function checkNumbers(id: string, { radius, profile }: DistanceConnection): void {
  const sigmas =
    profile === undefined || profile.kind === 'uniform'
      ? []
      : profile.kind === 'gaussian'
        ? [profile.sigma]
        : [profile.sigma, profile.surround.sigma];
  const isPositive = (value: number) => value > 0 && Number.isFinite(value);
  const wrongSigma = sigmas.find((sigma) => !isPositive(sigma));
  if (Number.isFinite(radius) && radius >= 0 && wrongSigma === undefined) return;
  throw new ApicalError(
    'network.distance',
    wrongSigma === undefined
      ? `Projection "${id}" has the radius ${radius}, but a radius is finite and at least 0.`
      : `Projection "${id}" has a profile with the standard deviation ${wrongSigma}, but "sigma" must be above 0 and finite.`,
    { projection: id },
  );
}

/** Throws `network.distance` for what single pairs cannot have if they share a weight. */
function checkShared(id: string, projection: ProjectionSpecification): void {
  const { density = 1, excitatory, symmetric = false, storage } = projection;
  const conflict =
    density < 1
      ? (['"density"', 'is for single pairs of units'] as const)
      : excitatory !== undefined
        ? (['"excitatory"', 'gives each presynaptic unit a sign'] as const)
        : symmetric
          ? (['"symmetric"', 'ties other pairs than the offset does'] as const)
          : storage === 'dense'
            ? (['"storage": "dense"', 'has one weight for each pair'] as const)
            : undefined;
  if (!conflict) return;
  const [key, reason] = conflict;
  throw new ApicalError(
    'network.distance',
    `Projection "${id}" shares one weight among all pairs with the same offset, but ${key} ${reason}. Leave out ${key} or "shared".`,
    { projection: id },
  );
}

/** Throws `network.distance` for draws that need more than the pairs within the radius. */
function checkPairs(id: string, projection: ProjectionSpecification): void {
  const { initialisation, density = 1, symmetric = false, wiring = 'independent' } = projection;
  const refuse = (problem: string): never => {
    throw new ApicalError('network.distance', `Projection "${id}" connects by distance, so ${problem}.`, {
      projection: id,
    });
  };
  if (initialisation?.kind === 'orthogonal') {
    refuse('its weights cannot be orthogonal, which takes all pairs of units. Choose another initialisation');
  }
  if (density < 1 && symmetric) {
    refuse('it cannot be symmetric with a density below 1. Leave one of the two out');
  }
  if (wiring !== 'independent') {
    refuse(`its wiring is that of its radius, not ${wiring}. Leave "wiring" out`);
  }
}
