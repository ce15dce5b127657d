// Inputs of a convolution kernel at every place of a picture, and the adjoint. `planes` is batch · channels. For each
// plane, `unfold` writes kernelHeight × kernelWidth pictures of the places, one for each input of the kernel.
import { fill, load1, store1 } from './elementwise';
import { splat } from './functions';

/** Returns the first place whose input is inside the picture, along one side: offset + place · stride ≥ 0. */
// @ts-ignore: decorator
@inline
function firstInside(offset: i32, stride: i32, places: i32): i32 {
  if (stride == 1) return min(max(-offset, 0), places);
  return offset >= 0 ? 0 : min((stride - 1 - offset) / stride, places);
}

/** Returns the place after the last whose input is inside a picture with this number of pixels along one side. */
// @ts-ignore: decorator
@inline
function endInside(offset: i32, stride: i32, places: i32, pixels: i32): i32 {
  const room = pixels - 1 - offset;
  if (stride == 1) return min(max(room + 1, 0), places);
  return room < 0 ? 0 : min(room / stride + 1, places);
}

/** Copies rows of `count` floats. Rows of a are `aStep` bytes apart, its elements `stride` floats. */
// @ts-ignore: decorator
@inline
function copyRows(out: usize, a: usize, rows: i32, count: i32, outStep: usize, aStep: usize, stride: i32): void {
  if (stride == 1 && count >= 4) {
    // The last vector may overlap the vector before, so that no float is left over.
    const last = (<usize>(count - 4)) << 2;
    for (let row = 0; row < rows; row++, out += outStep, a += aStep) {
      for (let i: usize = 0; i < last; i += 16) v128.store(out + i, v128.load(a + i));
      v128.store(out + last, v128.load(a + last));
    }
    return;
  }
  const step = (<usize>stride) << 2;
  for (let row = 0; row < rows; row++, out += outStep, a += aStep) {
    for (let i: usize = 0; i < <usize>count; i++) store1(out + (i << 2), load1(a + i * step));
  }
}

/** Writes zeros to `count` columns of every row. */
// @ts-ignore: decorator
@inline
function clearColumns(out: usize, rows: i32, count: i32, outStep: usize): void {
  const zero = splat(0.0);
  for (let row = 0; row < rows; row++, out += outStep) {
    for (let i: usize = 0; i < <usize>count; i++) store1(out + (i << 2), zero);
  }
}

export function unfold(
  out: usize,
  a: usize,
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
  const down = (height + 2 * paddingY - kernelHeight) / strideY + 1;
  const right = (width + 2 * paddingX - kernelWidth) / strideX + 1;
  const rowBytes = (<usize>right) << 2;
  const planeBytes = (<usize>(height * width)) << 2;
  for (let plane = 0; plane < planes; plane++, a += planeBytes) {
    for (let ky = 0; ky < kernelHeight; ky++) {
      const firstY = firstInside(ky - paddingY, strideY, down);
      const endY = max(firstY, endInside(ky - paddingY, strideY, down, height));
      for (let kx = 0; kx < kernelWidth; kx++) {
        const first = firstInside(kx - paddingX, strideX, right);
        const end = max(first, endInside(kx - paddingX, strideX, right, width));
        if (firstY > 0) fill(out, firstY * right, 0.0);
        out += <usize>firstY * rowBytes;
        const rows = endY - firstY;
        const source = a + (<usize>((firstY * strideY + ky - paddingY) * width + first * strideX + kx - paddingX) << 2);
        const inside = out + ((<usize>first) << 2);
        copyRows(inside, source, rows, end - first, rowBytes, (<usize>(strideY * width)) << 2, strideX);
        if (first > 0) clearColumns(out, rows, first, rowBytes);
        if (end < right) clearColumns(out + ((<usize>end) << 2), rows, right - end, rowBytes);
        out += <usize>rows * rowBytes;
        if (endY < down) fill(out, (down - endY) * right, 0.0);
        out += <usize>(down - endY) * rowBytes;
      }
    }
  }
}

/** Adds rows of `count` floats. Elements of a row of a are adjacent, elements of out `stride` floats apart. */
// @ts-ignore: decorator
@inline
function addRows(out: usize, a: usize, rows: i32, count: i32, outStep: usize, aStep: usize, stride: i32): void {
  if (stride == 1 && count >= 4) {
    const whole = (<usize>(count & ~3)) << 2;
    const end = (<usize>count) << 2;
    for (let row = 0; row < rows; row++, out += outStep, a += aStep) {
      let i: usize = 0;
      for (; i < whole; i += 16) v128.store(out + i, f32x4.add(v128.load(out + i), v128.load(a + i)));
      if (i + 8 <= end) {
        v128.store_lane<u64>(out + i, f32x4.add(v128.load64_zero(out + i), v128.load64_zero(a + i)), 0);
        i += 8;
      }
      if (i < end) store<f32>(out + i, load<f32>(out + i) + load<f32>(a + i));
    }
    return;
  }
  const step = (<usize>stride) << 2;
  for (let row = 0; row < rows; row++, out += outStep, a += aStep) {
    for (let i: usize = 0; i < <usize>count; i++) {
      store<f32>(out + i * step, load<f32>(out + i * step) + load<f32>(a + (i << 2)));
    }
  }
}

/** Every unit adds up the inputs of the kernel in their order. */
export function fold(
  out: usize,
  a: usize,
  planes: i32,
  height: i32,
  width: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  paddingY: i32,
  paddingX: i32,
  beta: f32,
): void {
  const down = (height + 2 * paddingY - kernelHeight) / strideY + 1;
  const right = (width + 2 * paddingX - kernelWidth) / strideX + 1;
  const rowBytes = (<usize>right) << 2;
  const planeBytes = (<usize>(height * width)) << 2;
  for (let plane = 0; plane < planes; plane++, out += planeBytes) {
    if (beta == 0) fill(out, height * width, 0.0);
    else if (beta != 1) {
      for (let pointer = out; pointer < out + planeBytes; pointer += 4) {
        store<f32>(pointer, beta * load<f32>(pointer));
      }
    }
    for (let ky = 0; ky < kernelHeight; ky++) {
      const firstY = firstInside(ky - paddingY, strideY, down);
      const endY = max(firstY, endInside(ky - paddingY, strideY, down, height));
      for (let kx = 0; kx < kernelWidth; kx++, a += <usize>down * rowBytes) {
        const first = firstInside(kx - paddingX, strideX, right);
        const end = max(first, endInside(kx - paddingX, strideX, right, width));
        const source = a + <usize>firstY * rowBytes + ((<usize>first) << 2);
        const target = out + (<usize>((firstY * strideY + ky - paddingY) * width + first * strideX + kx - paddingX) << 2);
        addRows(target, source, endY - firstY, end - first, (<usize>(strideY * width)) << 2, rowBytes, strideX);
      }
    }
  }
}
