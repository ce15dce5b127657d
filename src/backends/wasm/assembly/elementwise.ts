// Elementwise kernels: four lanes at a time, then the same arithmetic on one lane for the rest.
import { activation4, slope4, splat } from './functions';

// @ts-ignore: decorator
@inline
export function load1(pointer: usize): v128 {
  return v128.load32_zero(pointer);
}

// @ts-ignore: decorator
@inline
export function store1(pointer: usize, value: v128): void {
  v128.store_lane<f32>(pointer, value, 0);
}

export function fill(out: usize, size: i32, value: f32): void {
  const end = out + ((<usize>size) << 2);
  const wide = splat(value);
  while (out + 16 <= end) {
    v128.store(out, wide);
    out += 16;
  }
  while (out < end) {
    store1(out, wide);
    out += 4;
  }
}

export function combine(out: usize, a: usize, b: usize, size: i32, alpha: f32, beta: f32): void {
  const end = out + ((<usize>size) << 2);
  const alpha4 = splat(alpha);
  const beta4 = splat(beta);
  if (beta == 0) {
    for (; out + 16 <= end; out += 16, a += 16) v128.store(out, f32x4.mul(alpha4, v128.load(a)));
    for (; out < end; out += 4, a += 4) store1(out, f32x4.mul(alpha4, load1(a)));
    return;
  }
  // Four vectors at a time, loads before stores: a fifth faster on operands larger than the cache.
  for (; out + 64 <= end; out += 64, a += 64, b += 64) {
    const s0 = f32x4.add(f32x4.mul(alpha4, v128.load(a)), f32x4.mul(beta4, v128.load(b)));
    const s1 = f32x4.add(f32x4.mul(alpha4, v128.load(a, 16)), f32x4.mul(beta4, v128.load(b, 16)));
    const s2 = f32x4.add(f32x4.mul(alpha4, v128.load(a, 32)), f32x4.mul(beta4, v128.load(b, 32)));
    const s3 = f32x4.add(f32x4.mul(alpha4, v128.load(a, 48)), f32x4.mul(beta4, v128.load(b, 48)));
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
  }
  for (; out + 16 <= end; out += 16, a += 16, b += 16) {
    v128.store(out, f32x4.add(f32x4.mul(alpha4, v128.load(a)), f32x4.mul(beta4, v128.load(b))));
  }
  for (; out < end; out += 4, a += 4, b += 4) {
    store1(out, f32x4.add(f32x4.mul(alpha4, load1(a)), f32x4.mul(beta4, load1(b))));
  }
}

export function multiply(out: usize, a: usize, b: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16, b += 16) v128.store(out, f32x4.mul(v128.load(a), v128.load(b)));
  for (; out < end; out += 4, a += 4, b += 4) store1(out, f32x4.mul(load1(a), load1(b)));
}

export function below(out: usize, a: usize, b: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  const one = splat(1.0);
  for (; out + 16 <= end; out += 16, a += 16, b += 16) {
    v128.store(out, v128.and(f32x4.lt(v128.load(a), v128.load(b)), one));
  }
  for (; out < end; out += 4, a += 4, b += 4) store1(out, v128.and(f32x4.lt(load1(a), load1(b)), one));
}

// @ts-ignore: decorator
@inline
function bySign(a: v128, b: v128): v128 {
  const zero = splat(0.0);
  const positive = v128.and(f32x4.gt(b, zero), a);
  return f32x4.sub(positive, v128.and(f32x4.lt(b, zero), a));
}

export function multiplyBySign(out: usize, a: usize, b: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16, b += 16) v128.store(out, bySign(v128.load(a), v128.load(b)));
  for (; out < end; out += 4, a += 4, b += 4) store1(out, bySign(load1(a), load1(b)));
}

