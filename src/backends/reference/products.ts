import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Products and weight updates in f64. */
export function productKernels(
  heap: Heap,
): Pick<Kernels, 'matmul' | 'momentumStep' | 'rmspropStep' | 'adamStep'> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  return {
    matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta) {
      const v = float();
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let sum = 0;
          for (let inner = 0; inner < k; inner++) {
            const left = v[at(a) + (transposeA ? inner * m + row : row * k + inner)] as number;
            const right = v[at(b) + (transposeB ? column * k + inner : inner * n + column)] as number;
            sum += left * right;
          }
          const index = at(out) + row * n + column;
          v[index] = alpha * sum + (beta === 0 ? 0 : beta * (v[index] as number));
        }
      }
    },

    momentumStep(weights, velocity, pre, post, batch, preUnits, postUnits, rate, momentum, decay, nesterov) {
      const v = float();
      for (let i = 0; i < preUnits; i++) {
        for (let j = 0; j < postUnits; j++) {
          let gradient = 0;
          for (let example = 0; example < batch; example++) {
            gradient +=
              (v[at(pre) + example * preUnits + i] as number) *
              (v[at(post) + example * postUnits + j] as number);
          }
          const w = at(weights) + i * postUnits + j;
          const u = at(velocity) + i * postUnits + j;
          const before = v[u] as number;
          const after = momentum * before - rate * gradient - decay * (v[w] as number);
          v[u] = after;
          v[w] = (v[w] as number) + (nesterov ? (1 + momentum) * after - momentum * before : after);
        }
      }
    },

    rmspropStep(weights, meanSquare, gradient, size, rate, decay, epsilon) {
      const v = float();
      for (let i = 0; i < size; i++) {
        const g = v[at(gradient) + i] as number;
        const s = decay * (v[at(meanSquare) + i] as number) + (1 - decay) * g * g;
        v[at(meanSquare) + i] = s;
        v[at(weights) + i] = (v[at(weights) + i] as number) - (rate * g) / (Math.sqrt(s) + epsilon);
      }
    },

    adamStep(
      weights,
      mean,
      meanSquare,
      gradient,
      size,
      rate,
      beta1,
      beta2,
      epsilon,
      correction1,
      correction2,
    ) {
      const v = float();
      for (let i = 0; i < size; i++) {
        const g = v[at(gradient) + i] as number;
        const m = beta1 * (v[at(mean) + i] as number) + (1 - beta1) * g;
        const s = beta2 * (v[at(meanSquare) + i] as number) + (1 - beta2) * g * g;
        v[at(mean) + i] = m;
        v[at(meanSquare) + i] = s;
        v[at(weights) + i] =
          (v[at(weights) + i] as number) - (rate * m * correction1) / (Math.sqrt(s * correction2) + epsilon);
      }
    },
  };
}
