import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * What an area's units held at the last steps, (batch, units) a step: at all steps of a batch where a history is kept,
 * otherwise at as many as delays need. Steps before the batch have negative numbers.
 */
export class Trail {
  /** (steps · batch, units), all steps of the batch; undefined without a history. */
  readonly history: Tensor | undefined;
  readonly #batch: number;
  /** Without a history, step t is in slot t mod their number; with one, the slots hold the steps before the batch. */
  readonly #slots: readonly Tensor[];

  /** `past` is the number of steps before the current one that must be known. */
  constructor(
    compute: Compute,
    [batch, units]: readonly [number, number],
    steps: number,
    past: number,
    history: Tensor | boolean,
  ) {
    this.#batch = batch;
    const slot = () => compute.temporary([batch, units]);
    this.history =
      typeof history === 'object' ? history : history ? compute.temporary([steps * batch, units]) : undefined;
    this.#slots = Array.from({ length: past + (this.history ? 0 : 1) }, slot);
  }

  /** Returns the tensor of a step, from −past on. */
  at(step: number): Tensor {
    if (this.history && step >= 0) return this.history.rowRange(step * this.#batch, this.#batch);
    const count = this.#slots.length;
    return this.#slots[((step % count) + count) % count] as Tensor;
  }
}
