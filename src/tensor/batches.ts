import type { Kernels } from './kernels.ts';
import { mismatch, requireType } from './shapes.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';

/** Batches taken from a data set: rows and labels by index. */
export interface BatchOperations {
  /**
   * Gathers rows as floats: out(batch, …) ← scale · data[indices, …]. data hold u8 or floats; indices (batch) are i32.
   * Indices are not checked against the rows of data.
   */
  gatherRows(out: Tensor, data: Tensor, indices: Tensor, scale: number): void;
  /** Scatters rows of floats: data[indices, …] ← a(batch, …). indices (batch) are i32, and none occurs twice. */
  scatterRows(data: Tensor, a: Tensor, indices: Tensor): void;
  /** Gathers labels: out(batch) ← labels[indices]. out and indices are i32, labels u8. */
  gatherLabels(out: Tensor, labels: Tensor, indices: Tensor): void;
  /** Encodes labels one-hot: out(batch, classes) ← 1 at the label, else 0. labels (batch) are i32. */
  oneHot(out: Tensor, labels: Tensor): void;
}

export const BATCH_OPERATIONS: Specifications<BatchOperations> = {
  gatherRows: { roles: ['out', 'in', 'in', 'value'] },
  scatterRows: { roles: ['inout', 'in', 'in'] },
  gatherLabels: { roles: ['out', 'in', 'in'] },
  oneHot: { roles: ['out', 'in'] },
};

/** The same operations with shapes and element types checked, on a backend's kernels. */
export class CheckedBatches implements BatchOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  gatherRows(out: Tensor, data: Tensor, indices: Tensor, scale: number): void {
    requireType('gatherRows', 'indices', indices, 'i32');
    if (out.columns !== data.columns || out.rows !== indices.size) {
      mismatch('gatherRows', 'out(batch, columns), data(rows, columns), indices(batch)', out, data, indices);
    }
    const bytes = data.type === 'u8';
    this.#kernels.gatherRows(out.offset, data.offset, indices.offset, out.rows, out.columns, scale, bytes);
  }

  scatterRows(data: Tensor, a: Tensor, indices: Tensor): void {
    requireType('scatterRows', 'indices', indices, 'i32');
    if (a.columns !== data.columns || a.rows !== indices.size) {
      mismatch('scatterRows', 'data(rows, columns), a(batch, columns), indices(batch)', data, a, indices);
    }
    this.#kernels.scatterRows(data.offset, a.offset, indices.offset, a.rows, a.columns);
  }

  gatherLabels(out: Tensor, labels: Tensor, indices: Tensor): void {
    requireType('gatherLabels', 'out', out, 'i32');
    requireType('gatherLabels', 'labels', labels, 'u8');
    requireType('gatherLabels', 'indices', indices, 'i32');
    if (out.size !== indices.size) {
      mismatch('gatherLabels', 'out(batch), labels(rows), indices(batch)', out, labels, indices);
    }
    this.#kernels.gatherLabels(out.offset, labels.offset, indices.offset, out.size);
  }

  oneHot(out: Tensor, labels: Tensor): void {
    requireType('oneHot', 'labels', labels, 'i32');
    if (out.rows !== labels.size) mismatch('oneHot', 'out(batch, classes), labels(batch)', out, labels);
    this.#kernels.oneHot(out.offset, labels.offset, out.rows, out.columns);
  }
}
