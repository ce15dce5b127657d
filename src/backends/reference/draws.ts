import { normalFromBits } from '../../random/normal.ts';
import { philox4x32 } from '../../random/philox.ts';
import { uniformFromBits } from '../../random/stream.ts';
import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Random numbers, rounded to float32 as every backend rounds them. */
export function drawKernels(heap: Heap): Pick<Kernels, 'drawUniform' | 'drawNormal' | 'drawBernoulli'> {
  return {
    drawUniform(out, rows, columns, low, span, ...key) {
      draw(heap, out, rows, columns, key, (bits) =>
        Math.fround(Math.fround(uniformFromBits(bits) * Math.fround(span)) + Math.fround(low)),
      );
    },

    drawNormal(out, rows, columns, mean, deviation, ...key) {
      draw(heap, out, rows, columns, key, (bits) =>
        Math.fround(Math.fround(normalFromBits(bits) * Math.fround(deviation)) + Math.fround(mean)),
      );
    },

    drawBernoulli(out, rows, columns, threshold, value, ...key) {
      draw(heap, out, rows, columns, key, (bits) => (bits < threshold ? Math.fround(value) : 0));
    },
  };
}

type Key = readonly [key0: number, key1: number, stepLow: number, stepHigh: number, firstRow: number];

/** Writes `value(bits)` to every element of out(rows, columns), with the 32 random bits of that element. */
export function draw(
  heap: Heap,
  out: number,
  rows: number,
  columns: number,
  key: Key,
  value: (bits: number) => number,
): void {
  const values = heap.f64;
  const first = out / 8;
  const words = new Uint32Array(4);
  const [key0, key1, stepLow, stepHigh, firstRow] = key;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if ((column & 3) === 0) {
        philox4x32(words, column >> 2, firstRow + row, stepLow, stepHigh, key0, key1);
      }
      values[first + row * columns + column] = value(words[column & 3] as number);
    }
  }
}
