import type { Kernels } from './kernels.ts';
import { mismatch, requireAlike, requireType } from './shapes.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';

/** Broadcasts and reductions along the rows and columns of a matrix. */
export interface RowAndColumnOperations {
  /** Transposes: out(c, r) ← a(r, c). out must not be a. */
  transpose(out: Tensor, a: Tensor): void;
  /** Scales each column by its element of row(columns): out(r, c) ← alpha · a(r, c) · row(c) + beta · out(r, c). */
  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha: number, beta: number): void;
  /** Scales each row by its element of column(rows): out(r, c) ← alpha · a(r, c) · column(r) + beta · out(r, c). */
  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha: number, beta: number): void;
  /** Sums over the rows: out(columns) ← alpha · Σ_r a(r, c) + beta · out(c). */
  sumRows(out: Tensor, a: Tensor, alpha: number, beta: number): void;
  /** Sums a product over all elements in f64: out, one f64 ← Σ a ⊙ b. */
  dot(out: Tensor, a: Tensor, b: Tensor): void;
  /** Sums a product over the columns, one number for each row: out(rows) ← Σ_c a(r, c) · b(r, c). */
  dotRows(out: Tensor, a: Tensor, b: Tensor): void;
  /** Scales every column of weights whose Euclidean norm exceeds the limit down to it (max-norm on incoming weights). */
  limitColumnNorms(weights: Tensor, limit: number): void;
  /** Scales every row of weights whose Euclidean norm exceeds the limit down to it (max-norm on outgoing weights). */
  limitRowNorms(weights: Tensor, limit: number): void;
}

export const ROW_AND_COLUMN_OPERATIONS: Specifications<RowAndColumnOperations> = {
  transpose: { roles: ['out', 'in'] },
  scaleColumns: { roles: ['inout', 'in', 'in', 'value', 'value'], beta: (args) => args[4] },
  scaleRows: { roles: ['inout', 'in', 'in', 'value', 'value'], beta: (args) => args[4] },
  sumRows: { roles: ['inout', 'in', 'value', 'value'], beta: (args) => args[3] },
  dot: { roles: ['out', 'in', 'in'] },
  dotRows: { roles: ['out', 'in', 'in'] },
  limitColumnNorms: { roles: ['inout', 'value'] },
  limitRowNorms: { roles: ['inout', 'value'] },
};

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedRowsAndColumns implements RowAndColumnOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  transpose(out: Tensor, a: Tensor): void {
    if (out.rows !== a.columns || out.columns !== a.rows) {
      mismatch('transpose', 'out(columns, rows), a(rows, columns)', out, a);
    }
    this.#kernels.transpose(out.offset, a.offset, a.rows, a.columns);
  }

  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha: number, beta: number): void {
    perColumn('scaleColumns', out, a, row);
    this.#kernels.scaleColumns(out.offset, a.offset, row.offset, a.rows, a.columns, alpha, beta);
  }

  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha: number, beta: number): void {
    perRow('scaleRows', out, a, column);
    this.#kernels.scaleRows(out.offset, a.offset, column.offset, a.rows, a.columns, alpha, beta);
  }

  sumRows(out: Tensor, a: Tensor, alpha: number, beta: number): void {
    overRows('sumRows', out, a);
    this.#kernels.sumRows(out.offset, a.offset, a.rows, a.columns, alpha, beta);
  }

  dot(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('dot', a, b);
    requireType('dot', 'out', out, 'f64');
    this.#kernels.dot(out.offset, a.offset, b.offset, a.size);
  }

  dotRows(out: Tensor, a: Tensor, b: Tensor): void {
    requireAlike('dotRows', a, b);
    if (out.size !== a.rows) {
      mismatch('dotRows', 'out(rows), a(rows, columns), b(rows, columns)', out, a, b);
    }
    this.#kernels.dotRows(out.offset, a.offset, b.offset, a.rows, a.columns);
  }

  limitColumnNorms(weights: Tensor, limit: number): void {
    this.#kernels.limitColumnNorms(weights.offset, weights.rows, weights.columns, limit);
  }

  limitRowNorms(weights: Tensor, limit: number): void {
    this.#kernels.limitRowNorms(weights.offset, weights.rows, weights.columns, limit);
  }
}

function perColumn(operation: string, out: Tensor, a: Tensor, row: Tensor): void {
  requireAlike(operation, out, a);
  if (row.size !== a.columns) {
    mismatch(operation, 'out(rows, columns), a(rows, columns), row(columns)', out, a, row);
  }
}

function perRow(operation: string, out: Tensor, a: Tensor, column: Tensor): void {
  requireAlike(operation, out, a);
  if (column.size !== a.rows) {
    mismatch(operation, 'out(rows, columns), a(rows, columns), column(rows)', out, a, column);
  }
}

function overRows(operation: string, out: Tensor, a: Tensor): void {
  if (out.size !== a.columns) mismatch(operation, 'out(columns), a(rows, columns)', out, a);
}
