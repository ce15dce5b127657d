// Broadcasts: a row or a column, combined with every row or column of a matrix.
import { load1, store1 } from './elementwise';
import { splat } from './functions';

/** One row of out ← alpha·a ⊙ factor + beta·out, where factor is a row (`perColumn`) or one value. */
// @ts-ignore: decorator
@inline
function scaleRow(out: usize, a: usize, factor: usize, columns: i32, alpha: f32, beta: f32, perColumn: bool): void {
  const alpha4 = splat(alpha);
  const beta4 = splat(beta);
  const same = perColumn ? alpha4 : f32x4.mul(alpha4, v128.load32_splat(factor));
  let column = 0;
  for (; column + 4 <= columns; column += 4, out += 16, a += 16) {
    const f = perColumn ? f32x4.mul(alpha4, v128.load(factor)) : same;
    let value = f32x4.mul(v128.load(a), f);
    if (beta != 0) value = f32x4.add(value, f32x4.mul(beta4, v128.load(out)));
    v128.store(out, value);
    if (perColumn) factor += 16;
  }
  for (; column < columns; column++, out += 4, a += 4) {
    const f = perColumn ? f32x4.mul(alpha4, load1(factor)) : same;
    let value = f32x4.mul(load1(a), f);
    if (beta != 0) value = f32x4.add(value, f32x4.mul(beta4, load1(out)));
    store1(out, value);
    if (perColumn) factor += 4;
  }
}

export function scaleColumns(out: usize, a: usize, row: usize, rows: i32, columns: i32, alpha: f32, beta: f32): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++, out += bytes, a += bytes) scaleRow(out, a, row, columns, alpha, beta, true);
}

export function scaleRows(out: usize, a: usize, column: usize, rows: i32, columns: i32, alpha: f32, beta: f32): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++, out += bytes, a += bytes, column += 4) {
    scaleRow(out, a, column, columns, alpha, beta, false);
  }
}

/** One row of out ← a + scale·term, where term is a row (`perColumn`) or one value. */
// @ts-ignore: decorator
@inline
function addToRow(out: usize, a: usize, term: usize, columns: i32, scale: f32, perColumn: bool): void {
  const scale4 = splat(scale);
  const same = perColumn ? scale4 : f32x4.mul(scale4, v128.load32_splat(term));
  const end = out + ((<usize>columns) << 2);
  for (; out + 16 <= end; out += 16, a += 16, term += 16) {
    v128.store(out, f32x4.add(v128.load(a), perColumn ? f32x4.mul(scale4, v128.load(term)) : same));
  }
  for (; out < end; out += 4, a += 4, term += 4) {
    store1(out, f32x4.add(load1(a), perColumn ? f32x4.mul(scale4, load1(term)) : same));
  }
}

export function addRow(out: usize, a: usize, row: usize, rows: i32, columns: i32, scale: f32): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++, out += bytes, a += bytes) addToRow(out, a, row, columns, scale, true);
}

export function addColumn(out: usize, a: usize, column: usize, rows: i32, columns: i32, scale: f32): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++, out += bytes, a += bytes, column += 4) {
    addToRow(out, a, column, columns, scale, false);
  }
}
