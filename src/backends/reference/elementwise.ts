import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Elementwise kernels in f64. */
export function elementwiseKernels(
  heap: Heap,
): Pick<Kernels, 'fill' | 'combine' | 'multiply' | 'below' | 'multiplyBySign'> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

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
