// Max-pooling and its adjoint, without padding. The winner of a window is the first of its largest units, row by row.
import { fill } from './elementwise';
import { splat } from './functions';

export function maxPool(
  out: usize,
  a: usize,
  by: usize,
  planes: i32,
  height: i32,
  width: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  paddingY: i32,
  paddingX: i32,
): void {
  const down = (height - kernelHeight) / strideY + 1;
  const right = (width - kernelWidth) / strideX + 1;
  const planeBytes = (<usize>(height * width)) << 2;
  const rowBytes = (<usize>width) << 2;
  const isPairs = kernelHeight == 2 && kernelWidth == 2 && strideY == 2 && strideX == 2;
  for (let plane = 0; plane < planes; plane++, a += planeBytes, by += planeBytes) {
    for (let y = 0; y < down; y++) {
      const offset = <usize>(y * strideY) * rowBytes;
      let x = 0;
      if (isPairs && a == by && right >= 4) {
        // The last four windows may overlap the four before, so that none is left over.
        for (; x + 4 < right; x += 4) largestPairs(out + ((<usize>x) << 2), a + offset + ((<usize>x) << 3), rowBytes);
        x = right - 4;
        largestPairs(out + ((<usize>x) << 2), a + offset + ((<usize>x) << 3), rowBytes);
        out += (<usize>right) << 2;
        continue;
      }
      for (; x < right; x++, out += 4) {
        const first = offset + ((<usize>(x * strideX)) << 2);
        store<f32>(out, load<f32>(a + winnerFrom(by, first, kernelHeight, kernelWidth, rowBytes)));
      }
    }
  }
}

/** Writes the largest units of four adjacent windows of 2 × 2. */
// @ts-ignore: decorator
@inline
function largestPairs(out: usize, a: usize, rowBytes: usize): void {
  const upper = f32x4.max(v128.load(a), v128.load(a + rowBytes));
  const lower = f32x4.max(v128.load(a, 16), v128.load(a + rowBytes, 16));
  const even = v128.shuffle<f32>(upper, lower, 0, 2, 4, 6);
  v128.store(out, f32x4.max(even, v128.shuffle<f32>(upper, lower, 1, 3, 5, 7)));
}

export function maxPoolBack(
  out: usize,
  a: usize,
  by: usize,
  planes: i32,
  height: i32,
  width: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  paddingY: i32,
  paddingX: i32,
): void {
  const down = (height - kernelHeight) / strideY + 1;
  const right = (width - kernelWidth) / strideX + 1;
  const planeBytes = (<usize>(height * width)) << 2;
  const rowBytes = (<usize>width) << 2;
  const isPairs = kernelHeight == 2 && kernelWidth == 2 && strideY == 2 && strideX == 2;
  const byVectors = isPairs && right >= 4;
  for (let plane = 0; plane < planes; plane++, out += planeBytes, by += planeBytes) {
    // The vector path writes every unit of its windows, so only units outside of windows need a 0.
    if (!byVectors || ((width | height) & 1) == 1) fill(out, height * width, 0.0);
    for (let y = 0; y < down; y++) {
      const offset = <usize>(y * strideY) * rowBytes;
      let x = 0;
      if (byVectors) {
        for (; x < right; x += 4) {
          x = min(x, right - 4);
          const at = offset + ((<usize>x) << 3);
          routePairs(out + at, v128.load(a + ((<usize>x) << 2)), by + at, rowBytes);
        }
        a += (<usize>right) << 2;
        continue;
      }
      for (; x < right; x++, a += 4) {
        const first = offset + ((<usize>(x * strideX)) << 2);
        const target = out + winnerFrom(by, first, kernelHeight, kernelWidth, rowBytes);
        store<f32>(target, load<f32>(target) + load<f32>(a));
      }
    }
  }
}

/** Writes all 16 units of four adjacent windows of 2 × 2: the value at the winner, else 0. */
// @ts-ignore: decorator
@inline
function routePairs(out: usize, values: v128, by: usize, rowBytes: usize): void {
  const a0 = v128.load(by);
  const a1 = v128.load(by, 16);
  const b0 = v128.load(by + rowBytes);
  const b1 = v128.load(by + rowBytes, 16);
  const topLeft = v128.shuffle<f32>(a0, a1, 0, 2, 4, 6);
  const topRight = v128.shuffle<f32>(a0, a1, 1, 3, 5, 7);
  const bottomLeft = v128.shuffle<f32>(b0, b1, 0, 2, 4, 6);
  const bottomRight = v128.shuffle<f32>(b0, b1, 1, 3, 5, 7);
  const most = f32x4.max(f32x4.max(topLeft, topRight), f32x4.max(bottomLeft, bottomRight));
  const zero = splat(0.0);
  const first = f32x4.eq(topLeft, most);
  const second = v128.andnot(f32x4.eq(topRight, most), first);
  const before = v128.or(first, second);
  const third = v128.andnot(f32x4.eq(bottomLeft, most), before);
  const top0 = v128.bitselect(values, zero, first);
  const top1 = v128.bitselect(values, zero, second);
  const bottom0 = v128.bitselect(values, zero, third);
  const bottom1 = v128.bitselect(zero, values, v128.or(before, third));
  v128.store(out, v128.shuffle<f32>(top0, top1, 0, 4, 1, 5));
  v128.store(out, v128.shuffle<f32>(top0, top1, 2, 6, 3, 7), 16);
  v128.store(out + rowBytes, v128.shuffle<f32>(bottom0, bottom1, 0, 4, 1, 5));
  v128.store(out + rowBytes, v128.shuffle<f32>(bottom0, bottom1, 2, 6, 3, 7), 16);
}

/** Returns the position of the winner of the window that begins at `first`, in bytes from `by`. NaN counts as largest. */
// @ts-ignore: decorator
@inline
function winnerFrom(by: usize, first: usize, kernelHeight: i32, kernelWidth: i32, rowBytes: usize): usize {
  let winner = first;
  let most = load<f32>(by + first);
  let row = first;
  for (let ky = 0; ky < kernelHeight; ky++, row += rowBytes) {
    for (let kx = 0; kx < kernelWidth; kx++) {
      const at = row + ((<usize>kx) << 2);
      const value = load<f32>(by + at);
      if (value > most || value != value) {
        most = value;
        winner = at;
      }
    }
  }
  return winner;
}
