import { checkWindow } from './projections/check-connection.ts';
import { outputShape, windowOf } from './projections/connection.ts';
import type { SlidingConnection } from './projections/connection.ts';
import type {
  AreaSpecification,
  NetworkSpecification,
  ProjectionSpecification,
  StackOptions,
} from './specification.ts';
import { stack } from './specification.ts';

/** A convolution and the pooling after it. Kernels, strides and windows are square. */
export interface ConvolutionalLayer {
  /** Number of kernels, and so of channels of the area. */
  readonly channels: number;
  /** Side of a kernel. */
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Rows and columns of zeros around the image. Default 0. */
  readonly padding?: number;
  /** Whether all positions share the kernels; false for a locally connected projection. Default true. */
  readonly shared?: boolean;
  /** Side of the pooling window, which is also its stride; 1 for no pooling. Default 1. */
  readonly pool?: number;
  /** Default max. */
  readonly pooling?: 'max' | 'average';
}

/** Options of `convolutionalStack`. */
export interface ConvolutionalStackOptions extends Omit<StackOptions, 'layers'> {
  /** Channels, height and width of an example. */
  readonly input: readonly number[];
  readonly convolutions: readonly ConvolutionalLayer[];
  /** Units of each dense hidden area above the convolutions. */
  readonly hidden: readonly number[];
  /** Units of the output area. */
  readonly outputs: number;
}

/**
 * Returns a network of convolutions followed by dense projections. The areas are input, convolution1, pool1 (if it
 * pools), convolution2, …, hidden1, …, output. Convolved areas have the activation of hidden areas, and pooled areas
 * are linear. Dropout applies to the dense hidden areas.
 *
 * Throws `network.kernel` for a kernel or window that is larger than its input.
 *
 * @example
 * ```ts
 * import { convolutionalStack } from 'apical/rules';
 *
 * const lenet = convolutionalStack({
 *   input: [1, 28, 28],
 *   convolutions: [
 *     { channels: 6, kernel: 5, padding: 2, pool: 2 },
 *     { channels: 16, kernel: 5, pool: 2 },
 *   ],
 *   hidden: [120, 84],
 *   outputs: 10,
 *   activation: 'relu',
 *   objective: 'cross-entropy',
 * });
 * ```
 */
export function convolutionalStack(options: ConvolutionalStackOptions): NetworkSpecification {
  const { input, convolutions, hidden, outputs, activation, bias = true } = options;
  const areas: AreaSpecification[] = [];
  const projections: ProjectionSpecification[] = [];
  let last: { id: string; shape: readonly number[] } = { id: 'input', shape: input };

  const add = (
    id: string,
    channels: number,
    connection: SlidingConnection,
    rest: Pick<AreaSpecification, 'activation' | 'bias'>,
    how: Pick<ProjectionSpecification, 'density' | 'initialisation'>,
  ): void => {
    checkWindow(`${last.id}→${id}`, last.id, connection.kind, windowOf(connection, last.shape));
    const shape = outputShape(connection, last.shape, channels);
    areas.push({ id, shape, ...rest });
    projections.push({ from: last.id, to: id, connection, ...how });
    last = { id, shape };
  };

  for (const [index, layer] of convolutions.entries()) {
    const { channels, kernel, stride = 1, padding = 0, shared = true, pool = 1, pooling = 'max' } = layer;
    const connection = {
      kind: shared ? ('convolution' as const) : ('local' as const),
      ...{ kernel: pair(kernel), stride: pair(stride), padding: pair(padding) },
    };
    add(
      `convolution${index + 1}`,
      channels,
      connection,
      { activation, bias },
      {
        ...(options.density === undefined ? {} : { density: options.density }),
        ...(options.initialisation === undefined ? {} : { initialisation: options.initialisation }),
      },
    );
    if (pool === 1) continue;
    add(`pool${index + 1}`, channels, { kind: 'pooling', how: pooling, window: pair(pool) }, {}, {});
  }

  const units = last.shape.reduce((product, length) => product * length, 1);
  const dense = stack({ ...options, layers: [units, ...hidden, outputs] });
  const [first, ...others] = dense.areas;
  return {
    ...dense,
    areas: [{ ...first, id: 'input', shape: input }, ...areas, ...others],
    projections: [
      ...projections,
      ...dense.projections.map((projection) =>
        projection.from === 'input' ? { ...projection, from: last.id } : projection,
      ),
    ],
  };
}

const pair = (side: number): readonly [number, number] => [side, side];