export function transpose(out: usize, a: usize, rows: i32, columns: i32): void {
  // In tiles of 16, so that both sides stay within a few cache lines.
  for (let row0 = 0; row0 < rows; row0 += 16) {
    const row1 = min(row0 + 16, rows);
    for (let column = 0; column < columns; column++) {
      for (let row = row0; row < row1; row++) {
        store<f32>(
          out + ((<usize>column * <usize>rows + <usize>row) << 2),
          load<f32>(a + ((<usize>row * <usize>columns + <usize>column) << 2)),
        );
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function activateAs(kind: i32, out: usize, potential: usize, bias: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) {
    let b = bias;
    let column = 0;
    if (bias == 0) {
      for (; column + 4 <= columns; column += 4, out += 16, potential += 16) {
        v128.store(out, activation4(kind, v128.load(potential)));
      }
      for (; column < columns; column++, out += 4, potential += 4) {
        store1(out, activation4(kind, load1(potential)));
      }
    } else {
      for (; column + 4 <= columns; column += 4, out += 16, potential += 16, b += 16) {
        v128.store(out, activation4(kind, f32x4.add(v128.load(potential), v128.load(b))));
      }
      for (; column < columns; column++, out += 4, potential += 4, b += 4) {
        store1(out, activation4(kind, f32x4.add(load1(potential), load1(b))));
      }
    }
  }
}

// Costly functions have a function each: in one function for all, their loops would run out of registers.
function activateLogistic(out: usize, potential: usize, bias: usize, rows: i32, columns: i32): void {
  activateAs(2, out, potential, bias, rows, columns);
}

function activateTanh(out: usize, potential: usize, bias: usize, rows: i32, columns: i32): void {
  activateAs(3, out, potential, bias, rows, columns);
}

function activateSoftplus(out: usize, potential: usize, bias: usize, rows: i32, columns: i32): void {
  activateAs(5, out, potential, bias, rows, columns);
}

export function activate(out: usize, potential: usize, bias: usize, rows: i32, columns: i32, kind: i32): void {
  switch (kind) {
    case 1:
      activateAs(1, out, potential, bias, rows, columns);
      break;
    case 2:
      activateLogistic(out, potential, bias, rows, columns);
      break;
    case 3:
      activateTanh(out, potential, bias, rows, columns);
      break;
    case 4:
      activateAs(4, out, potential, bias, rows, columns);
      break;
    case 5:
      activateSoftplus(out, potential, bias, rows, columns);
      break;
    default:
      activateAs(0, out, potential, bias, rows, columns);
  }
}

// @ts-ignore: decorator
@inline
function multiplyBySlopeAs(kind: i32, out: usize, a: usize, rate: usize, gain: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  if (gain == 0) {
    for (; out + 16 <= end; out += 16, a += 16, rate += 16) {
      v128.store(out, f32x4.mul(v128.load(a), slope4(kind, v128.load(rate))));
    }
    for (; out < end; out += 4, a += 4, rate += 4) store1(out, f32x4.mul(load1(a), slope4(kind, load1(rate))));
    return;
  }
  for (; out + 16 <= end; out += 16, a += 16, rate += 16, gain += 16) {
    v128.store(out, f32x4.mul(f32x4.mul(v128.load(a), slope4(kind, v128.load(rate))), v128.load(gain)));
  }
  for (; out < end; out += 4, a += 4, rate += 4, gain += 4) {
    store1(out, f32x4.mul(f32x4.mul(load1(a), slope4(kind, load1(rate))), load1(gain)));
  }
}

function multiplyBySlopeOfSoftplus(out: usize, a: usize, rate: usize, gain: usize, size: i32): void {
  multiplyBySlopeAs(5, out, a, rate, gain, size);
}

export function multiplyBySlope(out: usize, a: usize, rate: usize, gain: usize, size: i32, kind: i32): void {
  switch (kind) {
    case 1:
      multiplyBySlopeAs(1, out, a, rate, gain, size);
      break;
    case 2:
      multiplyBySlopeAs(2, out, a, rate, gain, size);
      break;
    case 3:
      multiplyBySlopeAs(3, out, a, rate, gain, size);
      break;
    case 4:
      multiplyBySlopeAs(4, out, a, rate, gain, size);
      break;
    case 5:
      multiplyBySlopeOfSoftplus(out, a, rate, gain, size);
      break;
    default:
      multiplyBySlopeAs(0, out, a, rate, gain, size);
  }
}
