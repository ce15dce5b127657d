/**
 * The spatial kernels of a backend, with the conventions of `Kernels`. `planes` is batch · channels: each channel of
 * each example is one picture.
 */
export interface SpatialKernels {
  unfold(out: number, a: number, planes: number, ...window: WindowArguments): void;
  fold(out: number, a: number, planes: number, ...rest: [...window: WindowArguments, beta: number]): void;
  maxPool(out: number, a: number, by: number, planes: number, ...window: WindowArguments): void;
  maxPoolBack(out: number, a: number, by: number, planes: number, ...window: WindowArguments): void;
  matmulChannels(...product: ChannelProduct): void;
  /** As `matmulChannels`, with weights of its own for every place. */
  matmulPlaces(...product: ChannelProduct): void;
  outerChannels(...product: ChannelOuter): void;
  /** As `outerChannels`, with weights of its own for every place. */
  outerPlaces(...product: ChannelOuter): void;
  /** out ← f(potential + bias), where bias(channels) is added at every place of its channel. */
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

/** A window as a kernel takes it, in pixels. */
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
/** Arguments of a product over channels: addresses, sizes, form. */
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
/** Arguments of an outer product over channels. */
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
