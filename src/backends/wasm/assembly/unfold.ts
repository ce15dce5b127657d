// What kernels see of pictures, place by place, and its adjoint. `planes` are the channels of all examples; out of
// `unfold` has, for each plane, kernelHeight × kernelWidth pictures of the places, one for each input of the kernel.
import { fill, load1, store1 } from './elementwise';
import { splat } from './functions';

/** The first place whose input lies inside the picture, along one side. */
// @ts-ignore: decorator
@inline
function firstInside(offset: i32, stride: i32, places: i32): i32 {
  // offset + place · stride ≥ 0
  return offset >= 0 ? 0 : min((stride - 1 - offset) / stride, places);
}

/** One after the last place whose input lies inside a picture of so many pixels. */
// @ts-ignore: decorator
@inline
function endInside(offset: i32, stride: i32, places: i32, pixels: i32): i32 {
  // offset + place · stride ≤ pixels − 1
  const room = pixels - 1 - offset;
  return room < 0 ? 0 : min(room / stride + 1, places);
}

// @ts-ignore: decorator
@inline
function copyRow(out: usize, a: usize, count: i32, stride: i32): void {
  if (stride == 1) {
    if (count >= 4) {
      // The last vector may overlap the one before it: no singles.
      const last = (<usize>(count - 4)) << 2;
      for (let i: usize = 0; i < last; i += 16) v128.store(out + i, v128.load(a + i));
      v128.store(out + last, v128.load(a + last));
      return;
    }
    for (let i = 0; i < count; i++, out += 4, a += 4) store1(out, load1(a));
    return;
  }
  const step = (<usize>stride) << 2;
  for (let i = 0; i < count; i++, out += 4, a += step) store1(out, load1(a));
}

// @ts-ignore: decorator
@inline
function zeroRow(out: usize, count: i32): void {
  const zero = splat(0.0);
  let i = 0;
  for (; i + 4 <= count; i += 4, out += 16) v128.store(out, zero);
  for (; i < count; i++, out += 4) store1(out, zero);
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
        zeroRow(out, firstY * right);
        out += <usize>firstY * rowBytes;
        let source = a + (<usize>((firstY * strideY + ky - paddingY) * width + first * strideX + kx - paddingX) << 2);
        const step = (<usize>(strideY * width)) << 2;
        for (let y = firstY; y < endY; y++, out += rowBytes, source += step) {
          if (first > 0) zeroRow(out, first);
          copyRow(out + ((<usize>first) << 2), source, end - first, strideX);
          if (end < right) zeroRow(out + ((<usize>end) << 2), right - end);
        }
        zeroRow(out, (down - endY) * right);
        out += <usize>(down - endY) * rowBytes;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addRow(out: usize, a: usize, count: i32, stride: i32): void {
  if (stride == 1) {
    let i = 0;
    for (; i + 4 <= count; i += 4, out += 16, a += 16) v128.store(out, f32x4.add(v128.load(out), v128.load(a)));
    for (; i < count; i++, out += 4, a += 4) store1(out, f32x4.add(load1(out), load1(a)));
    return;
  }
  const step = (<usize>stride) << 2;
  for (let i = 0; i < count; i++, out += step, a += 4) store1(out, f32x4.add(load1(out), load1(a)));
}

/** Each unit sums in the order of the kernel's inputs. */
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
        let source = a + <usize>firstY * rowBytes + ((<usize>first) << 2);
        let target = out + (<usize>((firstY * strideY + ky - paddingY) * width + first * strideX + kx - paddingX) << 2);
        const step = (<usize>(strideY * width)) << 2;
        for (let y = firstY; y < endY; y++, source += rowBytes, target += step) {
          addRow(target, source, end - first, strideX);
        }
      }
    }
  }
}
