import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Elementwise kernels in f64. */
export function elementwiseKernels(
  heap: Heap,
): Pick<
  Kernels,
  | 'fill'
  | 'combine'
  | 'multiply'
  | 'divide'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'abs'
  | 'clip'
  | 'below'
  | 'multiplyBySign'
> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  /** out ← f(a). */
  const map = (out: number, a: number, size: number, f: (x: number) => number) => {
    const v = float();
    for (let i = 0; i < size; i++) v[at(out) + i] = f(v[at(a) + i] as number);
  };

  return {
    fill(out, size, value) {
      float().fill(value, at(out), at(out) + size);
    },

    combine(out, a, b, size, alpha, beta) {
      const v = float();
      for (let i = 0; i < size; i++) {
        v[at(out) + i] =
          alpha * (v[at(a) + i] as number) + (beta === 0 ? 0 : beta * (v[at(b) + i] as number));
      }
    },

    multiply(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++) v[at(out) + i] = (v[at(a) + i] as number) * (v[at(b) + i] as number);
    },

    divide(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++) v[at(out) + i] = (v[at(a) + i] as number) / (v[at(b) + i] as number);
    },

    exp: (out, a, size) => map(out, a, size, Math.exp),
    log: (out, a, size) => map(out, a, size, Math.log),
    sqrt: (out, a, size) => map(out, a, size, Math.sqrt),
    abs: (out, a, size) => map(out, a, size, Math.abs),
    clip: (out, a, size, low, high) => map(out, a, size, (x) => Math.min(Math.max(x, low), high)),

    below(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++)
        v[at(out) + i] = (v[at(a) + i] as number) < (v[at(b) + i] as number) ? 1 : 0;
    },

    multiplyBySign(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++)
        v[at(out) + i] = (v[at(a) + i] as number) * Math.sign(v[at(b) + i] as number);
    },
  };
}
