import type { Compute } from '../../tensor/compute.ts';
import { sizesOf } from '../../tensor/spatial/window.ts';
import type { Window } from '../../tensor/spatial/window.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Projection } from '../area.ts';
import type { BackOptions, ProjectionParts } from '../area.ts';

/**
 * A projection in which each position of a channel receives the maximum or the mean of a window of that channel. It has no
 * weights (the tensor is empty) and is not plastic, and errors pass through it in the same way for every rule.
 */
export class PoolingProjection extends Projection {
  readonly isDense = false;
  readonly layout = [];
  readonly how: 'max' | 'average';
  readonly window: Window;
  readonly #places: number;

  constructor(parts: ProjectionParts, window: Window, how: 'max' | 'average') {
    super(parts);
    this.how = how;
    this.window = window;
    this.#places = sizesOf(window).places;
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0): void {
    this.sendTangent(compute, out, presynaptic, beta, presynaptic);
  }

  override sendTangent(compute: Compute, out: Tensor, tangent: Tensor, beta: number, sent: Tensor): void {
    if (this.how === 'max') {
      addTo(compute, out, beta, (target) => compute.maxPool(target, tangent, sent, this.window));
      return;
    }
    compute.scope(() => {
      const { patches, mean, plane } = this.#average(compute, tangent.rows);
      compute.unfold(patches, tangent.reshape([patches.rows, tangent.size / patches.rows]), plane);
      compute.matmulChannels(out.reshape([patches.rows, 1, this.#places]), patches, mean, { beta });
    });
  }

  /** Throws an Error if max-pooling is not given the presynaptic activity `sent`. */
  sendBack(compute: Compute, out: Tensor, postsynaptic: Tensor, beta = 0, { sent }: BackOptions = {}): void {
    if (this.how === 'max') {
      if (!sent)
        throw new Error(
          `"${this.id}" is max-pooling, so sendBack needs the presynaptic activity: pass it as the option "sent".`,
        );
      addTo(compute, out, beta, (target) => compute.maxPoolBack(target, postsynaptic, sent, this.window));
      return;
    }
    compute.scope(() => {
      const { patches, mean, plane } = this.#average(compute, postsynaptic.rows);
      const signal = postsynaptic.reshape([patches.rows, 1, this.#places]);
      compute.matmulChannels(patches, signal, mean, { transposeB: true });
      compute.fold(out.reshape([patches.rows, out.size / patches.rows]), patches, plane, beta);
    });
  }

  addOuter(): never {
    throw new Error(`"${this.id}" is pooling and has no weights: emit no term for it.`);
  }

  /** Prepares average pooling, which is a convolution of each channel with a kernel of equal weights. */
  #average(compute: Compute, batch: number): { patches: Tensor; mean: Tensor; plane: Window } {
    const { channels, kernel } = this.window;
    const inputs = kernel[0] * kernel[1];
    const patches = compute.temporary([batch * channels, inputs, this.#places]);
    const mean = compute.temporary([inputs, 1]);
    compute.fill(mean, 1 / inputs);
    return { patches, mean, plane: { ...this.window, channels: 1 } };
  }
}

/** Computes out ← result of `write` + beta · out. */
function addTo(compute: Compute, out: Tensor, beta: number, write: (target: Tensor) => void): void {
  if (beta === 0) {
    write(out);
    return;
  }
  compute.scope(() => {
    const target = compute.temporary(out.shape);
    write(target);
    compute.combine(out, target, out, 1, beta);
  });
}
