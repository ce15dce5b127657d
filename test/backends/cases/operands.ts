import { Sequence, stream } from '../../../src/random/index.ts';
import type { Compute, ElementType, Tensor } from '../../../src/tensor/index.ts';

/** Operands of a case, made on one backend. */
export interface Operands {
  float(shape: number[], low?: number, high?: number): Tensor;
  integers(shape: number[], limit: number, type: 'i32' | 'u8', distinct?: boolean): Tensor;
  zeros(shape: number[], type?: ElementType): Tensor;
}

/** Returns a source of operands on `compute`. Sources of one seed give the same numbers on every backend. */
export function operandsOf(compute: Compute, seed: number): Operands {
  const draws = new Sequence(stream(seed, 'operands'));
  return {
    float: (shape, low = -1, high = 1) => {
      const tensor = compute.allocate(shape);
      return tensor.set(
        Array.from({ length: tensor.size }, () => Math.fround(low + (high - low) * draws.uniform())),
      );
    },
    integers: (shape, limit, type, distinct = false) => {
      const tensor = compute.allocate(shape, type);
      if (!distinct) return tensor.set(Array.from({ length: tensor.size }, () => draws.below(limit)));
      const all = Int32Array.from({ length: limit }, (_, index) => index);
      draws.shuffle(all);
      return tensor.set(all.subarray(0, tensor.size));
    },
    zeros: (shape, type) => compute.allocate(shape, type ?? compute.backend.float),
  };
}

/** One call of an operation at size (m, n). Returns the tensors that must be equal on every backend. */
export type Case = (compute: Compute, make: Operands, m: number, n: number) => Tensor[];

/** At least one case for each operation of an interface. */
export type Cases<Methods> = Readonly<Record<keyof Methods, readonly Case[]>>;
