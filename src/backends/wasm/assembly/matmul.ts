import { packPanels } from './pack';

const ROWS: i32 = 4;
const COLUMNS: i32 = 8;
const BLOCK_M: i32 = 256;
const BLOCK_N: i32 = 512;
const BLOCK_K: i32 = 320;
const DIRECT_M: i32 = 16;

const PACKED_A_BYTES: i32 = 4 * BLOCK_M * BLOCK_K;
const PACKED_B_BYTES: i32 = 4 * BLOCK_N * BLOCK_K;
const TILE_BYTES: i32 = 4 * ROWS * COLUMNS;

export function matmulWorkspaceBytes(): i32 {
  return PACKED_A_BYTES + PACKED_B_BYTES + TILE_BYTES;
}

export function matmul(
  out: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) scale(out, m * n, beta);
  else if (k == 1) outerProduct(out, a, b, m, n, alpha, beta);
  else if (m == 1) vectorMatrix(out, a, b, n, k, transposeB, alpha, beta, workspace);
  else if (n == 1) vectorMatrix(out, b, a, m, k, !transposeA, alpha, beta, workspace);
  else blocked(out, a, b, m, n, k, transposeA, transposeB, alpha, beta, workspace);
}

/** The length of the blocks of k: as few as can be, of nearly equal size. Depends on k alone. */
// @ts-ignore: decorator
@inline
function blockLength(k: i32): i32 {
  const blocks = (k + BLOCK_K - 1) / BLOCK_K;
  return ((k + blocks - 1) / blocks + 3) & ~3;
}

function blocked(
  out: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const packedA = workspace;
  const packedB = packedA + PACKED_A_BYTES;
  const tile = packedB + PACKED_B_BYTES;
  const aStride = transposeA ? m : k;
  const bStride = transposeB ? k : n;
  const rowBytes: usize = 4 * <usize>n;
  const blockK = blockLength(k);
  const direct = !transposeB && m <= DIRECT_M;
  for (let p = 0; p < k; p += blockK) {
    const depth = min(blockK, k - p);
    const blockBeta = p == 0 ? beta : <f32>1;
    const panelBytes: usize = 4 * COLUMNS * <usize>depth;
    for (let column = 0; column < n; column += BLOCK_N) {
      const columns = min(BLOCK_N, n - column);
      const wholeColumns = columns & ~(COLUMNS - 1);
      const bBlock = b + 4 * (transposeB ? <usize>column * <usize>k + <usize>p : <usize>p * <usize>n + <usize>column);
      // Panels of b as the micro-kernel walks them: where they lie and how far apart their rows are.
      let panels = packedB;
      let panelStep = panelBytes;
      let bStep: usize = 4 * COLUMNS;
      let edgePanel = packedB + <usize>(wholeColumns / COLUMNS) * panelBytes;
      if (direct) {
        panels = bBlock;
        panelStep = 4 * COLUMNS;
        bStep = rowBytes;
        packPanels(edgePanel, bBlock + 4 * <usize>wholeColumns, bStride, true, columns - wholeColumns, depth, COLUMNS);
      } else {
        packPanels(packedB, bBlock, bStride, !transposeB, columns, depth, COLUMNS);
      }
      for (let row = 0; row < m; row += BLOCK_M) {
        const rows = min(BLOCK_M, m - row);
        const aBlock = a + 4 * (transposeA ? <usize>p * <usize>m + <usize>row : <usize>row * <usize>k + <usize>p);
        // A single block of rows stays packed for all blocks of columns.
        if (column == 0 || m > BLOCK_M) packPanels(packedA, aBlock, aStride, transposeA, rows, depth, ROWS);
        const corner = out + <usize>row * rowBytes + 4 * <usize>column;
        let panel = panels;
        let target = corner;
        for (let j = 0; j < wholeColumns; j += COLUMNS) {
          multiplyPanel(target, rowBytes, packedA, panel, bStep, rows, COLUMNS, depth, alpha, blockBeta, tile);
          panel += panelStep;
          target += 4 * COLUMNS;
        }
        if (wholeColumns < columns) {
          const width = columns - wholeColumns;
          multiplyPanel(target, rowBytes, packedA, edgePanel, 4 * COLUMNS, rows, width, depth, alpha, blockBeta, tile);
        }
      }
    }
  }
}

/** All packed rows of op(a) times one panel of op(b), of which `columns` are inside the matrix. */
function multiplyPanel(
  out: usize,
  rowBytes: usize,
  a: usize,
  b: usize,
  bStep: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  alpha: f32,
  beta: f32,
  tile: usize,
): void {
  for (let row = 0; row < rows; row += ROWS) {
    const height = rows - row;
    if (columns == COLUMNS && height >= ROWS) {
      kernel4x8(out, rowBytes, a, b, bStep, depth, alpha, beta);
    } else {
      if (columns > 4) kernel4x8(tile, 4 * COLUMNS, a, b, bStep, depth, alpha, 0);
      else kernel4x4(tile, 4 * COLUMNS, a, b, depth, alpha);
      writeEdge(out, rowBytes, tile, min(height, ROWS), columns, beta);
    }
    a += 4 * ROWS * <usize>depth;
    out += <usize>ROWS * rowBytes;
  }
}

