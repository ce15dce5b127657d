/**
 * Matrix product in f32: out(m, n) ← alpha·op(a)·op(b) + beta·out, row-major and contiguous.
 *
 * Blocking (after Goto & van de Geijn 2008, doi:10.1145/1356052.1356053, and BLIS). A block of op(b), at most
 * BLOCK_K × BLOCK_N, and one of op(a), at most BLOCK_M × BLOCK_K, are packed into panels of 8 columns and of 4 rows
 * (matmul-pack.ts); every pair of panels gives a 4 × 8 tile (matmul-kernel.ts). With 320 steps of k a panel of b takes
 * 10 KB and stays in a first-level cache of 32 KB while the 5 KB panels of a pass by; the packed blocks, 640 and 320 KB,
 * stay in a second-level cache of 1 MB. Between 256 and 512 steps, and for half or twice the other sizes, speed differs
 * by less than 3 %. If b is not transposed and m is small, packing costs more than it saves: the micro-kernel then reads
 * b in place. Vectors and outer products are bound by memory and have loops of their own (matmul-vector.ts).
 *
 * Bits. Every element of out is computed in the same way: for each block of k (block lengths depend on k alone) a sum
 * from zero in ascending k, with one rounding for each product and each addition; then out ← alpha·sum + beta·out for
 * the first block and out ← alpha·sum + out for the others. The result therefore depends on the arguments alone, a row
 * of out has the same bits in every batch, and out may be cut by rows or columns among threads. (k = 1 has no blocks:
 * alpha·(a·b) + beta·out. No sum is split over lanes, and no FMA is used.)
 *
 * NaN and infinity. With beta = 0 out is overwritten and not read. NaN and infinity in a and b spread by IEEE 754, with
 * one exception, for speed with sparse activity: a term 0·x is skipped if that saves reading a whole row of b, or of out.
 * This holds for a zero in a if m = 1 and b is not transposed, for a zero in b if n = 1 and a is transposed, and for a
 * zero in a if k = 1 and beta = 1. There 0·∞ and 0·NaN count as 0.
 */
import { COLUMNS, kernel4x4, kernel4x8, ROWS } from './matmul-kernel';
import { packPanels } from './matmul-pack';
import { BLOCK_K, blockLength, outerProduct, scaleAll, vectorMatrix } from './matmul-vector';

const BLOCK_M: i32 = 256;
const BLOCK_N: i32 = 512;
/** Largest m for which b is read in place unless it is transposed. At 20 rows both ways cost the same. */
const UNPACKED_M: i32 = 16;

const PACKED_A_BYTES: i32 = 4 * BLOCK_M * BLOCK_K;
const PACKED_B_BYTES: i32 = 4 * BLOCK_N * BLOCK_K;
const TILE_BYTES: i32 = 4 * ROWS * COLUMNS;

/** Returns the size in bytes of the workspace of `matmul`, for all shapes. */
export function matmulWorkspaceBytes(): i32 {
  return PACKED_A_BYTES + PACKED_B_BYTES + TILE_BYTES;
}

/**
 * out(m, n) ← alpha·op(a)·op(b) + beta·out. a is (m, k), or (k, m) when transposed; b is (k, n), or (n, k) when
 * transposed. k = 0 gives beta·out. Neither a, b nor the workspace may overlap out.
 */
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
  matmulPart(out, a, b, m, n, k, transposeA, transposeB, alpha, beta, workspace, 0, m, 0, n);
}

/**
 * Computes some rows and columns of out alone. Addresses and sizes are those of the whole matrices, and the method
 * depends on the whole product, so that all parts together have its bits.
 */
export function matmulPart(
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
  row: i32,
  rows: i32,
  column: i32,
  columns: i32,
): void {
  if (rows <= 0 || columns <= 0) return;
  const aStride = transposeA ? m : k;
  const bStride = transposeB ? k : n;
  out += 4 * offsetOf(false, row, column, n);
  if (k <= 0) {
    scaleAll(out, rows, columns, n, beta);
    return;
  }
  a += 4 * offsetOf(transposeA, row, 0, aStride);
  b += 4 * offsetOf(transposeB, 0, column, bStride);
  if (k == 1) outerProduct(out, a, b, rows, columns, n, alpha, beta);
  else if (m == 1) vectorMatrix(out, a, b, columns, k, bStride, transposeB, alpha, beta, workspace);
  else if (n == 1) vectorMatrix(out, b, a, rows, k, aStride, !transposeA, alpha, beta, workspace);
  else {
    multiplyBlocks(
      out,
      a,
      b,
      rows,
      columns,
      k,
      aStride,
      bStride,
      n,
      transposeA,
      transposeB,
      alpha,
      beta,
      workspace,
    );
  }
}

