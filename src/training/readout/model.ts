import type { Tensor } from '../../tensor/tensor.ts';

/** A readout that has learned. */
export interface Model {
  /**
   * Adds [Σ loss, wrong answers, examples, ½ Σ target²] to a tally of four f64.
   *
   * @param features - (examples, units), normalised.
   * @param targets - Class labels (examples) i32, or values (examples, outputs).
   */
  tally(features: Tensor, targets: Tensor, tally: Tensor): void;
  dispose(): void;
}
