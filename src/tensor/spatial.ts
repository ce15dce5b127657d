import type { MatmulForm } from './operations.ts';
import { mismatch } from './shapes.ts';
import type { Tensor } from './tensor.ts';

/** A kernel or pooling window that slides over pictures of channels × height × width. Lengths in pixels. */
export interface Window {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  /** How far it moves, down and to the right. */
  readonly stride: readonly [number, number];
  /** Rows of zeros above and below, columns of zeros left and right. */
  readonly padding: readonly [number, number];
}

/** How many places the kernel takes, down and to the right; below 1 where it does not fit. */
export function placesOf({ height, width, kernel, stride, padding }: Window): [number, number] {
  return [
    Math.floor((height + 2 * padding[0] - kernel[0]) / stride[0]) + 1,
    Math.floor((width + 2 * padding[1] - kernel[1]) / stride[1]) + 1,
  ];
}

/** Units of the picture, inputs of one kernel over all channels, and places. */
export function sizesOf(window: Window): { units: number; inputs: number; places: number } {
  const { channels, height, width, kernel } = window;
  const [down, right] = placesOf(window);
  return {
    units: channels * height * width,
    inputs: channels * kernel[0] * kernel[1],
    places: down * right,
  };
}

/**
 * The operations of convolution, locally connected projections and pooling. A picture's units are in the order of its
 * shape, channels × height × width; the inputs of a kernel likewise, channels × kernel height × kernel width; places
 * are ordered by rows.
 */
