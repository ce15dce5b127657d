import type { Kernels } from './kernels.ts';
import { requireAlike } from './shapes.ts';
import type { Specifications } from './specification.ts';
import { BYTES_PER_ELEMENT } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/**
 * Operations element by element. All operands have one size; out may be an operand itself. NaN, infinities and signed
 * zeros behave as in JavaScript's arithmetic and Math.
 */
export interface ElementwiseOperations {
  /** Sets every element: out ← value. */
  fill(out: Tensor, value: number): void;
  /** Copies elements of any type: out ← a. Throws a RangeError if the element types differ. */
  copy(out: Tensor, a: Tensor): void;
  /** Combines linearly: out ← alpha · a + beta · b. With beta 0, b is not read. */
  combine(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void;
  /** Adds: out ← a + b. */
  add(out: Tensor, a: Tensor, b: Tensor): void;
  /** Subtracts: out ← a − b. */
  subtract(out: Tensor, a: Tensor, b: Tensor): void;
  /** Adds a multiple: out ← out + scale · a. With scale 0, a is not read. */
  addScaled(out: Tensor, a: Tensor, scale: number): void;
  /** Scales: out ← factor · a. */
  scale(out: Tensor, a: Tensor, factor: number): void;
  /** Multiplies: out ← a ⊙ b. */
  multiply(out: Tensor, a: Tensor, b: Tensor): void;
  /** Divides: out ← a / b. x / 0 is ±∞, and 0 / 0 is NaN. */
  divide(out: Tensor, a: Tensor, b: Tensor): void;
  /**
   * Computes the exponential: out ← e^a. In float32 the error is below 1 unit in the last place (0.992 at most over
   * all float32); results below 2⁻¹²⁶ lose bits gradually, and results above 3.4e38 are ∞.
   */
  exp(out: Tensor, a: Tensor): void;
  /**
   * Computes the natural logarithm: out ← ln a. It is −∞ at 0 and NaN below 0. In float32 the error is below 1 unit in
   * the last place (0.830 at most over all float32).
   */
  log(out: Tensor, a: Tensor): void;
  /** Computes the square root, correctly rounded: out ← √a. It is NaN below 0. */
  sqrt(out: Tensor, a: Tensor): void;
  /** Computes the absolute value: out ← |a|. */
  abs(out: Tensor, a: Tensor): void;
  /**
   * Limits to an interval: out ← min(max(a, low), high). NaN stays NaN. Bounds are rounded to the backend's float.
   * Throws a RangeError unless low ≤ high.
   */
  clip(out: Tensor, a: Tensor, low: number, high: number): void;
  /** Compares: out ← 1 where a < b, else 0. With uniform a, a sample of binary units of probability b. */
  below(out: Tensor, a: Tensor, b: Tensor): void;
  /** Multiplies by the sign: out ← a ⊙ sign(b), where the sign is −1, 0 or 1. */
  multiplyBySign(out: Tensor, a: Tensor, b: Tensor): void;
}

export const ELEMENTWISE_OPERATIONS: Specifications<ElementwiseOperations> = {
  fill: { roles: ['out', 'value'] },
  copy: { roles: ['out', 'in'] },
  combine: { roles: ['out', 'in', 'in', 'value', 'value'] },
  add: { roles: ['out', 'in', 'in'] },
  subtract: { roles: ['out', 'in', 'in'] },
  addScaled: { roles: ['inout', 'in', 'value'] },
  scale: { roles: ['out', 'in', 'value'] },
  multiply: { roles: ['out', 'in', 'in'] },
  divide: { roles: ['out', 'in', 'in'] },
  exp: { roles: ['out', 'in'] },
  log: { roles: ['out', 'in'] },
  sqrt: { roles: ['out', 'in'] },
  abs: { roles: ['out', 'in'] },
  clip: { roles: ['out', 'in', 'value', 'value'] },
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

  add(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('add', out, a, b);
    this.#kernels.combine(out.offset, a.offset, b.offset, out.size, 1, 1);
  }

  subtract(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('subtract', out, a, b);
    this.#kernels.combine(out.offset, a.offset, b.offset, out.size, 1, -1);
  }

  addScaled(out: Tensor, a: Tensor, scale: number): void {
    requireAlike('addScaled', out, a);
    this.#kernels.combine(out.offset, out.offset, a.offset, out.size, 1, scale);
  }

  scale(out: Tensor, a: Tensor, factor: number): void {
    requireAlike('scale', out, a);
    this.#kernels.combine(out.offset, a.offset, a.offset, out.size, factor, 0);
  }

  multiply(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('multiply', out, a, b);
    this.#kernels.multiply(out.offset, a.offset, b.offset, out.size);
  }

  divide(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('divide', out, a, b);
    this.#kernels.divide(out.offset, a.offset, b.offset, out.size);
  }

  exp(out: Tensor, a: Tensor): void {
    requireAlike('exp', out, a);
    this.#kernels.exp(out.offset, a.offset, out.size);
  }

  log(out: Tensor, a: Tensor): void {
    requireAlike('log', out, a);
    this.#kernels.log(out.offset, a.offset, out.size);
  }

  sqrt(out: Tensor, a: Tensor): void {
    requireAlike('sqrt', out, a);
    this.#kernels.sqrt(out.offset, a.offset, out.size);
  }

  abs(out: Tensor, a: Tensor): void {
    requireAlike('abs', out, a);
    this.#kernels.abs(out.offset, a.offset, out.size);
  }

  clip(out: Tensor, a: Tensor, low: number, high: number): void {
    requireAlike('clip', out, a);
    if (!(low <= high)) {
      throw new RangeError(`clip: the bounds are ${low} and ${high}. Give low ≤ high.`);
    }
    this.#kernels.clip(out.offset, a.offset, out.size, low, high);
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