function writeEdge(out: usize, rowBytes: usize, tile: usize, rows: i32, columns: i32, beta: f32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = load<f32>(tile + 4 * <usize>(i * COLUMNS + j));
      const target = out + 4 * <usize>j;
      store<f32>(target, beta == 0 ? value : value + beta * load<f32>(target));
    }
    out += rowBytes;
  }
}

// @ts-ignore: decorator
@inline
function multiplyAdd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

// @ts-ignore: decorator
@inline
function writeVector(out: usize, sum: v128, alpha: v128, beta: v128, overwrite: bool): void {
  const scaled = f32x4.mul(alpha, sum);
  v128.store(out, overwrite ? scaled : f32x4.add(scaled, f32x4.mul(beta, v128.load(out))));
}

function kernel4x8(
  out: usize,
  rowBytes: usize,
  a: usize,
  b: usize,
  bStep: usize,
  k: i32,
  alpha: f32,
  beta: f32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  const end: usize = a + <usize>(4 * ROWS) * <usize>k;
  const oddStep: usize = k & 1 ? end - 4 * ROWS : 0;
  do {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = multiplyAdd(c00, x, b0);
    c01 = multiplyAdd(c01, x, b1);
    x = v128.load32_splat(a, 4);
    c10 = multiplyAdd(c10, x, b0);
    c11 = multiplyAdd(c11, x, b1);
    x = v128.load32_splat(a, 8);
    c20 = multiplyAdd(c20, x, b0);
    c21 = multiplyAdd(c21, x, b1);
    x = v128.load32_splat(a, 12);
    c30 = multiplyAdd(c30, x, b0);
    c31 = multiplyAdd(c31, x, b1);
    if (a == oddStep) break;
    b0 = v128.load(b + bStep);
    b1 = v128.load(b + bStep, 16);
    x = v128.load32_splat(a, 16);
    c00 = multiplyAdd(c00, x, b0);
    c01 = multiplyAdd(c01, x, b1);
    x = v128.load32_splat(a, 20);
    c10 = multiplyAdd(c10, x, b0);
    c11 = multiplyAdd(c11, x, b1);
    x = v128.load32_splat(a, 24);
    c20 = multiplyAdd(c20, x, b0);
    c21 = multiplyAdd(c21, x, b1);
    x = v128.load32_splat(a, 28);
    c30 = multiplyAdd(c30, x, b0);
    c31 = multiplyAdd(c31, x, b1);
    a += 2 * 4 * ROWS;
    b += 2 * bStep;
  } while (a < end);
  const alphas = f32x4.splat(alpha);
  const betas = f32x4.splat(beta);
  const overwrite = beta == 0;
  writeVector(out, c00, alphas, betas, overwrite);
  writeVector(out + 16, c01, alphas, betas, overwrite);
  out += rowBytes;
  writeVector(out, c10, alphas, betas, overwrite);
  writeVector(out + 16, c11, alphas, betas, overwrite);
  out += rowBytes;
  writeVector(out, c20, alphas, betas, overwrite);
  writeVector(out + 16, c21, alphas, betas, overwrite);
  out += rowBytes;
  writeVector(out, c30, alphas, betas, overwrite);
  writeVector(out + 16, c31, alphas, betas, overwrite);
}

/** The left half of a tile, for panels whose right half lies past the edge (10 columns: 8 and 2). */
function kernel4x4(out: usize, rowBytes: usize, a: usize, b: usize, k: i32, alpha: f32): void {
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let c2 = f32x4.splat(0);
  let c3 = f32x4.splat(0);
  const end: usize = b + <usize>(4 * COLUMNS) * <usize>k;
  do {
    const b0 = v128.load(b);
    c0 = multiplyAdd(c0, v128.load32_splat(a), b0);
    c1 = multiplyAdd(c1, v128.load32_splat(a, 4), b0);
    c2 = multiplyAdd(c2, v128.load32_splat(a, 8), b0);
    c3 = multiplyAdd(c3, v128.load32_splat(a, 12), b0);
    a += 4 * ROWS;
    b += 4 * COLUMNS;
  } while (b < end);
  const alphas = f32x4.splat(alpha);
  v128.store(out, f32x4.mul(alphas, c0));
  v128.store(out + rowBytes, f32x4.mul(alphas, c1));
  v128.store(out + 2 * rowBytes, f32x4.mul(alphas, c2));
  v128.store(out + 3 * rowBytes, f32x4.mul(alphas, c3));
}