export interface SpatialOperations {
  /** out(batch, inputs of the kernel, places) ← what the kernel sees at every place; a(batch, units). */
  unfold(out: Tensor, a: Tensor, window: Window): void;
  /** out(batch, units) ← beta · out + the adjoint of `unfold`: every unit sums what all kernels say of it. */
  fold(out: Tensor, a: Tensor, window: Window, beta?: number): void;
  /**
   * out(batch, n, places) ← alpha · Σ_k a(batch, k, places) · op(b)(k, n) + beta · out. With b of three dimensions
   * every place has weights of its own: b(k, n, places), or (n, k, places) when transposed.
   */
  matmulChannels(out: Tensor, a: Tensor, b: Tensor, form?: Omit<MatmulForm, 'transposeA'>): void;
  /**
   * out(k, n) ← alpha · Σ over the batch and places of a(batch, k, places) · b(batch, n, places) + beta · out; with
   * out(k, n, places), the sum over the batch for every place.
   */
  outerChannels(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void;
  /** out(channels) ← alpha · Σ over the batch and places of a(batch, channels × places) + beta · out. */
  sumChannels(out: Tensor, a: Tensor, alpha: number, beta: number): void;
  /**
   * out(batch, channels × places) ← a at the unit of each window where `by` is largest, the first among equals; a and
   * by (batch, units). With by = a this is max-pooling; otherwise its derivative at `by`, applied to a. No padding.
   */
  maxPool(out: Tensor, a: Tensor, by: Tensor, window: Window): void;
  /** out(batch, units) ← the adjoint of that derivative: what comes to a place goes to its winner. */
  maxPoolBack(out: Tensor, a: Tensor, by: Tensor, window: Window): void;
}

/** Rows of `operation`'s table: see OPERATIONS. */
export const SPATIAL_OPERATIONS = {
  unfold: { roles: ['out', 'in', 'value'] },
  fold: { roles: ['inout', 'in', 'value', 'value'] },
  matmulChannels: {
    roles: ['out', 'in', 'in', 'value'],
    multiplyAccumulates: ([out, a]: readonly unknown[]) => (out as Tensor).size * channelsOf(a as Tensor),
  },
  outerChannels: {
    roles: ['inout', 'in', 'in', 'value', 'value'],
    multiplyAccumulates: ([, a, b]: readonly unknown[]) => (b as Tensor).size * channelsOf(a as Tensor),
  },
  sumChannels: { roles: ['inout', 'in', 'value', 'value'] },
  maxPool: { roles: ['out', 'in', 'in', 'value'] },
  maxPoolBack: { roles: ['out', 'in', 'in', 'value'] },
} as const;

const channelsOf = (tensor: Tensor): number => tensor.shape[1] ?? 1;

/** What backends implement of it; conventions as in `Kernels`. `planes` are the channels of all examples. */
export interface SpatialKernels {
  unfold(out: number, a: number, planes: number, ...window: WindowArguments): void;
  fold(out: number, a: number, planes: number, ...rest: [...window: WindowArguments, beta: number]): void;
  maxPool(out: number, a: number, by: number, planes: number, ...window: WindowArguments): void;
  maxPoolBack(out: number, a: number, by: number, planes: number, ...window: WindowArguments): void;
  matmulChannels(...product: ChannelProduct): void;
  /** The same where every place has weights of its own. */
  matmulPlaces(...product: ChannelProduct): void;
  outerChannels(...product: ChannelOuter): void;
  outerPlaces(...product: ChannelOuter): void;
  /** out ← f(potential + bias), bias of a channel added at all its places. */
  activateChannels(
    out: number,
    potential: number,
    bias: number,
    batch: number,
    channels: number,
    places: number,
    activation: number,
  ): void;
  sumChannels(
    out: number,
    a: number,
    batch: number,
    channels: number,
    places: number,
    alpha: number,
    beta: number,
  ): void;
}

export type WindowArguments = [
  height: number,
  width: number,
  kernelHeight: number,
  kernelWidth: number,
  strideY: number,
  strideX: number,
  paddingY: number,
  paddingX: number,
];
export type ChannelProduct = [
  out: number,
  a: number,
  b: number,
  batch: number,
  k: number,
  n: number,
  places: number,
  transposeB: boolean,
  alpha: number,
  beta: number,
];
export type ChannelOuter = [
  out: number,
  a: number,
  b: number,
  batch: number,
  k: number,
  n: number,
  places: number,
  alpha: number,
  beta: number,
];

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedSpatial implements SpatialOperations {
  readonly #kernels: SpatialKernels;

  constructor(kernels: SpatialKernels) {
    this.#kernels = kernels;
  }

  unfold(out: Tensor, a: Tensor, window: Window): void {
    const { units, inputs, places } = sizesOf(window);
    const batch = a.size / units;
    if (out.size !== batch * inputs * places) mismatch('unfold', out, a);
    this.#kernels.unfold(out.offset, a.offset, batch * window.channels, ...argumentsOf(window));
  }

  fold(out: Tensor, a: Tensor, window: Window, beta = 0): void {
    const { units, inputs, places } = sizesOf(window);
    const batch = out.size / units;
    if (a.size !== batch * inputs * places) mismatch('fold', out, a);
    this.#kernels.fold(out.offset, a.offset, batch * window.channels, ...argumentsOf(window), beta);
  }

  matmulChannels(out: Tensor, a: Tensor, b: Tensor, form: Omit<MatmulForm, 'transposeA'> = {}): void {
    const { transposeB = false, alpha = 1, beta = 0 } = form;
    const [batch, k, places] = threeOf(a, 'matmulChannels', out, a, b);
    const [outBatch, n, outPlaces] = threeOf(out, 'matmulChannels', out, a, b);
    const [first, second, own = places] = b.shape;
    if (
      batch !== outBatch ||
      places !== outPlaces ||
      own !== places ||
      first !== (transposeB ? n : k) ||
      second !== (transposeB ? k : n)
    ) {
      mismatch('matmulChannels', out, a, b);
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
    const [batch, k, places] = threeOf(a, 'outerChannels', out, a, b);
    const [otherBatch, n, otherPlaces] = threeOf(b, 'outerChannels', out, a, b);
    const [rows, columns, own = places] = out.shape;
    if (batch !== otherBatch || places !== otherPlaces || own !== places || rows !== k || columns !== n) {
      mismatch('outerChannels', out, a, b);
    }
    const product: ChannelOuter = [out.offset, a.offset, b.offset, batch, k, n, places, alpha, beta];
    if (out.shape.length === 3) this.#kernels.outerPlaces(...product);
    else this.#kernels.outerChannels(...product);
  }

  sumChannels(out: Tensor, a: Tensor, alpha: number, beta: number): void {
    const places = a.columns / out.size;
    if (!Number.isInteger(places)) mismatch('sumChannels', out, a);
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
    if (by.size !== large.size || small.size !== planes * places || window.padding.some((rows) => rows > 0)) {
      mismatch(operation, large, by, small);
    }
    return planes;
  }
}

function threeOf(
  tensor: Tensor,
  operation: string,
  ...all: readonly Tensor[]
): readonly [number, number, number] {
  const [batch, channels, places] = tensor.shape;
  if (batch === undefined || channels === undefined || places === undefined || tensor.shape.length !== 3) {
    return mismatch(`${operation} (which takes (batch, channels, places))`, ...all);
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