function multiplyBlocks(
  out: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  aStride: i32,
  bStride: i32,
  outStride: i32,
  transposeA: bool,
  transposeB: bool,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const packedA = workspace;
  const packedB = packedA + PACKED_A_BYTES;
  const tile = packedB + PACKED_B_BYTES;
  const rowBytes: usize = 4 * <usize>outStride;
  const blockK = blockLength(k);
  const unpacked = !transposeB && m <= UNPACKED_M;
  for (let p = 0; p < k; p += blockK) {
    const depth = min(blockK, k - p);
    const blockBeta = p == 0 ? beta : <f32>1;
    for (let column = 0; column < n; column += BLOCK_N) {
      const columns = min(BLOCK_N, n - column);
      const edgeColumns = columns & (COLUMNS - 1);
      const wholeColumns = columns - edgeColumns;
      const bBlock = b + 4 * offsetOf(transposeB, p, column, bStride);
      // The panels of b: address of the first, distance between panels, and distance between their rows.
      let panels = packedB;
      let panelStep: usize = 4 * COLUMNS * <usize>depth;
      let bStep: usize = 4 * COLUMNS;
      const edgePanel = packedB + <usize>(wholeColumns / COLUMNS) * panelStep;
      if (unpacked) {
        panels = bBlock;
        panelStep = 4 * COLUMNS;
        bStep = 4 * <usize>bStride;
        // The last panel is packed: reading eight columns of the last row would go past the end of b.
        packPanels(edgePanel, bBlock + 4 * <usize>wholeColumns, bStride, true, edgeColumns, depth, COLUMNS);
      } else {
        packPanels(packedB, bBlock, bStride, !transposeB, columns, depth, COLUMNS);
      }
      for (let row = 0; row < m; row += BLOCK_M) {
        const rows = min(BLOCK_M, m - row);
        // A single block of rows is packed once for all blocks of columns.
        if (column == 0 || m > BLOCK_M) {
          const aBlock = a + 4 * offsetOf(transposeA, row, p, aStride);
          packPanels(packedA, aBlock, aStride, transposeA, rows, depth, ROWS);
        }
        let target = out + 4 * offsetOf(false, row, column, outStride);
        let panel = panels;
        for (let whole = 0; whole < wholeColumns; whole += COLUMNS) {
          multiplyPanel(target, rowBytes, packedA, panel, bStep, rows, COLUMNS, depth, alpha, blockBeta, tile);
          panel += panelStep;
          target += 4 * COLUMNS;
        }
        if (edgeColumns == 0) continue;
        multiplyPanel(
          target,
          rowBytes,
          packedA,
          edgePanel,
          4 * COLUMNS,
          rows,
          edgeColumns,
          depth,
          alpha,
          blockBeta,
          tile,
        );
      }
    }
  }
}

/** Index of element (row, column) of op(x), where rows of x have `stride` elements. */
// @ts-ignore: decorator
@inline
function offsetOf(transposed: bool, row: i32, column: i32, stride: i32): usize {
  return transposed
    ? <usize>column * <usize>stride + <usize>row
    : <usize>row * <usize>stride + <usize>column;
}

/** Multiplies all packed rows of op(a) by one panel of op(b), of which `columns` are inside the matrix. */
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
      addTile(out, rowBytes, tile, min(height, ROWS), columns, beta);
    }
    a += 4 * ROWS * <usize>depth;
    out += <usize>ROWS * rowBytes;
  }
}

/** Writes the part of a tile that is inside the matrix: out ← tile + beta·out. */
function addTile(out: usize, rowBytes: usize, tile: usize, rows: i32, columns: i32, beta: f32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = load<f32>(tile + 4 * <usize>(i * COLUMNS + j));
      const target = out + 4 * <usize>j;
      store<f32>(target, beta == 0 ? value : value + beta * load<f32>(target));
    }
    out += rowBytes;
  }
}
