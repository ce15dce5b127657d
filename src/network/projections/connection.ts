import { ApicalError } from '../../errors.ts';
import { placesOf, sizesOf } from '../../tensor/spatial.ts';
import type { Window } from '../../tensor/spatial.ts';
import type {
  AreaSpecification,
  ConnectionSpecification,
  NetworkSpecification,
  ProjectionSpecification,
} from '../specification.ts';
import { projectionId } from '../specification.ts';
import { checkDistance, pairCount } from './distance.ts';

/** A connection whose window slides over images. */
export type SlidingConnection = Extract<
  ConnectionSpecification,
  { kind: 'convolution' | 'local' | 'pooling' }
>;

const DENSE: ConnectionSpecification = { kind: 'dense' };

/**
 * Returns the connection of a projection. Feedback that answers a projection has the connection of that projection.
 *
 * @example
 * ```ts
 * import { connectionOf, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [8, 5, 3], activation: 'relu', objective: 'cross-entropy' });
 * specification.projections.map((projection) => connectionOf(specification, projection).kind); // ['dense', 'dense']
 * ```
 */
export function connectionOf(
  { projections }: NetworkSpecification,
  projection: ProjectionSpecification,
): ConnectionSpecification {
  const answered = projections.find((candidate) => projectionId(candidate) === projection.answers);
  return (answered ?? projection).connection ?? DENSE;
}

/** Returns the window of a convolution, local or pooling connection over images of a shape (channels, height, width). */
export function windowOf(
  connection: SlidingConnection,
  [channels = 1, height = 1, width = 1]: readonly number[],
): Window {
  const image = { channels, height, width };
  if (connection.kind === 'pooling') {
    const { window, stride = window } = connection;
    return { ...image, kernel: window, stride, padding: [0, 0] };
  }
  const { kernel, stride = [1, 1], padding = [0, 0] } = connection;
  return { ...image, kernel, stride, padding };
}

/**
 * Returns the fan-in and fan-out of a forward projection at density 1: the synapses per postsynaptic unit and per
 * presynaptic unit, on average for a projection by distance.
 *
 * @example
 * ```ts
 * import { fansOf, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [8, 5], activation: 'relu', objective: 'cross-entropy' });
 * specification.projections.map((projection) => fansOf(specification, projection)); // [[8, 5]]
 * ```
 */
export function fansOf(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
): readonly [fanIn: number, fanOut: number] {
  const connection = connectionOf(specification, projection);
  const source = shapeOf(specification, projection.from);
  const target = shapeOf(specification, projection.to);
  if (connection.kind === 'dense') return [product(source), product(target)];
  if (connection.kind === 'distance') {
    const pairs = pairCount(specification, projection, connection);
    return [pairs / product(target), pairs / product(source)];
  }
  const window = windowOf(connection, source);
  const area = product(window.kernel);
  return [sizesOf(window).inputs, connection.kind === 'pooling' ? area : (target[0] ?? 1) * area];
}

/** Returns the output shape (channels, height, width) of a convolution or pooling over images. */
export function outputShape(
  connection: SlidingConnection,
  source: readonly number[],
  channels: number,
): readonly [number, number, number] {
  return [channels, ...placesOf(windowOf(connection, source))];
}

/**
 * Returns the shape of the bias of an area: (units), or (channels) if a convolution ends there; undefined for no bias. By
 * default, an area has a bias if it receives input through weights.
 */
export function biasShape(
  specification: NetworkSpecification,
  { id, shape, bias }: AreaSpecification,
): readonly number[] | undefined {
  const kinds = specification.projections
    .filter(({ to, kind, answers }) => to === id && kind !== 'feedback' && answers === undefined)
    .map((projection) => connectionOf(specification, projection).kind);
  if (!(bias ?? kinds.some((kind) => kind !== 'pooling'))) return undefined;
  return [kinds.includes('convolution') ? (shape[0] ?? 1) : product(shape)];
}

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
  const connection = projection.connection ?? DENSE;
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

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);
