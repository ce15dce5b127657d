import { stream } from '../random/index.ts';
import type { Batch } from '../learning/index.ts';
import type { Compute } from '../tensor/index.ts';

/** A batch of random examples. */
export interface RandomBatch {
  /** Number of input units. */
  readonly inputs: number;
  /** Number of classes. */
  readonly classes: number;
  readonly examples: number;
  readonly seed: number;
  /** Index of the batch. */
  readonly index: number;
}

/** Returns a batch of inputs x ~ N(0, 1) with uniform class labels, as temporaries of the open scope. */
export function randomBatch(
  compute: Compute,
  { inputs: units, classes, examples, seed, index }: RandomBatch,
): Batch {
  const inputs = compute.temporary([examples, units]);
  compute.drawNormal(inputs, 0, 1, stream(seed, 'estimate inputs'), index);
  const uniform = compute.temporary([examples, 1]);
  compute.drawUniform(uniform, 0, classes, stream(seed, 'estimate labels'), index);
  const targets = compute.temporary([examples], 'i32');
  targets.set(uniform.toArray().map((value) => Math.min(classes - 1, Math.floor(value))));
  return { inputs, targets };
}
