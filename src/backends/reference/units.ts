import { uniformFromBits } from '../../random/stream.ts';
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
      for (let i = 0; i < rows * columns; i++) {
        const x =
          (v[at(potential) + i] as number) + (bias === 0 ? 0 : (v[at(bias) + (i % columns)] as number));
        v[at(out) + i] = activationOf(activation, x);
      }
    },

    multiplyBySlope(out, a, rate, gain, size, activation) {
      const v = float();
      for (let i = 0; i < size; i++) {
        const slope = slopeOf(activation, v[at(rate) + i] as number);
        v[at(out) + i] = (v[at(a) + i] as number) * slope * (gain === 0 ? 1 : (v[at(gain) + i] as number));
      }
    },

    relax(state, rate, received, drive, size, step, activation) {
      const v = float();
      const bounded = activation === 1 || activation === 4;
      for (let i = 0; i < size; i++) {
        const s = v[at(state) + i] as number;
        const input = (v[at(received) + i] as number) + (v[at(drive) + i] as number);
        const slope = bounded ? 1 : slopeOf(activation, activationOf(activation, s));
        const moved = s + step * (slope * input - s);
        const rated = activationOf(activation, moved);
        v[at(state) + i] = bounded ? rated : moved;
        v[at(rate) + i] = rated;
      }
    },

    fire(drawn, rate, potential, bias, rows, columns, gain, ...key) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const offset = bias === 0 ? 0 : (v[at(bias) + (i % columns)] as number);
        v[at(rate) + i] = activationOf(2, gain * ((v[at(potential) + i] as number) + offset));
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
          const p = activationOf(2, gain * x);
          v[at(state) + first + i] = uniform === 0 ? p : (v[at(uniform) + first + i] as number) < p ? 1 : 0;
        }
      }
    },
  };
}

/** Returns f(x); activation is an index into ACTIVATIONS. */
export function activationOf(activation: number, x: number): number {
  switch (activation) {
    case 1:
      return Math.max(x, 0);
    case 2:
      return 1 / (1 + Math.exp(-x));
    case 3:
      return Math.tanh(x);
    case 4:
      return Math.min(Math.max(x, 0), 1);
    case 5:
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    default:
      return x;
  }
}

/** Returns f′(x) as a function of y = f(x). At a corner of ReLU or the hard sigmoid it is 0. */
function slopeOf(activation: number, y: number): number {
  switch (activation) {
    case 1:
      return y > 0 ? 1 : 0;
    case 2:
      return y * (1 - y);
    case 3:
      return 1 - y * y;
    case 4:
      return y > 0 && y < 1 ? 1 : 0;
    case 5:
      return 1 - Math.exp(-y);
    default:
      return 1;
  }
}
