import { ApicalError } from '../../errors.ts';
import type { Window } from '../../tensor/spatial/window.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../specification.ts';
import { projectionId } from '../specification.ts';
import { connectionOf, outputShape, windowOf } from './connection.ts';
import type { SlidingConnection } from './connection.ts';
import { checkDistance } from './check-distance.ts';

/** Throws `network.connection`, `network.kernel` or `network.shape` if a connection does not fit its areas. */
export function checkConnection(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
): void {
  const id = projectionId(projection);
  if (projection.answers !== undefined) {
    checkFeedback(specification, projection, id);
    return;
  }
  const connection = connectionOf(specification, projection);
  if (connection.kind === 'dense') return;
  if (connection.kind === 'distance') {
    checkDistance(specification, projection, connection);
    return;
  }
  checkDale(projection, id);
  const description =
    connection.kind === 'local'
      ? 'locally connected'
      : connection.kind === 'pooling'
        ? 'pooling'
        : 'a convolution';
  const source = shapeOf(specification, projection.from);
  const target = shapeOf(specification, projection.to);
  for (const [area, shape] of [
    [projection.from, source],
    [projection.to, target],
  ] as const) {
    if (shape.length !== 3) {
      throw new ApicalError(
        'network.connection',
        `Projection "${id}" is ${description}, so area "${area}" must have the shape (channels, height, width), but it is (${shape.join(', ')}).`,
      );
    }
  }
  const window = windowOf(connection, source);
  checkWindow(id, projection.from, connection.kind, window);
  const isPooling = connection.kind === 'pooling';
  if (isPooling) checkPooling(projection, id);
  const expected = outputShape(connection, source, (isPooling ? source[0] : target[0]) ?? 1);
  if (expected.some((length, axis) => length !== target[axis])) {
    throw new ApicalError(
      'network.shape',
      `Projection "${id}" produces images of ${expected.slice(1).join(' × ')}${isPooling ? ` in ${expected[0]} channels` : ''}, ` +
        `so area "${projection.to}" must have the shape (${expected.join(', ')}), but it is (${target.join(', ')}).`,
      { projection: id, expected },
    );
  }
}

/**
 * Throws `network.kernel` if the window is larger than the images of area `from`, and `network.connection` if its numbers
 * are not valid.
 */
export function checkWindow(id: string, from: string, kind: SlidingConnection['kind'], window: Window): void {
  checkNumbers(id, window);
  const { kernel, padding, height, width } = window;
  const room = [height + 2 * padding[0], width + 2 * padding[1]] as const;
  if (kernel[0] <= room[0] && kernel[1] <= room[1]) return;
  const padded = padding.some((rows) => rows > 0) ? ` (${room.join(' × ')} with padding)` : '';
  throw new ApicalError(
    'network.kernel',
    `Projection "${id}" has a ${kind === 'pooling' ? 'window' : 'kernel'} of ${kernel.join(' × ')}, larger than its input: ` +
      `area "${from}" is ${height} × ${width}${padded}. Choose at most ${room.join(' × ')}.`,
    { projection: id, kernel, input: room },
  );
}

function checkNumbers(id: string, { kernel, stride, padding }: Window): void {
  for (const [name, pair, least] of [
    ['kernel or window', kernel, 1],
    ['stride', stride, 1],
    ['padding', padding, 0],
  ] as const) {
    if (pair.some((value) => !Number.isInteger(value) || value < least)) {
      throw new ApicalError(
        'network.connection',
        `Projection "${id}" has a ${name} of ${pair.join(' × ')}: both must be whole numbers of at least ${least}.`,
      );
    }
  }
}

function checkPooling({ kind, plastic, density, initialisation }: ProjectionSpecification, id: string): void {
  const [problem, fix] =
    kind === 'feedback' || kind === 'lateral'
      ? [`cannot be ${kind}`, 'make it forward']
      : plastic === true
        ? ['cannot be plastic', 'leave "plastic" out']
        : density !== undefined && density < 1
          ? ['cannot be sparse', 'leave "density" out']
          : initialisation !== undefined
            ? ['has nothing to initialise', 'leave "initialisation" out']
            : [];
  if (problem !== undefined && fix !== undefined) {
    throw new ApicalError(
      'network.connection',
      `Projection "${id}" is pooling without weights, so it ${problem}: ${fix}.`,
    );
  }
}

/** Throws `network.excitatory` for Dale's law on shared weights, whose presynaptic units may have different signs. */
function checkDale({ excitatory }: ProjectionSpecification, id: string): void {
  if (excitatory === undefined) return;
  throw new ApicalError(
    'network.excitatory',
    `Projection "${id}" shares weights between presynaptic units, so Dale's law cannot apply: it is for dense ` +
      'projections only. Leave "excitatory" out.',
  );
}

function checkFeedback(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
  id: string,
): void {
  const connection = connectionOf(specification, projection);
  if (connection.kind === 'pooling') {
    throw new ApicalError(
      'network.connection',
      `Projection "${id}" answers "${projection.answers ?? ''}", which is pooling and has no weights: leave it out.`,
    );
  }
  if (connection.kind === 'distance') checkDistance(specification, projection, connection);
  else if (connection.kind !== 'dense') checkDale(projection, id);
  if (projection.connection && JSON.stringify(projection.connection) !== JSON.stringify(connection)) {
    throw new ApicalError(
      'network.connection',
      `Projection "${id}" answers "${projection.answers ?? ''}" and has the connection of that projection: leave its own "connection" out.`,
    );
  }
}

const shapeOf = ({ areas }: NetworkSpecification, id: string): readonly number[] =>
  areas.find((area) => area.id === id)?.shape ?? [];
