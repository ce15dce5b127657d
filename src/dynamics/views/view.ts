import { Sequence } from '../../random/stream.ts';
import type { Stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Shape, Tensor } from '../../tensor/tensor.ts';

/** What a view is computed from. Temporaries of `compute` live until the step ends. */
export interface ViewArguments {
  readonly compute: Compute;
  /** (rows, values). */
  readonly inputs: Tensor;
  /** Shape of one example, such as (28, 28) or (3, 32, 32). */
  readonly shape: Shape;
  /**
   * Returns the random numbers of a row: a function of the seed, the step, the number of the example and the draw, so
   * that an example has the same view wherever it is in a batch.
   */
  draws(row: number): Sequence;
}

/** A transformation of examples, such as a crop or added noise. */
export interface View {
  readonly name: string;
  /** Returns the shape of a view of an example. Throws `view.shape` if the example has no such view. */
  shape(example: Shape): Shape;
  /** Returns the views, (rows, values of the view). */
  apply(given: ViewArguments): Tensor;
}

/** Returns the arguments of `View.apply` for a batch. `numberOf` returns the number of the example in a row. */
export const viewArguments = (
  compute: Compute,
  inputs: Tensor,
  shape: Shape,
  source: Stream,
  step: number,
  numberOf: (row: number) => number,
): ViewArguments => ({
  compute,
  inputs,
  shape,
  draws: (row) => new Sequence({ ...source, ...keyFor(source, numberOf(row)) }, step),
});

/** Returns a key of its own for an example. */
const keyFor = ({ key0, key1 }: Stream, example: number): Pick<Stream, 'key0' | 'key1'> => ({
  key0: (key0 ^ Math.imul(example + 1, 0x9e3779b1)) >>> 0,
  key1: (key1 + Math.imul(example + 1, 0x85ebca77)) >>> 0,
});
