import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Batches taken from a data set, in f64. */
export function batchKernels(
  heap: Heap,
): Pick<Kernels, 'gatherRows' | 'scatterRows' | 'gatherLabels' | 'oneHot'> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  return {
    gatherRows(out, data, indices, batch, columns, scale, bytes) {
      const v = float();
      for (let row = 0; row < batch; row++) {
        const source = (heap.i32[indices / 4 + row] as number) * columns;
        for (let column = 0; column < columns; column++) {
          const value = bytes ? heap.u8[data + source + column] : v[at(data) + source + column];
          v[at(out) + row * columns + column] = (value as number) * scale;
        }
      }
    },

    scatterRows(data, a, indices, batch, columns) {
      const v = float();
      for (let row = 0; row < batch; row++) {
        const target = at(data) + (heap.i32[indices / 4 + row] as number) * columns;
        for (let column = 0; column < columns; column++) {
          v[target + column] = v[at(a) + row * columns + column] as number;
        }
      }
    },

    gatherLabels(out, labels, indices, batch) {
      for (let row = 0; row < batch; row++) {
        heap.i32[out / 4 + row] = heap.u8[labels + (heap.i32[indices / 4 + row] as number)] as number;
      }
    },

    oneHot(out, labels, batch, classes) {
      const v = float();
      v.fill(0, at(out), at(out) + batch * classes);
      for (let row = 0; row < batch; row++)
        v[at(out) + row * classes + (heap.i32[labels / 4 + row] as number)] = 1;
    },
  };
}
