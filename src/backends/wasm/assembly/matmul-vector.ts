/**
 * Products that are bound by memory: a vector with a matrix, and the outer product of two vectors. Sums have the blocks
 * and the order of matmul.ts: a row gives the same bits alone as in a batch.
 */
import { multiplyAdd, writeVector } from './matmul-kernel';

/** Largest number of steps of k in one sum. matmul.ts explains 320. */
export const BLOCK_K: i32 = 320;
/** Largest number of columns whose sums `addRows` holds at a time: 16 KB, half of a first-level cache. */
const ROW_BLOCK_N: i32 = 4096;

/** Length of the blocks of k: the fewest blocks, of nearly equal lengths that are multiples of 4. It depends on k alone. */
// @ts-ignore: decorator
@inline
export function blockLength(k: i32): i32 {
  const blocks = (k + BLOCK_K - 1) / BLOCK_K;
  return ((k + blocks - 1) / blocks + 3) & ~3;
}

/** The product for k = 0: out ← beta·out. Rows of out are `stride` elements apart. */
export function scaleAll(out: usize, rows: i32, columns: i32, stride: i32, beta: f32): void {
  for (let row = 0; row < rows; row++, out += 4 * <usize>stride) {
    const end: usize = out + 4 * <usize>columns;
    for (let at = out; at < end; at += 4) store<f32>(at, beta == 0 ? 0 : beta * load<f32>(at));
  }
}

/** The product for k = 1: out ← alpha·(aᵢ·bⱼ) + beta·out. Rows of out are `stride` elements apart. */
export function outerProduct(
  out: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  stride: i32,
  alpha: f32,
  beta: f32,
): void {
  const rowBytes: usize = 4 * <usize>stride;
  const vectorEnd: usize = b + 4 * <usize>(n & ~15);
  const bEnd: usize = b + 4 * <usize>n;
  const alphas = f32x4.splat(alpha);
  const betas = f32x4.splat(beta);
  const overwrite = beta == 0;
  for (let i = 0; i < m; i++, out += rowBytes) {
    const value = load<f32>(a + 4 * <usize>i);
    if (value == 0 && beta == 1) continue;
    const x = f32x4.splat(value);
    let source = b;
    let target = out;
    for (; source < vectorEnd; source += 64, target += 64) {
      writeVector(target, f32x4.mul(x, v128.load(source)), alphas, betas, overwrite);
      writeVector(target + 16, f32x4.mul(x, v128.load(source, 16)), alphas, betas, overwrite);
      writeVector(target + 32, f32x4.mul(x, v128.load(source, 32)), alphas, betas, overwrite);
      writeVector(target + 48, f32x4.mul(x, v128.load(source, 48)), alphas, betas, overwrite);
    }
    for (; source < bEnd; source += 4, target += 4) {
      const product = alpha * (value * load<f32>(source));
      store<f32>(target, overwrite ? product : product + beta * load<f32>(target));
    }
  }
}

/** The product for m = 1: out(n) ← alpha·x(k)·op(b) + beta·out. Rows of b are `stride` elements apart (k if transposed). */
export function vectorMatrix(
  out: usize,
  x: usize,
  b: usize,
  n: i32,
  k: i32,
  stride: i32,
  transposeB: bool,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  if (transposeB) {
    dotRows(out, x, b, n, k, alpha, beta, workspace);
    return;
  }
  const blockK = blockLength(k);
  for (let p = 0; p < k; p += blockK) {
    const depth = min(blockK, k - p);
    const bBlock = b + 4 * <usize>p * <usize>stride;
    addRows(out, x + 4 * <usize>p, bBlock, n, depth, stride, alpha, p == 0 ? beta : <f32>1, workspace);
  }
}

