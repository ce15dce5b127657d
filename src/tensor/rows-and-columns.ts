import type { Kernels } from './kernels.ts';
import { mismatch, requireAlike, requireType } from './shapes.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';

/**
 * Broadcasts and reductions along the rows and columns of a matrix; a vector is one row. `sumRows` and `maxRows` go over
 * the rows and leave one number for each column; `sumColumns` and `maxColumns` go over the columns and leave one number
 * for each row. alpha is 1 and beta 0 by default; with beta 0 the old value of out is not read.
 */
export interface RowAndColumnOperations {
  /** Transposes: out(c, r) ← a(r, c). out must not be a. */
  transpose(out: Tensor, a: Tensor): void;
  /**
   * Gathers columns by index: out(r, c) ← a(r, columns(c)), or a(r, columns(r, c)) if columns has a row for each row of
   * out. columns are i32, an index of −1 gives 0, and indices are not checked against the columns of a. out must not be a.
   */
  gatherColumns(out: Tensor, a: Tensor, columns: Tensor): void;
  /** Adds a row to every row: out(r, c) ← a(r, c) + scale · row(c). scale is 1 by default. */
  addRow(out: Tensor, a: Tensor, row: Tensor, scale?: number): void;
  /** Adds a column to every column: out(r, c) ← a(r, c) + scale · column(r). scale is 1 by default. */
  addColumn(out: Tensor, a: Tensor, column: Tensor, scale?: number): void;
  /** Scales each column by its element of row(columns): out(r, c) ← alpha · a(r, c) · row(c) + beta · out(r, c). */
  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha?: number, beta?: number): void;
  /** Scales each row by its element of column(rows): out(r, c) ← alpha · a(r, c) · column(r) + beta · out(r, c). */
  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha?: number, beta?: number): void;
  /** Sums over the rows: out(columns) ← alpha · Σ_r a(r, c) + beta · out(c). */
  sumRows(out: Tensor, a: Tensor, alpha?: number, beta?: number): void;
  /** Sums over the columns: out(rows) ← alpha · Σ_c a(r, c) + beta · out(r). */
  sumColumns(out: Tensor, a: Tensor, alpha?: number, beta?: number): void;
  /** Takes the maximum over the rows: out(columns) ← max_r a(r, c). NaN if an element is NaN, −∞ for no rows. */
  maxRows(out: Tensor, a: Tensor): void;
  /** Takes the maximum over the columns: out(rows) ← max_c a(r, c). NaN if an element is NaN, −∞ for no columns. */
  maxColumns(out: Tensor, a: Tensor): void;
  /** Takes the dot product over all elements in f64: out (one f64) ← Σ a ⊙ b. */
  dot(out: Tensor, a: Tensor, b: Tensor): void;
  /** Takes the dot product of each row of a with the same row of b: out(rows) ← Σ_c a(r, c) · b(r, c). */
  dotRows(out: Tensor, a: Tensor, b: Tensor): void;
  /** Scales every column of weights whose Euclidean norm exceeds the limit down to it (max-norm on incoming weights). */
  limitColumnNorms(weights: Tensor, limit: number): void;
  /** Scales every row of weights whose Euclidean norm exceeds the limit down to it (max-norm on outgoing weights). */
  limitRowNorms(weights: Tensor, limit: number): void;
}

export const ROW_AND_COLUMN_OPERATIONS: Specifications<RowAndColumnOperations> = {
  transpose: { roles: ['out', 'in'] },
  gatherColumns: { roles: ['out', 'in', 'in'] },
  addRow: { roles: ['out', 'in', 'in', 'value'] },
  addColumn: { roles: ['out', 'in', 'in', 'value'] },
  scaleColumns: { roles: ['inout', 'in', 'in', 'value', 'value'], beta: (args) => args[4] },
  scaleRows: { roles: ['inout', 'in', 'in', 'value', 'value'], beta: (args) => args[4] },
  sumRows: { roles: ['inout', 'in', 'value', 'value'], beta: (args) => args[3] },
  sumColumns: { roles: ['inout', 'in', 'value', 'value'], beta: (args) => args[3] },
  maxRows: { roles: ['out', 'in'] },
  maxColumns: { roles: ['out', 'in'] },
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

  gatherColumns(out: Tensor, a: Tensor, columns: Tensor): void {
    requireType('gatherColumns', 'columns', columns, 'i32');
    const perRow = columns.rows > 1;
    if (
      out.rows !== a.rows ||
      columns.columns !== out.columns ||
      columns.size !== (perRow ? out.size : out.columns)
    ) {
      const expected = 'out(rows, n), a(rows, columns), columns(n) or (rows, n)';
      mismatch('gatherColumns', expected, out, a, columns);
    }
    const indices = columns.offset;
    this.#kernels.gatherColumns(out.offset, a.offset, indices, a.rows, out.columns, a.columns, perRow);
  }

  addRow(out: Tensor, a: Tensor, row: Tensor, scale = 1): void {
    perColumn('addRow', out, a, row);
    this.#kernels.addRow(out.offset, a.offset, row.offset, a.rows, a.columns, scale);
  }

  addColumn(out: Tensor, a: Tensor, column: Tensor, scale = 1): void {
    perRow('addColumn', out, a, column);
    this.#kernels.addColumn(out.offset, a.offset, column.offset, a.rows, a.columns, scale);
  }

  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha = 1, beta = 0): void {
    perColumn('scaleColumns', out, a, row);
    this.#kernels.scaleColumns(out.offset, a.offset, row.offset, a.rows, a.columns, alpha, beta);
  }

  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha = 1, beta = 0): void {
    perRow('scaleRows', out, a, column);
    this.#kernels.scaleRows(out.offset, a.offset, column.offset, a.rows, a.columns, alpha, beta);
  }

  sumRows(out: Tensor, a: Tensor, alpha = 1, beta = 0): void {
    overRows('sumRows', out, a);
    this.#kernels.sumRows(out.offset, a.offset, a.rows, a.columns, alpha, beta);
  }

  sumColumns(out: Tensor, a: Tensor, alpha = 1, beta = 0): void {
    overColumns('sumColumns', out, a);
    this.#kernels.sumColumns(out.offset, a.offset, a.rows, a.columns, alpha, beta);
  }

  maxRows(out: Tensor, a: Tensor): void {
    overRows('maxRows', out, a);
    this.#kernels.maxRows(out.offset, a.offset, a.rows, a.columns);
  }

  maxColumns(out: Tensor, a: Tensor): void {
    overColumns('maxColumns', out, a);
    this.#kernels.maxColumns(out.offset, a.offset, a.rows, a.columns);
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

function overColumns(operation: string, out: Tensor, a: Tensor): void {
  if (out.size !== a.rows) mismatch(operation, 'out(rows), a(rows, columns)', out, a);
}
