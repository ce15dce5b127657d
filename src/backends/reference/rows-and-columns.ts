import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Broadcasts and reductions along rows and columns in f64. */
export function rowAndColumnKernels(
  heap: Heap,
): Pick<
  Kernels,
  | 'transpose'
  | 'gatherColumns'
  | 'addRow'
  | 'addColumn'
  | 'sumColumns'
  | 'maxRows'
  | 'maxColumns'
  | 'scaleColumns'
  | 'scaleRows'
  | 'sumRows'
  | 'dot'
  | 'dotRows'
  | 'limitColumnNorms'
  | 'limitRowNorms'
> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  return {
    transpose(out, a, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          v[at(out) + column * rows + row] = v[at(a) + row * columns + column] as number;
        }
      }
    },

    gatherColumns(out, a, indices, rows, columns, width, perRow) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const index = heap.i32[indices / 4 + (perRow ? row * columns : 0) + column] as number;
          v[at(out) + row * columns + column] = index < 0 ? 0 : (v[at(a) + row * width + index] as number);
        }
      }
    },

    addRow(out, a, row, rows, columns, scale) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        v[at(out) + i] = (v[at(a) + i] as number) + scale * (v[at(row) + (i % columns)] as number);
      }
    },

    addColumn(out, a, column, rows, columns, scale) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const term = v[at(column) + Math.floor(i / columns)] as number;
        v[at(out) + i] = (v[at(a) + i] as number) + scale * term;
      }
    },

    scaleColumns(out, a, row, rows, columns, alpha, beta) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const scaled = alpha * (v[at(a) + i] as number) * (v[at(row) + (i % columns)] as number);
        v[at(out) + i] = scaled + (beta === 0 ? 0 : beta * (v[at(out) + i] as number));
      }
    },

    scaleRows(out, a, column, rows, columns, alpha, beta) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const scaled = alpha * (v[at(a) + i] as number) * (v[at(column) + Math.floor(i / columns)] as number);
        v[at(out) + i] = scaled + (beta === 0 ? 0 : beta * (v[at(out) + i] as number));
      }
    },

    sumRows(out, a, rows, columns, alpha, beta) {
      const v = float();
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += v[at(a) + row * columns + column] as number;
        const index = at(out) + column;
        v[index] = alpha * sum + (beta === 0 ? 0 : beta * (v[index] as number));
      }
    },

    sumColumns(out, a, rows, columns, alpha, beta) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let column = 0; column < columns; column++) sum += v[at(a) + row * columns + column] as number;
        const index = at(out) + row;
        v[index] = alpha * sum + (beta === 0 ? 0 : beta * (v[index] as number));
      }
    },

    maxRows(out, a, rows, columns) {
      const v = float();
      for (let column = 0; column < columns; column++) {
        let most = -Infinity;
        for (let row = 0; row < rows; row++)
          most = Math.max(most, v[at(a) + row * columns + column] as number);
        v[at(out) + column] = most;
      }
    },

    maxColumns(out, a, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        let most = -Infinity;
        for (let column = 0; column < columns; column++) {
          most = Math.max(most, v[at(a) + row * columns + column] as number);
        }
        v[at(out) + row] = most;
      }
    },

    dot(out, a, b, size) {
      const v = float();
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (v[at(a) + i] as number) * (v[at(b) + i] as number);
      v[at(out)] = sum;
    },

    dotRows(out, a, b, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let i = row * columns; i < (row + 1) * columns; i++) {
          sum += (v[at(a) + i] as number) * (v[at(b) + i] as number);
        }
        v[at(out) + row] = sum;
      }
    },

    limitColumnNorms(weights, rows, columns, limit) {
      const v = float();
      for (let column = 0; column < columns; column++) {
        let square = 0;
        for (let row = 0; row < rows; row++)
          square += (v[at(weights) + row * columns + column] as number) ** 2;
        const norm = Math.sqrt(square);
        if (!(norm > limit)) continue;
        for (let row = 0; row < rows; row++) {
          const index = at(weights) + row * columns + column;
          v[index] = (v[index] as number) * (limit / norm);
        }
      }
    },

    limitRowNorms(weights, rows, columns, limit) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const values = v.subarray(at(weights) + row * columns, at(weights) + (row + 1) * columns);
        const norm = Math.sqrt(values.reduce((square, value) => square + value ** 2, 0));
        if (!(norm > limit)) continue;
        for (let column = 0; column < columns; column++)
          values[column] = (values[column] as number) * (limit / norm);
      }
    },
  };
}
