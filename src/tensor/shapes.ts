import type { Tensor } from './tensor.ts';

/** Throws a RangeError that names the operation and the shapes: a bug in a rule. */
export function mismatch(operation: string, ...tensors: readonly Tensor[]): never {
  const shapes = tensors.map((tensor) => `(${tensor.shape.join(', ')})`).join(', ');
  throw new RangeError(`${operation}: the shapes ${shapes} do not fit together.`);
}
