import type { MatmulForm } from '../products.ts';
import { mismatch } from '../shapes.ts';
import type { ChannelOuter, ChannelProduct, SpatialKernels, WindowArguments } from './spatial-kernels.ts';
import type { Specifications } from '../specification.ts';
import type { Tensor } from '../tensor.ts';
import { sizesOf } from './window.ts';
import type { Window } from './window.ts';

/**
 * Convolution, locally connected projections and pooling. The units of a picture are ordered as channels × height ×
 * width, the inputs of a kernel as channels × kernel height × kernel width, and places row by row.
 */
export interface SpatialOperations {
  /**
   * Unfolds pictures into the inputs of the kernel at every place: out(batch, inputs, places) from a(batch, units).
   * Inputs in the padding are 0.
   */
  unfold(out: Tensor, a: Tensor, window: Window): void;
  /**
   * Folds the inputs of all places back into pictures, the adjoint of `unfold`: out(batch, units) ← beta · out + the
   * sum, for every unit, over all inputs of a(batch, inputs, places) that are this unit. beta is 0 by default.
   */
  fold(out: Tensor, a: Tensor, window: Window, beta?: number): void;
  /**
   * Multiplies channels by weights, place by place:
   * out(batch, n, places) ← alpha · Σ_k a(batch, k, places) · op(b)(k, n) + beta · out. If b has three dimensions,
   * every place has weights of its own: b(k, n, places), or (n, k, places) when transposed.
   */
  matmulChannels(out: Tensor, a: Tensor, b: Tensor, form?: Omit<MatmulForm, 'transposeA'>): void;
  /**
   * Sums outer products of channels: out(k, n) ← alpha · Σ a(batch, k, places) · b(batch, n, places) + beta · out, over
   * the batch and places. With out(k, n, places), the sum over the batch for every place.
   */
  outerChannels(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void;
  /** Sums channels: out(channels) ← alpha · Σ a(batch, channels · places) + beta · out, over the batch and places. */
  sumChannels(out: Tensor, a: Tensor, alpha: number, beta: number): void;
  /**
   * Pools by maximum: out(batch, channels · places) ← a at that unit of each window where `by` is largest, the first of
   * equals. a and by are (batch, units); the window has no padding. With by = a this is max-pooling. Otherwise it is
   * the derivative of max-pooling at `by`, applied to a.
   */
  maxPool(out: Tensor, a: Tensor, by: Tensor, window: Window): void;
  /**
   * Applies the adjoint of the derivative of max-pooling at `by`: out(batch, units) ← the sum of a(batch, channels ·
   * places) over the windows whose largest unit this is, else 0.
   */
  maxPoolBack(out: Tensor, a: Tensor, by: Tensor, window: Window): void;
}

export const SPATIAL_OPERATIONS: Specifications<SpatialOperations> = {
  unfold: { roles: ['out', 'in', 'value'] },
  fold: { roles: ['inout', 'in', 'value', 'value'], beta: (args) => args[3] },
  matmulChannels: {
    roles: ['out', 'in', 'in', 'value'],
    beta: (args) => (args[3] as MatmulForm | undefined)?.beta,
    multiplyAccumulates: ([out, a]) => (out as Tensor).size * channelsOf(a as Tensor),
  },
  outerChannels: {
    roles: ['inout', 'in', 'in', 'value', 'value'],
    beta: (args) => args[4],
    multiplyAccumulates: ([, a, b]) => (b as Tensor).size * channelsOf(a as Tensor),
  },
  sumChannels: { roles: ['inout', 'in', 'value', 'value'], beta: (args) => args[3] },
  maxPool: { roles: ['out', 'in', 'in', 'value'] },
  maxPoolBack: { roles: ['out', 'in', 'in', 'value'] },
};

const channelsOf = (tensor: Tensor): number => tensor.shape[1] ?? 1;

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedSpatial implements SpatialOperations {
  readonly #kernels: SpatialKernels;

  constructor(kernels: SpatialKernels) {
    this.#kernels = kernels;
  }

  unfold(out: Tensor, a: Tensor, window: Window): void {
    const { units, inputs, places } = sizesOf(window);
    const batch = a.size / units;
    if (out.size !== batch * inputs * places)
      mismatch('unfold', 'out(batch, inputs, places), a(batch, units)', out, a);
    this.#kernels.unfold(out.offset, a.offset, batch * window.channels, ...argumentsOf(window));
  }

  fold(out: Tensor, a: Tensor, window: Window, beta = 0): void {
    const { units, inputs, places } = sizesOf(window);
    const batch = out.size / units;
    if (a.size !== batch * inputs * places)
      mismatch('fold', 'out(batch, units), a(batch, inputs, places)', out, a);
    this.#kernels.fold(out.offset, a.offset, batch * window.channels, ...argumentsOf(window), beta);
  }

  matmulChannels(out: Tensor, a: Tensor, b: Tensor, form: Omit<MatmulForm, 'transposeA'> = {}): void {
    const { transposeB = false, alpha = 1, beta = 0 } = form;
    const [batch, k, places] = threeOf(a, 'matmulChannels', CHANNEL_PRODUCT, out, a, b);
    const [outBatch, n, outPlaces] = threeOf(out, 'matmulChannels', CHANNEL_PRODUCT, out, a, b);
    const [first, second, own = places] = b.shape;
    if (
      batch !== outBatch ||
      places !== outPlaces ||
      own !== places ||
      first !== (transposeB ? n : k) ||
      second !== (transposeB ? k : n)
    ) {
      mismatch('matmulChannels', CHANNEL_PRODUCT, out, a, b);
    }
    const product: ChannelProduct = [
      ...([out.offset, a.offset, b.offset, batch, k, n, places] as const),
      transposeB,
      alpha,
      beta,
    ];
    if (b.shape.length === 3) this.#kernels.matmulPlaces(...product);
    else this.#kernels.matmulChannels(...product);
  }

  outerChannels(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void {
    const [batch, k, places] = threeOf(a, 'outerChannels', CHANNEL_OUTER, out, a, b);
    const [otherBatch, n, otherPlaces] = threeOf(b, 'outerChannels', CHANNEL_OUTER, out, a, b);
    const [rows, columns, own = places] = out.shape;
    if (batch !== otherBatch || places !== otherPlaces || own !== places || rows !== k || columns !== n) {
      mismatch('outerChannels', CHANNEL_OUTER, out, a, b);
    }
    const product: ChannelOuter = [out.offset, a.offset, b.offset, batch, k, n, places, alpha, beta];
    if (out.shape.length === 3) this.#kernels.outerPlaces(...product);
    else this.#kernels.outerChannels(...product);
  }

  sumChannels(out: Tensor, a: Tensor, alpha: number, beta: number): void {
    const places = a.columns / out.size;
    if (!Number.isInteger(places))
      mismatch('sumChannels', 'out(channels), a(batch, channels · places)', out, a);
    this.#kernels.sumChannels(out.offset, a.offset, a.rows, out.size, places, alpha, beta);
  }

  maxPool(out: Tensor, a: Tensor, by: Tensor, window: Window): void {
    const planes = this.#planesOf('maxPool', a, by, out, window);
    this.#kernels.maxPool(out.offset, a.offset, by.offset, planes, ...argumentsOf(window));
  }

  maxPoolBack(out: Tensor, a: Tensor, by: Tensor, window: Window): void {
    const planes = this.#planesOf('maxPoolBack', out, by, a, window);
    this.#kernels.maxPoolBack(out.offset, a.offset, by.offset, planes, ...argumentsOf(window));
  }

  #planesOf(operation: string, large: Tensor, by: Tensor, small: Tensor, window: Window): number {
    const { units, places } = sizesOf(window);
    const planes = (large.size / units) * window.channels;
    if (window.padding.some((length) => length > 0)) {
      throw new RangeError(
        `${operation}: pooling takes no padding, got ${window.padding.join(' × ')}. Use [0, 0].`,
      );
    }
    if (by.size !== large.size || small.size !== planes * places) {
      mismatch(operation, 'two of (batch, units) and one of (batch, channels · places)', large, by, small);
    }
    return planes;
  }
}

const CHANNEL_PRODUCT = 'out(batch, n, places), a(batch, k, places), b(k, n) or (k, n, places)';
const CHANNEL_OUTER = 'out(k, n) or (k, n, places), a(batch, k, places), b(batch, n, places)';

function threeOf(
  tensor: Tensor,
  operation: string,
  expected: string,
  ...all: readonly Tensor[]
): readonly [number, number, number] {
  const [batch, channels, places] = tensor.shape;
  if (batch === undefined || channels === undefined || places === undefined || tensor.shape.length !== 3) {
    return mismatch(operation, expected, ...all);
  }
  return [batch, channels, places];
}

const argumentsOf = ({ height, width, kernel, stride, padding }: Window): WindowArguments => [
  height,
  width,
  ...kernel,
  ...stride,
  ...padding,
];
