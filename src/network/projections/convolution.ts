import type { Compute } from '../../tensor/compute.ts';
import { placesOf, sizesOf } from '../../tensor/spatial.ts';
import type { Window } from '../../tensor/spatial.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { presynapticOf } from '../parameter.ts';
import { Projection } from '../area.ts';
import { transpose } from './transpose.ts';
import type { Axis, BackOptions, ProjectionParts } from '../area.ts';

/**
 * What kernels see of a batch has many times its size: it is written down for so many floats' worth of examples at a
 * time, which stay in a second-level cache of 1 MB and are used at once.
 */
const UNFOLDED = 2 ** 17;

/** Kernels that slide over pictures, seen from the side of the picture. */
abstract class SlidingProjection extends Projection {
  readonly isDense = false;
  readonly window: Window;
  readonly #inputs: number;
  readonly #places: number;
  readonly #chunk: number;

  constructor(parts: ProjectionParts, window: Window) {
    super(parts);
    const { inputs, places } = sizesOf(window);
    this.window = window;
    this.#inputs = inputs;
    this.#places = places;
    this.#chunk = Math.max(1, Math.floor(UNFOLDED / (inputs * places)));
  }

  /** A kernel serves all places, unless it is one place's own. */
  override get sharing(): number {
    return this.weights.shape.length === 3 ? 1 : this.#places;
  }

  /** The inputs of a kernel, and the places of a locally connected one. */
  protected get kernelAxes(): { inputs: readonly Axis[]; places: readonly Axis[] } {
    const { channels, kernel } = this.window;
    const [down, right] = placesOf(this.window);
    return {
      inputs: [
        { name: 'lower channel', length: channels },
        { name: 'kernel row', length: kernel[0] },
        { name: 'kernel column', length: kernel[1] },
      ],
      places:
        this.weights.shape.length === 3
          ? [
              { name: 'place row', length: down },
              { name: 'place column', length: right },
            ]
          : [],
    };
  }

  /** maps(batch, channels × places) ← op(W) · what kernels see of pictures(batch, units) + beta · maps. */
  protected picturesToMaps(
    compute: Compute,
    maps: Tensor,
    pictures: Tensor,
    weights: Tensor,
    transposeB: boolean,
    beta: number,
  ): void {
    this.#visit(compute, pictures, maps, (picture, map, seen) => {
      compute.unfold(seen, picture, this.window);
      compute.matmulChannels(map, seen, weights, { transposeB, beta });
    });
  }

  /** pictures(batch, units) ← the sum over places of op(W) · maps(batch, channels × places) + beta · pictures. */
  protected mapsToPictures(
    compute: Compute,
    pictures: Tensor,
    maps: Tensor,
    weights: Tensor,
    transposeB: boolean,
    beta: number,
  ): void {
    this.#visit(compute, pictures, maps, (picture, map, seen) => {
      compute.matmulChannels(seen, map, weights, { transposeB });
      compute.fold(picture, seen, this.window, beta);
    });
  }

  /** target ← factor · Σ over the batch (and shared places) of what kernels see ⊗ maps + beta · target; or its transpose. */
  protected addProducts(
    compute: Compute,
    target: Tensor,
    pictures: Tensor,
    maps: Tensor,
    factor: number,
    beta: number,
    transposed: boolean,
  ): void {
    this.#visit(compute, pictures, maps, (picture, map, seen, first) => {
      compute.unfold(seen, picture, this.window);
      const [pre, post] = transposed ? [map, seen] : [seen, map];
      compute.outerChannels(target, pre, post, factor, first === 0 ? beta : 1);
    });
  }

  /** Calls `visit` for some examples at a time: their pictures, their maps (n, channels, places), and room for what kernels see. */
  #visit(
    compute: Compute,
    pictures: Tensor,
    maps: Tensor,
    visit: (picture: Tensor, map: Tensor, seen: Tensor, first: number) => void,
  ): void {
    const batch = pictures.rows;
    const channels = maps.columns / this.#places;
    for (let first = 0; first < batch; first += this.#chunk) {
      const count = Math.min(this.#chunk, batch - first);
      compute.scope(() => {
        const seen = compute.temporary([count, this.#inputs, this.#places]);
        const map = maps.rowRange(first, count).reshape([count, channels, this.#places]);
        visit(pictures.rowRange(first, count), map, seen, first);
      });
    }
  }
}

/**
 * A convolution, or a locally connected projection: at every place, kernels over all channels of what lies there.
 *
 * Weights are (inputs of a kernel, channels of the target), as every projection's are (presynaptic, postsynaptic): a
 * column is one kernel, its inputs in the order channel, row, column of the kernel. PyTorch's (out, in, height, width)
 * is therefore the transpose, seen under another shape. Locally connected weights are (inputs of a kernel, channels,
 * places): a column is one unit of the target.
 *
 * As in every library of the field the kernel is not flipped: this is a cross-correlation.
 */
export class ConvolutionProjection extends SlidingProjection {
  get layout(): readonly Axis[] {
    const { inputs, places } = this.kernelAxes;
    return [...inputs, { name: 'upper channel', length: this.weights.shape[1] ?? 1 }, ...places];
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    this.picturesToMaps(compute, out, presynaptic, weights, false, beta);
  }

  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    this.mapsToPictures(compute, out, postsynaptic, weights, true, beta);
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    this.addProducts(compute, target, presynapticOf(this, pre), post, factor, beta, false);
  }

  override exactFeedback(compute: Compute, out: Tensor): void {
    transpose(compute, out, this.values);
  }
}

/**
 * The feedback that answers a convolution: a kernel bank of its own, by which every place of the upper area reaches
 * all that its kernel saw of the lower one. Weights are (channels above, inputs of a kernel), or for a locally
 * connected one (channels above, inputs of a kernel, places); with the transposed kernels of the convolution, `send`
 * is its `sendBack` to the bit.
 */
export class ConvolutionFeedback extends SlidingProjection {
  get layout(): readonly Axis[] {
    const { inputs, places } = this.kernelAxes;
    return [{ name: 'upper channel', length: this.weights.shape[0] ?? 1 }, ...inputs, ...places];
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    this.mapsToPictures(compute, out, presynaptic, weights, false, beta);
  }

  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    this.picturesToMaps(compute, out, postsynaptic, weights, true, beta);
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    this.addProducts(compute, target, post, presynapticOf(this, pre), factor, beta, true);
  }

  override exactFeedback(compute: Compute, out: Tensor): void {
    transpose(compute, out, this.values);
  }
}
