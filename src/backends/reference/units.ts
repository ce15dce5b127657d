import { uniformFromBits } from '../../random/stream.ts';
import { FUSED, logistic } from '../../tensor/activation.ts';
import type { Activation } from '../../tensor/activation.ts';
import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';
import { draw } from './draws.ts';

/** Activation functions, slopes, relaxation and binary units in f64. */
export function unitKernels(
  heap: Heap,
): Pick<Kernels, 'activate' | 'multiplyBySlope' | 'relax' | 'fire' | 'sweep'> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  return {
    activate(out, potential, bias, rows, columns, activation) {
      const v = float();
      const { value } = fused(activation);
      for (let i = 0; i < rows * columns; i++) {
        const x =
          (v[at(potential) + i] as number) + (bias === 0 ? 0 : (v[at(bias) + (i % columns)] as number));
        v[at(out) + i] = value(x);
      }
    },

    multiplyBySlope(out, a, rate, gain, size, activation) {
      const v = float();
      const { slope: f } = fused(activation);
      for (let i = 0; i < size; i++) {
        const slope = f.at(v[at(rate) + i] as number);
        v[at(out) + i] = (v[at(a) + i] as number) * slope * (gain === 0 ? 1 : (v[at(gain) + i] as number));
      }
    },

    relax(state, rate, received, drive, size, step, activation) {
      const v = float();
      const f = fused(activation);
      const bounded = activation === 1 || activation === 4;
      for (let i = 0; i < size; i++) {
        const s = v[at(state) + i] as number;
        const input = (v[at(received) + i] as number) + (v[at(drive) + i] as number);
        const slope = bounded ? 1 : f.slope.at(f.value(s));
        const moved = s + step * (slope * input - s);
        const rated = f.value(moved);
        v[at(state) + i] = bounded ? rated : moved;
        v[at(rate) + i] = rated;
      }
    },

    fire(drawn, rate, potential, bias, rows, columns, gain, ...key) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const offset = bias === 0 ? 0 : (v[at(bias) + (i % columns)] as number);
        v[at(rate) + i] = logistic.value(gain * ((v[at(potential) + i] as number) + offset));
      }
      draw(heap, drawn, rows, columns, key, uniformFromBits);
      for (let i = 0; i < rows * columns; i++)
        v[at(drawn) + i] = (v[at(drawn) + i] as number) < (v[at(rate) + i] as number) ? 1 : 0;
    },

    sweep(state, drive, weights, uniform, rows, units, gain) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const first = row * units;
        for (let i = 0; i < units; i++) {
          let x = v[at(drive) + first + i] as number;
          for (let j = 0; j < units; j++) {
            x += (v[at(weights) + i * units + j] as number) * (v[at(state) + first + j] as number);
          }
          const p = logistic.value(gain * x);
          v[at(state) + first + i] = uniform === 0 ? p : (v[at(uniform) + first + i] as number) < p ? 1 : 0;
        }
      }
    },
  };
}

/** Returns the activation function with this index in ACTIVATIONS. */
export const fused = (index: number): Activation => FUSED[index] as Activation;
