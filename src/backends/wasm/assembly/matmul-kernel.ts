/**
 * Micro-kernels: a tile of out is the product of a panel of op(a) and a panel of op(b), kept in registers.
 *
 * 4 × 8 is the largest tile that an engine for x86-64 keeps in registers in whatever order it schedules the loads:
 * 8 sums + 2 vectors of b + 4 broadcasts of a + 1 product = 15, and V8 reserves the sixteenth.
 * (V8 moves the loads of a step to its start; 5 × 8, 6 × 8 and 3 × 12 then spill and run at half the speed.)
 *
 * The steps of k are unrolled four times, each followed by its own test for the end. The tests do not only serve a k that
 * is no multiple of four: without branches, optimisers interleave the steps and run out of registers. Each step advances
 * the pointers, so that all steps use the same offsets, which V8 computes once before the loop.
 */

/** Rows and columns of a tile: the widths of a panel of op(a) and of op(b). */
export const ROWS: i32 = 4;
export const COLUMNS: i32 = 8;

// @ts-ignore: decorator
@inline
export function multiplyAdd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** out ← alpha·sum + beta·out for four elements. `overwrite` means that beta is 0 and out is not read. */
// @ts-ignore: decorator
@inline
export function writeVector(out: usize, sum: v128, alpha: v128, beta: v128, overwrite: bool): void {
  const scaled = f32x4.mul(alpha, sum);
  v128.store(out, overwrite ? scaled : f32x4.add(scaled, f32x4.mul(beta, v128.load(out))));
}

/**
 * Computes a whole tile: out(4, 8) ← alpha·a(k, 4)ᵀ·b(k, 8) + beta·out, k ≥ 1. Rows of out are `rowBytes` apart,
 * rows of b `bStep` bytes (32 when packed).
 */
export function kernel4x8(
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
  let b0: v128, b1: v128, x: v128;
  const end: usize = a + 16 * <usize>k;
  do {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a, 0);
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
    a += 16;
    b += bStep;
    if (a == end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a, 0);
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
    a += 16;
    b += bStep;
    if (a == end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a, 0);
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
    a += 16;
    b += bStep;
    if (a == end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a, 0);
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
    a += 16;
    b += bStep;
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

/** Computes the left half of a tile, for panels whose right half is past the edge (10 columns: 8 and 2). */
export function kernel4x4(out: usize, rowBytes: usize, a: usize, b: usize, k: i32, alpha: f32): void {
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

