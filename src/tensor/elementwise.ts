import type { Kernels } from './kernels.ts';
import { requireAlike } from './shapes.ts';
import type { Specifications } from './specification.ts';
import { BYTES_PER_ELEMENT } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/** Operations element by element. All operands have one size; out may be an operand itself. */
export interface ElementwiseOperations {
  /** Sets every element: out ← value. */
  fill(out: Tensor, value: number): void;
  /** Copies elements of any type: out ← a. Throws a RangeError if the element types differ. */
  copy(out: Tensor, a: Tensor): void;
  /** Combines linearly: out ← alpha · a + beta · b. With beta 0, b is not read. */
  combine(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void;
  /** Scales: out ← factor · a. */
  scale(out: Tensor, a: Tensor, factor: number): void;
  /** Multiplies: out ← a ⊙ b. */
  multiply(out: Tensor, a: Tensor, b: Tensor): void;
  /** Compares: out ← 1 where a < b, else 0. With uniform a, a sample of binary units of probability b. */
  below(out: Tensor, a: Tensor, b: Tensor): void;
  /** Multiplies by the sign: out ← a ⊙ sign(b), where the sign is −1, 0 or 1. */
  multiplyBySign(out: Tensor, a: Tensor, b: Tensor): void;
}

export const ELEMENTWISE_OPERATIONS: Specifications<ElementwiseOperations> = {
  fill: { roles: ['out', 'value'] },
  copy: { roles: ['out', 'in'] },
  combine: { roles: ['out', 'in', 'in', 'value', 'value'] },
  scale: { roles: ['out', 'in', 'value'] },
  multiply: { roles: ['out', 'in', 'in'] },
  below: { roles: ['out', 'in', 'in'] },
  multiplyBySign: { roles: ['out', 'in', 'in'] },
};

/** The same operations with their sizes checked, on a backend's kernels. */
export class CheckedElementwise implements ElementwiseOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  fill(out: Tensor, value: number): void {
    this.#kernels.fill(out.offset, out.size, value);
  }

  copy(out: Tensor, a: Tensor): void {
    requireAlike('copy', out, a);
    const bytes = a.size * BYTES_PER_ELEMENT[a.type];
    out.heap.u8.copyWithin(out.offset, a.offset, a.offset + bytes);
  }

  combine(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void {
    requireAlike('combine', out, a, b);
    this.#kernels.combine(out.offset, a.offset, b.offset, out.size, alpha, beta);
  }

  scale(out: Tensor, a: Tensor, factor: number): void {
    requireAlike('scale', out, a);
    this.#kernels.combine(out.offset, a.offset, a.offset, out.size, factor, 0);
  }

  multiply(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('multiply', out, a, b);
    this.#kernels.multiply(out.offset, a.offset, b.offset, out.size);
  }

  below(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('below', out, a, b);
    this.#kernels.below(out.offset, a.offset, b.offset, out.size);
  }

  multiplyBySign(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('multiplyBySign', out, a, b);
    this.#kernels.multiplyBySign(out.offset, a.offset, b.offset, out.size);
  }
}
