import { checkFits, pictureAfter, windowOf } from './projections/connection.ts';
import type {
  ConnectionSpecification,
  AreaSpecification,
  NetworkSpecification,
  ProjectionSpecification,
  StackOptions,
} from './specification.ts';
import { stack } from './specification.ts';

/** One convolution of a stack, and the pooling after it. Kernels, strides and windows are square. */
export interface ConvolutionalLayer {
  /** Kernels, and so channels of the area. */
  readonly channels: number;
  /** Side of a kernel. */
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros around the picture. Default 0. */
  readonly padding?: number;
  /** Whether all places share their kernels; false for a locally connected projection. Default true. */
  readonly shared?: boolean;
  /** Side of the pooling window, which moves by its own size; 1 (the default) for no pooling. */
  readonly pool?: number;
  /** Default max. */
  readonly pooling?: 'max' | 'average';
}

export interface ConvolutionalStackOptions extends Omit<StackOptions, 'layers'> {
  /** Channels, height and width of an example. */
  readonly input: readonly number[];
  readonly convolutions: readonly ConvolutionalLayer[];
  /** Units of the dense hidden areas above. */
  readonly hidden: readonly number[];
  readonly outputs: number;
}

/**
 * A stack of convolutions, then of dense projections: areas input, convolution1, pool1 (where it pools), convolution2,
 * …, hidden1, …, output. Convolved areas have the activation of hidden ones, pooled areas are linear; dropout is that
 * of the dense hidden areas. Throws `network.kernel` for a kernel or window larger than its input.
 */
export function convolutionalStack(options: ConvolutionalStackOptions): NetworkSpecification {
  const { input, convolutions, hidden, outputs, activation, bias = true } = options;
  const areas: AreaSpecification[] = [];
  const projections: ProjectionSpecification[] = [];
  let last: { id: string; shape: readonly number[] } = { id: 'input', shape: input };

  const add = (
    id: string,
    channels: number,
    connection: Exclude<ConnectionSpecification, { kind: 'dense' }>,
    rest: Pick<AreaSpecification, 'activation' | 'bias'>,
    how: Pick<ProjectionSpecification, 'density' | 'initialisation'>,
  ): void => {
    checkFits(`${last.id}→${id}`, last.id, connection.kind, windowOf(connection, last.shape));
    const shape = pictureAfter(connection, last.shape, channels);
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
