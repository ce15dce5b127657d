import { placesOf, sizesOf } from '../../tensor/spatial/window.ts';
import type { Window } from '../../tensor/spatial/window.ts';
import type {
  AreaSpecification,
  ConnectionSpecification,
  NetworkSpecification,
  ProjectionSpecification,
} from '../specification.ts';
import { projectionId } from '../specification.ts';
import { pairCount } from './distance.ts';

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

const shapeOf = ({ areas }: NetworkSpecification, id: string): readonly number[] =>
  areas.find((area) => area.id === id)?.shape ?? [];

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);
