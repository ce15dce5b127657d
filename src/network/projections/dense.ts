import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Projection } from '../area.ts';
import type { Axis, BackOptions } from '../area.ts';
import { requirePresynaptic } from '../parameter.ts';
import type { Events } from './events.ts';

/** A projection from every unit to every unit, with weights(presynaptic, postsynaptic). */
export class DenseProjection extends Projection {
  readonly isDense = true;

  get layout(): readonly Axis[] {
    return [
      { name: 'presynaptic', length: this.from.units },
      { name: 'postsynaptic', length: this.to.units },
    ];
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    compute.matmul(out, presynaptic, weights, beta === 0 ? {} : { beta });
  }

  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    compute.matmul(out, postsynaptic, weights, { transposeB: true, beta });
  }

  /** Sends the events of each row: out(rows, postsynaptic) ← Σ of the rows of W of the units that fired + beta · out. */
  sendEvents(compute: Compute, out: Tensor, { indices, starts }: Events, beta = 0): void {
    compute.eventMatmul(out, indices, this.values, starts, undefined, beta);
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    compute.matmul(target, requirePresynaptic(this, pre), post, { transposeA: true, alpha: factor, beta });
  }
}