/** Adds up a block of rows of b, weighted by x. */
function addRows(
  out: usize,
  x: usize,
  b: usize,
  n: i32,
  depth: i32,
  stride: i32,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const rowBytes: usize = 4 * <usize>stride;
  // List of the weights that are not zero, each with the address of its row.
  const list = workspace;
  let listEnd = list;
  for (let p = 0; p < depth; p++) {
    const value = load<f32>(x + 4 * <usize>p);
    if (value == 0) continue;
    store<f32>(listEnd, value);
    store<u32>(listEnd, <u32>(b + <usize>p * rowBytes), 4);
    listEnd += 8;
  }
  const sums = list + 8 * BLOCK_K;
  for (let column = 0; column < n; column += ROW_BLOCK_N) {
    const columns = min(ROW_BLOCK_N, n - column);
    const bytes: usize = 4 * <usize>columns;
    const offset: usize = 4 * <usize>column;
    memory.fill(sums, 0, bytes);
    let entry = list;
    for (; entry + 32 <= listEnd; entry += 32) addFourRows(sums, entry, offset, columns);
    for (; entry < listEnd; entry += 8) addOneRow(sums, entry, offset, columns);
    writeRow(out + offset, sums, columns, alpha, beta);
  }
}

function addFourRows(sums: usize, entry: usize, offset: usize, columns: i32): void {
  const x0 = load<f32>(entry);
  const x1 = load<f32>(entry, 8);
  const x2 = load<f32>(entry, 16);
  const x3 = load<f32>(entry, 24);
  let b0 = <usize>load<u32>(entry, 4) + offset;
  let b1 = <usize>load<u32>(entry, 12) + offset;
  let b2 = <usize>load<u32>(entry, 20) + offset;
  let b3 = <usize>load<u32>(entry, 28) + offset;
  const end: usize = sums + 4 * <usize>columns;
  const vectorEnd: usize = sums + 4 * <usize>(columns & ~7);
  const v0 = f32x4.splat(x0);
  const v1 = f32x4.splat(x1);
  const v2 = f32x4.splat(x2);
  const v3 = f32x4.splat(x3);
  while (sums < vectorEnd) {
    let s0 = v128.load(sums);
    let s1 = v128.load(sums, 16);
    s0 = multiplyAdd(s0, v0, v128.load(b0));
    s1 = multiplyAdd(s1, v0, v128.load(b0, 16));
    s0 = multiplyAdd(s0, v1, v128.load(b1));
    s1 = multiplyAdd(s1, v1, v128.load(b1, 16));
    s0 = multiplyAdd(s0, v2, v128.load(b2));
    s1 = multiplyAdd(s1, v2, v128.load(b2, 16));
    s0 = multiplyAdd(s0, v3, v128.load(b3));
    s1 = multiplyAdd(s1, v3, v128.load(b3, 16));
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    sums += 32;
    b0 += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
  while (sums < end) {
    let s = load<f32>(sums);
    s = s + x0 * load<f32>(b0);
    s = s + x1 * load<f32>(b1);
    s = s + x2 * load<f32>(b2);
    s = s + x3 * load<f32>(b3);
    store<f32>(sums, s);
    sums += 4;
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
  }
}

function addOneRow(sums: usize, entry: usize, offset: usize, columns: i32): void {
  const x = load<f32>(entry);
  let b = <usize>load<u32>(entry, 4) + offset;
  const end: usize = sums + 4 * <usize>columns;
  const vectorEnd: usize = sums + 4 * <usize>(columns & ~3);
  const v = f32x4.splat(x);
  for (; sums < vectorEnd; sums += 16, b += 16) {
    v128.store(sums, multiplyAdd(v128.load(sums), v, v128.load(b)));
  }
  for (; sums < end; sums += 4, b += 4) store<f32>(sums, load<f32>(sums) + x * load<f32>(b));
}

/** out ← alpha·sums + beta·out. */
function writeRow(out: usize, sums: usize, n: i32, alpha: f32, beta: f32): void {
  const end: usize = out + 4 * <usize>n;
  const vectorEnd: usize = out + 4 * <usize>(n & ~3);
  const alphas = f32x4.splat(alpha);
  const betas = f32x4.splat(beta);
  const overwrite = beta == 0;
  for (; out < vectorEnd; out += 16, sums += 16) writeVector(out, v128.load(sums), alphas, betas, overwrite);
  for (; out < end; out += 4, sums += 4) {
    const value = alpha * load<f32>(sums);
    store<f32>(out, overwrite ? value : value + beta * load<f32>(out));
  }
}

/** Dot products of x with the rows of b, which is stored as (n, k): eight at a time, one in each lane. */
function dotRows(
  out: usize,
  x: usize,
  b: usize,
  n: i32,
  k: i32,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const rowBytes: usize = 4 * <usize>k;
  const blockK = blockLength(k);
  // Fewer than eight rows are computed one by one.
  const together = n < 8 ? 1 : 8;
  const laneBytes: usize = n < 8 ? 0 : rowBytes;
  for (let j = 0; j < n; j += together) {
    // Some of the last eight rows may be done already: their sums are dropped.
    const first = min(j, n - together);
    const row = b + <usize>first * rowBytes;
    const target = out + 4 * <usize>j;
    const sums = workspace + 4 * <usize>(j - first);
    for (let p = 0; p < k; p += blockK) {
      dotEightRows(workspace, x + 4 * <usize>p, row + 4 * <usize>p, laneBytes, min(blockK, k - p));
      writeRow(target, sums, together - (j - first), alpha, p == 0 ? beta : <f32>1);
    }
  }
}

/** sums(8) ← x(depth) · eight rows of b, which are `rowBytes` apart. If `rowBytes` is 0, only the first sum counts. */
function dotEightRows(sums: usize, x: usize, b: usize, rowBytes: usize, depth: i32): void {
  const vectorEnd: usize = x + 4 * <usize>(depth & ~3);
  const end: usize = x + 4 * <usize>depth;
  let low = f32x4.splat(0);
  let high = f32x4.splat(0);
  for (; x < vectorEnd; x += 16, b += 16) {
    low = addTransposed(low, x, b, rowBytes);
    // The store keeps the loads below it: moved above it, they would push a sum out of its register.
    v128.store(sums, low);
    high = addTransposed(high, x, b + 4 * rowBytes, rowBytes);
  }
  while (x < end) {
    const value = v128.load32_splat(x);
    low = multiplyAdd(low, value, loadColumn(b, rowBytes));
    high = multiplyAdd(high, value, loadColumn(b + 4 * rowBytes, rowBytes));
    x += 4;
    b += 4;
  }
  v128.store(sums, low);
  v128.store(sums, high, 16);
}

// @ts-ignore: decorator
@inline
function loadColumn(row0: usize, rowBytes: usize): v128 {
  const row1 = row0 + rowBytes;
  const row2 = row1 + rowBytes;
  const row3 = row2 + rowBytes;
  return f32x4(load<f32>(row0), load<f32>(row1), load<f32>(row2), load<f32>(row3));
}

/** sum ← sum + x(4) · four rows, which are transposed in registers so that each lane adds in ascending k. */
// @ts-ignore: decorator
@inline
function addTransposed(sum: v128, x: usize, row0: usize, rowBytes: usize): v128 {
  const row1 = row0 + rowBytes;
  const row2 = row1 + rowBytes;
  const row3 = row2 + rowBytes;
  const x0 = v128.load(row0);
  const x1 = v128.load(row1);
  const x2 = v128.load(row2);
  const x3 = v128.load(row3);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  sum = multiplyAdd(sum, v128.load32_splat(x), v128.shuffle<f64>(low01, low23, 0, 2));
  sum = multiplyAdd(sum, v128.load32_splat(x, 4), v128.shuffle<f64>(low01, low23, 1, 3));
  sum = multiplyAdd(sum, v128.load32_splat(x, 8), v128.shuffle<f64>(high01, high23, 0, 2));
  return multiplyAdd(sum, v128.load32_splat(x, 12), v128.shuffle<f64>(high01, high23, 1, 3));
}
