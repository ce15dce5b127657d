import type { Tensor } from '../../tensor/tensor.ts';

/** The units that fired in each row of a batch: see `listEvents` of the operations. */
export interface Events {
  /** i32: presynaptic units, row after row. */
  readonly indices: Tensor;
  /** (rows + 1) i32: where each row begins in the list. */
  readonly starts: Tensor;
}
