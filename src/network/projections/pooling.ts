import type { Compute } from '../../tensor/compute.ts';
import { sizesOf } from '../../tensor/spatial.ts';
import type { Window } from '../../tensor/spatial.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Projection } from '../area.ts';
import type { BackOptions, ProjectionParts } from '../area.ts';

/**
 * Each place of a channel takes the largest or the mean of a window of that channel. There are no weights (the tensor
 * is empty), nothing is plastic, and an error that comes down goes the same way for every rule.
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
      accumulated(compute, out, beta, (target) => compute.maxPool(target, tangent, sent, this.window));
      return;
    }
    compute.scope(() => {
      const { seen, mean, plane } = this.#average(compute, tangent.rows);
      compute.unfold(seen, tangent.reshape([seen.rows, tangent.size / seen.rows]), plane);
      compute.matmulChannels(out.reshape([seen.rows, 1, this.#places]), seen, mean, { beta });
    });
  }

  /** Throws an Error when max-pooling is not told what was sent. */
  sendBack(compute: Compute, out: Tensor, postsynaptic: Tensor, beta = 0, { sent }: BackOptions = {}): void {
    if (this.how === 'max') {
      if (!sent)
        throw new Error(
          `"${this.id}" takes the largest of each window: sendBack must be told what was sent.`,
        );
      accumulated(compute, out, beta, (target) =>
        compute.maxPoolBack(target, postsynaptic, sent, this.window),
      );
      return;
    }
    compute.scope(() => {
      const { seen, mean, plane } = this.#average(compute, postsynaptic.rows);
      const above = postsynaptic.reshape([seen.rows, 1, this.#places]);
      compute.matmulChannels(seen, above, mean, { transposeB: true });
      compute.fold(out.reshape([seen.rows, out.size / seen.rows]), seen, plane, beta);
    });
  }

  addOuter(): never {
    throw new Error(`"${this.id}" pools and has no weights, so no term may be emitted for it.`);
  }

  /** A mean is a kernel of equal weights that slides over each channel by itself. */
  #average(compute: Compute, batch: number): { seen: Tensor; mean: Tensor; plane: Window } {
    const { channels, kernel } = this.window;
    const inputs = kernel[0] * kernel[1];
    const seen = compute.temporary([batch * channels, inputs, this.#places]);
    const mean = compute.temporary([inputs, 1]);
    compute.fill(mean, 1 / inputs);
    return { seen, mean, plane: { ...this.window, channels: 1 } };
  }
}

/** out ← what `write` writes + beta · out. */
function accumulated(compute: Compute, out: Tensor, beta: number, write: (target: Tensor) => void): void {
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
