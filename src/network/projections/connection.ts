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

const DENSE: ConnectionSpecification = { kind: 'dense' };

/** The connection of a projection; one that answers another is connected as that one, seen from its other end. */
export function connectionOf(
  { projections }: NetworkSpecification,
  projection: ProjectionSpecification,
): ConnectionSpecification {
  const answered = projections.find((candidate) => projectionId(candidate) === projection.answers);
  return (answered ?? projection).connection ?? DENSE;
}

/** The window of a convolution, local or pooling connection over pictures of this shape. */
export function windowOf(
  connection: Exclude<ConnectionSpecification, { kind: 'dense' }>,
  [channels = 1, height = 1, width = 1]: readonly number[],
): Window {
  const picture = { channels, height, width };
  if (connection.kind === 'pooling') {
    const { window, stride = window } = connection;
    return { ...picture, kernel: window, stride, padding: [0, 0] };
  }
  const { kernel, stride = [1, 1], padding = [0, 0] } = connection;
  return { ...picture, kernel, stride, padding };
}

/** How many synapses a forward projection gives a unit of its target, and how many a unit of its source has in it. */
export function fansOf(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
): readonly [fanIn: number, fanOut: number] {
  const connection = connectionOf(specification, projection);
  const source = shapeOf(specification, projection.from);
  const target = shapeOf(specification, projection.to);
  if (connection.kind === 'dense') return [product(source), product(target)];
  const window = windowOf(connection, source);
  const area = product(window.kernel);
  return [sizesOf(window).inputs, connection.kind === 'pooling' ? area : (target[0] ?? 1) * area];
}

/** The shape that a convolution or pooling makes of pictures: channels, height and width. */
export function pictureAfter(
  connection: Exclude<ConnectionSpecification, { kind: 'dense' }>,
  source: readonly number[],
  channels: number,
): readonly [number, number, number] {
  return [channels, ...placesOf(windowOf(connection, source))];
}

/**
 * The shape of an area's thresholds, undefined for none: (units), or (channels) where a convolution ends. Unless it is
 * said otherwise, an area has thresholds when it receives something through weights.
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

/** Throws `network.connection`, `network.kernel` or `network.shape` when a connection does not fit its areas. */
export function checkConnection(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
): void {
  const id = projectionId(projection);
  if (projection.answers !== undefined) {
    checkAnswer(specification, projection, id);
    return;
  }
  const connection = projection.connection ?? DENSE;
  if (connection.kind === 'dense') return;
  checkDale(projection, id);
  const what = connection.kind === 'local' ? 'locally connected' : `a ${connection.kind}`;
  const source = shapeOf(specification, projection.from);
  const target = shapeOf(specification, projection.to);
  for (const [area, shape] of [
    [projection.from, source],
    [projection.to, target],
  ] as const) {
    if (shape.length !== 3) {
      throw new ApicalError(
        'network.connection',
        `Projection "${id}" is ${what}, so area "${area}" must have the shape (channels, height, width), but it is (${shape.join(', ')}).`,
      );
    }
  }
  const window = windowOf(connection, source);
  checkFits(id, projection.from, connection.kind, window);
  const isPooling = connection.kind === 'pooling';
  if (isPooling) checkPooling(projection, id);
  const expected = pictureAfter(connection, source, (isPooling ? source[0] : target[0]) ?? 1);
  if (expected.some((length, axis) => length !== target[axis])) {
    throw new ApicalError(
      'network.shape',
      `Projection "${id}" makes pictures of ${expected.slice(1).join(' × ')}${isPooling ? ` in ${expected[0]} channels` : ''}, ` +
        `so area "${projection.to}" must have the shape (${expected.join(', ')}), but it is (${target.join(', ')}).`,
      { projection: id, expected },
    );
  }
}

/** Throws `network.kernel` when the window is larger than the pictures of area `from`, `network.connection` when it is no window. */
export function checkFits(
  id: string,
  from: string,
  kind: Exclude<ConnectionSpecification['kind'], 'dense'>,
  window: Window,
): void {
  checkNumbers(id, window);
  const { kernel, padding, height, width } = window;
  const room = [height + 2 * padding[0], width + 2 * padding[1]] as const;
  if (kernel[0] <= room[0] && kernel[1] <= room[1]) return;
  const padded = padding.some((rows) => rows > 0) ? ` (${room.join(' × ')} with its padding)` : '';
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
  const wrong =
    kind === 'feedback' || kind === 'lateral'
      ? `it cannot be ${kind}`
      : plastic === true
        ? 'nothing of it can be plastic'
        : density !== undefined && density < 1
          ? 'it has no density'
          : initialisation !== undefined
            ? 'it has no initialisation'
            : undefined;
  if (wrong !== undefined) {
    throw new ApicalError(
      'network.connection',
      `Projection "${id}" pools and has no weights, so ${wrong}: leave that out.`,
    );
  }
}

/** A kernel has inputs of one channel from many units, which may have different signs. */
function checkDale({ excitatory }: ProjectionSpecification, id: string): void {
  if (excitatory === undefined) return;
  throw new ApicalError(
    'network.excitatory',
    `Projection "${id}" shares its weights between units, so they cannot have the sign of one unit: Dale's law holds for dense projections only. Leave excitatory out.`,
  );
}

function checkAnswer(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
  id: string,
): void {
  const connection = connectionOf(specification, projection);
  if (connection.kind === 'pooling') {
    throw new ApicalError(
      'network.connection',
      `Projection "${id}" answers "${projection.answers ?? ''}", which pools: there are no weights to answer, so leave it out.`,
    );
  }
  if (connection.kind !== 'dense') checkDale(projection, id);
  if (projection.connection && JSON.stringify(projection.connection) !== JSON.stringify(connection)) {
    throw new ApicalError(
      'network.connection',
      `Projection "${id}" answers "${projection.answers ?? ''}", so it is connected as that one is: leave its own connection out.`,
    );
  }
}

const shapeOf = ({ areas }: NetworkSpecification, id: string): readonly number[] =>
  areas.find((area) => area.id === id)?.shape ?? [];

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);