/** out ← beta·out for `length` elements. */
function scale(out: usize, length: i32, beta: f32): void {
  const end: usize = out + 4 * <usize>length;
  for (; out < end; out += 4) store<f32>(out, beta == 0 ? 0 : beta * load<f32>(out));
}

/** k = 1: out ← alpha·(aᵢ·bⱼ) + beta·out. */
function outerProduct(out: usize, a: usize, b: usize, m: i32, n: i32, alpha: f32, beta: f32): void {
  const rowBytes: usize = 4 * <usize>n;
  const vectorEnd: usize = b + 4 * <usize>(n & ~15);
  const bEnd = b + rowBytes;
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

/** m = 1: out(n) ← alpha·x(k)·op(b) + beta·out. */
function vectorMatrix(
  out: usize,
  x: usize,
  b: usize,
  n: i32,
  k: i32,
  transposeB: bool,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const blockK = blockLength(k);
  for (let p = 0; p < k; p += blockK) {
    const depth = min(blockK, k - p);
    const blockBeta = p == 0 ? beta : <f32>1;
    const block = x + 4 * <usize>p;
    if (transposeB) dotRows(out, block, b + 4 * <usize>p, n, k, depth, alpha, blockBeta, workspace);
    else addRows(out, block, b + 4 * <usize>p * <usize>n, n, depth, alpha, blockBeta, workspace);
  }
}

/** A block of rows of b, weighted by x and added up. */
function addRows(
  out: usize,
  x: usize,
  b: usize,
  n: i32,
  depth: i32,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const rowBytes: usize = 4 * <usize>n;
  // The weights that are not zero, each with the address of its row.
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

const ROW_BLOCK_N: i32 = 4096;

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

/** A block of columns of b, stored as rows: eight dot products at a time. */
function dotRows(
  out: usize,
  x: usize,
  b: usize,
  n: i32,
  stride: i32,
  depth: i32,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const rowBytes: usize = 4 * <usize>stride;
  const xVectorEnd = x + 4 * <usize>(depth & ~3);
  const xEnd = x + 4 * <usize>depth;
  for (let j = 0; j < n; j += 8) {
    const lanes = min(8, n - j);
    const row = b + <usize>j * rowBytes;
    let r0 = row;
    let r1 = row + <usize>min(1, lanes - 1) * rowBytes;
    let r2 = row + <usize>min(2, lanes - 1) * rowBytes;
    let r3 = row + <usize>min(3, lanes - 1) * rowBytes;
    let r4 = row + <usize>min(4, lanes - 1) * rowBytes;
    let r5 = row + <usize>min(5, lanes - 1) * rowBytes;
    let r6 = row + <usize>min(6, lanes - 1) * rowBytes;
    let r7 = row + <usize>min(7, lanes - 1) * rowBytes;
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    let source = x;
    while (source < xVectorEnd) {
      sum0 = addTransposed(sum0, source, r0, r1, r2, r3);
      sum1 = addTransposed(sum1, source, r4, r5, r6, r7);
      source += 16;
      r0 += 16;
      r1 += 16;
      r2 += 16;
      r3 += 16;
      r4 += 16;
      r5 += 16;
      r6 += 16;
      r7 += 16;
    }
    while (source < xEnd) {
      const value = v128.load32_splat(source);
      sum0 = multiplyAdd(sum0, value, f32x4(load<f32>(r0), load<f32>(r1), load<f32>(r2), load<f32>(r3)));
      sum1 = multiplyAdd(sum1, value, f32x4(load<f32>(r4), load<f32>(r5), load<f32>(r6), load<f32>(r7)));
      source += 4;
      r0 += 4;
      r1 += 4;
      r2 += 4;
      r3 += 4;
      r4 += 4;
      r5 += 4;
      r6 += 4;
      r7 += 4;
    }
    v128.store(workspace, sum0);
    v128.store(workspace, sum1, 16);
    writeRow(out + 4 * <usize>j, workspace, lanes, alpha, beta);
  }
}

// @ts-ignore: decorator
@inline
function addTransposed(sum: v128, x: usize, r0: usize, r1: usize, r2: usize, r3: usize): v128 {
  const x0 = v128.load(r0);
  const x1 = v128.load(r1);
  const x2 = v128.load(r2);
  const x3 = v128.load(r3);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  sum = multiplyAdd(sum, v128.load32_splat(x), v128.shuffle<f64>(low01, low23, 0, 2));
  sum = multiplyAdd(sum, v128.load32_splat(x, 4), v128.shuffle<f64>(low01, low23, 1, 3));
  sum = multiplyAdd(sum, v128.load32_splat(x, 8), v128.shuffle<f64>(high01, high23, 0, 2));
  return multiplyAdd(sum, v128.load32_splat(x, 12), v128.shuffle<f64>(high01, high23, 1, 3));
}
