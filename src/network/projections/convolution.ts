import type { Compute } from '../../tensor/compute.ts';
import { placesOf, sizesOf } from '../../tensor/spatial/window.ts';
import type { Window } from '../../tensor/spatial/window.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requirePresynaptic } from '../parameter.ts';
import { Projection } from '../area.ts';
import { transpose } from './transpose.ts';
import type { Axis, BackOptions, ProjectionParts } from '../area.ts';

/**
 * Number of floats in the patches that are unfolded at a time. The patches of a batch are many times its size, so examples
 * are processed in chunks whose patches stay in a second-level cache of 1 MB.
 */
const UNFOLDED = 2 ** 17;

/** A projection whose kernels slide over images. */
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

  /** The number of positions that share a kernel; 1 if locally connected. */
  override get sharing(): number {
    return this.weights.shape.length === 3 ? 1 : this.#places;
  }

  /** The axes of the inputs of a kernel, and of the positions of a locally connected projection. */
  protected get kernelAxes(): { inputs: readonly Axis[]; places: readonly Axis[] } {
    const { channels, kernel } = this.window;
    const [rows, columns] = placesOf(this.window);
    return {
      inputs: [
        { name: 'lower channel', length: channels },
        { name: 'kernel row', length: kernel[0] },
        { name: 'kernel column', length: kernel[1] },
      ],
      places:
        this.weights.shape.length === 3
          ? [
              { name: 'place row', length: rows },
              { name: 'place column', length: columns },
            ]
          : [],
    };
  }

  /** Computes maps(batch, channels × positions) ← op(W) · patches of images(batch, units) + beta · maps. */
  protected imagesToMaps(
    compute: Compute,
    maps: Tensor,
    images: Tensor,
    weights: Tensor,
    transposeB: boolean,
    beta: number,
  ): void {
    this.#visitChunks(compute, images, maps, (image, map, patches) => {
      compute.unfold(patches, image, this.window);
      compute.matmulChannels(map, patches, weights, { transposeB, beta });
    });
  }

  /** Computes images(batch, units) ← Σ over positions of op(W) · maps(batch, channels × positions) + beta · images. */
  protected mapsToImages(
    compute: Compute,
    images: Tensor,
    maps: Tensor,
    weights: Tensor,
    transposeB: boolean,
    beta: number,
  ): void {
    this.#visitChunks(compute, images, maps, (image, map, patches) => {
      compute.matmulChannels(patches, map, weights, { transposeB });
      compute.fold(image, patches, this.window, beta);
    });
  }

  /** Computes target ← factor · Σ over the batch (and shared positions) of patches ⊗ maps + beta · target, or transposed. */
  protected addProducts(
    compute: Compute,
    target: Tensor,
    images: Tensor,
    maps: Tensor,
    factor: number,
    beta: number,
    transposed: boolean,
  ): void {
    this.#visitChunks(compute, images, maps, (image, map, patches, first) => {
      compute.unfold(patches, image, this.window);
      const [pre, post] = transposed ? [map, patches] : [patches, map];
      compute.outerChannels(target, pre, post, factor, first === 0 ? beta : 1);
    });
  }

  /** Calls `visit` for chunks of examples with their images, their maps (n, channels, positions) and room for patches. */
  #visitChunks(
    compute: Compute,
    images: Tensor,
    maps: Tensor,
    visit: (image: Tensor, map: Tensor, patches: Tensor, first: number) => void,
  ): void {
    const batch = images.rows;
    const channels = maps.columns / this.#places;
    for (let first = 0; first < batch; first += this.#chunk) {
      const count = Math.min(this.#chunk, batch - first);
      compute.scope(() => {
        const patches = compute.temporary([count, this.#inputs, this.#places]);
        const map = maps.rowRange(first, count).reshape([count, channels, this.#places]);
        visit(images.rowRange(first, count), map, patches, first);
      });
    }
  }
}

/**
 * A convolution or a locally connected projection: kernels over all channels of a window at every position.
 *
 * Weights are (inputs of a kernel, channels of the target), as those of every projection are (presynaptic, postsynaptic).
 * A column is one kernel, with inputs in the order channel, row, column of the kernel. PyTorch's (out, in, height, width)
 * is therefore the transpose in another shape. Locally connected weights are (inputs of a kernel, channels, positions),
 * and a column is one unit of the target.
 *
 * As in other deep-learning libraries, the kernel is not flipped: this is a cross-correlation.
 */
export class ConvolutionProjection extends SlidingProjection {
  get layout(): readonly Axis[] {
    const { inputs, places } = this.kernelAxes;
    return [...inputs, { name: 'upper channel', length: this.weights.shape[1] ?? 1 }, ...places];
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    this.imagesToMaps(compute, out, presynaptic, weights, false, beta);
  }

  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    this.mapsToImages(compute, out, postsynaptic, weights, true, beta);
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    this.addProducts(compute, target, requirePresynaptic(this, pre), post, factor, beta, false);
  }

  override exactFeedback(compute: Compute, out: Tensor): void {
    transpose(compute, out, this.values);
  }
}

/**
 * The feedback that answers a convolution: with kernels of its own, every position of the upper area reaches the window of
 * the lower area that its forward kernel covers. Weights are (upper channels, inputs of a kernel), or (upper channels,
 * inputs of a kernel, positions) if locally connected. With the transposed kernels of the convolution, `send` equals its
 * `sendBack` to the bit.
 */
export class ConvolutionFeedback extends SlidingProjection {
  get layout(): readonly Axis[] {
    const { inputs, places } = this.kernelAxes;
    return [{ name: 'upper channel', length: this.weights.shape[0] ?? 1 }, ...inputs, ...places];
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    this.mapsToImages(compute, out, presynaptic, weights, false, beta);
  }

  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    this.imagesToMaps(compute, out, postsynaptic, weights, true, beta);
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    this.addProducts(compute, target, post, requirePresynaptic(this, pre), factor, beta, true);
  }

  override exactFeedback(compute: Compute, out: Tensor): void {
    transpose(compute, out, this.values);
  }
}
