// Philox4x32-10 for four counters at once, and draws from it, with the bits of src/random. Element (row, column) of a
// draw takes word (column mod 4) of counter [column div 4, firstRow + row, stepLow, stepHigh].
import { store1 } from './elementwise';
import { splat } from './functions';

const UNIFORM = 0;
const NORMAL = 1;
const BERNOULLI = 2;

// @ts-ignore: decorator
@inline
function evenLanes(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function oddLanes(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/**
 * Returns four floats for four words. a and b are low and span, or threshold (as bits) and value. For normal deviates it
 * returns the words themselves, which `normalsFromBits` then replaces.
 */
// @ts-ignore: decorator
@inline
function valuesOf(kind: i32, bits: v128, a: v128, b: v128): v128 {
  if (kind == UNIFORM) {
    const unit = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(bits, 8)), splat(5.9604644775390625e-8));
    return f32x4.add(f32x4.mul(unit, b), a);
  }
  if (kind == BERNOULLI) return v128.and(i32x4.lt_u(bits, a), b);
  return bits;
}

// @ts-ignore: decorator
@inline
function storeUpTo(out: usize, value: v128, columnsLeft: i32): void {
  if (columnsLeft >= 4) {
    v128.store(out, value);
    return;
  }
  if (columnsLeft >= 1) v128.store_lane<f32>(out, value, 0);
  if (columnsLeft >= 2) v128.store_lane<f32>(out, value, 1, 4);
  if (columnsLeft >= 3) v128.store_lane<f32>(out, value, 2, 8);
}

/** Stores sixteen values from the four words of four counters, given word by word: a 4 × 4 transpose on the way. */
// @ts-ignore: decorator
@inline
function storeWords(kind: i32, out: usize, x0: v128, x1: v128, x2: v128, x3: v128, a: v128, b: v128, left: i32): void {
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  const first = v128.shuffle<i32>(low01, low23, 0, 1, 4, 5);
  const second = v128.shuffle<i32>(low01, low23, 2, 3, 6, 7);
  const third = v128.shuffle<i32>(high01, high23, 0, 1, 4, 5);
  const fourth = v128.shuffle<i32>(high01, high23, 2, 3, 6, 7);
  if (left >= 16) {
    v128.store(out, valuesOf(kind, first, a, b));
    v128.store(out, valuesOf(kind, second, a, b), 16);
    v128.store(out, valuesOf(kind, third, a, b), 32);
    v128.store(out, valuesOf(kind, fourth, a, b), 48);
    return;
  }
  storeUpTo(out, valuesOf(kind, first, a, b), left);
  if (left > 4) storeUpTo(out + 16, valuesOf(kind, second, a, b), left - 4);
  if (left > 8) storeUpTo(out + 32, valuesOf(kind, third, a, b), left - 8);
  if (left > 12) storeUpTo(out + 48, valuesOf(kind, fourth, a, b), left - 12);
}

/** Two groups of four counters at a time: the rounds of one group run while the other waits for its multiplications. */
// @ts-ignore: decorator
@inline
function draw(
  kind: i32,
  out: usize,
  rows: i32,
  columns: i32,
  a: v128,
  b: v128,
  key0: u32,
  key1: u32,
  stepLow: u32,
  stepHigh: u32,
  firstRow: u32,
): void {
  const multiplier0 = i32x4.splat(0xd2511f53);
  const multiplier1 = i32x4.splat(0xcd9e8d57);
  const weyl0 = i32x4.splat(0x9e3779b9);
  const weyl1 = i32x4.splat(0xbb67ae85);
  for (let row = 0; row < rows; row++) {
    const rowStart = out;
    let block = v128(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    for (let column = 0; column < columns; column += 32) {
      let x0 = block;
      let x1 = i32x4.splat(firstRow + row);
      let x2 = i32x4.splat(stepLow);
      let x3 = i32x4.splat(stepHigh);
      let y0 = i32x4.add(block, i32x4.splat(4));
      let y1 = x1;
      let y2 = x2;
      let y3 = x3;
      let k0 = i32x4.splat(key0);
      let k1 = i32x4.splat(key1);
      for (let round = 0; round < 10; round++) {
        const xLow0 = i64x2.extmul_low_i32x4_u(x0, multiplier0);
        const xHigh0 = i64x2.extmul_high_i32x4_u(x0, multiplier0);
        const xLow1 = i64x2.extmul_low_i32x4_u(x2, multiplier1);
        const xHigh1 = i64x2.extmul_high_i32x4_u(x2, multiplier1);
        const yLow0 = i64x2.extmul_low_i32x4_u(y0, multiplier0);
        const yHigh0 = i64x2.extmul_high_i32x4_u(y0, multiplier0);
        const yLow1 = i64x2.extmul_low_i32x4_u(y2, multiplier1);
        const yHigh1 = i64x2.extmul_high_i32x4_u(y2, multiplier1);
        x0 = v128.xor(oddLanes(xLow1, xHigh1), v128.xor(x1, k0));
        x1 = evenLanes(xLow1, xHigh1);
        x2 = v128.xor(oddLanes(xLow0, xHigh0), v128.xor(x3, k1));
        x3 = evenLanes(xLow0, xHigh0);
        y0 = v128.xor(oddLanes(yLow1, yHigh1), v128.xor(y1, k0));
        y1 = evenLanes(yLow1, yHigh1);
        y2 = v128.xor(oddLanes(yLow0, yHigh0), v128.xor(y3, k1));
        y3 = evenLanes(yLow0, yHigh0);
        k0 = i32x4.add(k0, weyl0);
        k1 = i32x4.add(k1, weyl1);
      }
      const left = columns - column;
      storeWords(kind, out, x0, x1, x2, x3, a, b, left);
      if (left > 16) storeWords(kind, out + 64, y0, y1, y2, y3, a, b, left - 16);
      out += (<usize>min(left, 32)) << 2;
      block = i32x4.add(block, i32x4.splat(8));
    }
    if (kind == NORMAL) normalsFromBits(rowStart, columns, a, b);
  }
}

export function drawUniform(
  out: usize,
  rows: i32,
  columns: i32,
  low: f32,
  span: f32,
  key0: u32,
  key1: u32,
  stepLow: u32,
  stepHigh: u32,
  firstRow: u32,
): void {
  draw(UNIFORM, out, rows, columns, splat(low), splat(span), key0, key1, stepLow, stepHigh, firstRow);
}

export function drawNormal(
  out: usize,
  rows: i32,
  columns: i32,
  mean: f32,
  deviation: f32,
  key0: u32,
  key1: u32,
  stepLow: u32,
  stepHigh: u32,
  firstRow: u32,
): void {
  draw(NORMAL, out, rows, columns, splat(mean), splat(deviation), key0, key1, stepLow, stepHigh, firstRow);
}

export function drawBernoulli(
  out: usize,
  rows: i32,
  columns: i32,
  threshold: f64,
  value: f32,
  key0: u32,
  key1: u32,
  stepLow: u32,
  stepHigh: u32,
  firstRow: u32,
): void {
  if (threshold >= 4294967296.0) {
    const size = <usize>rows * <usize>columns;
    for (let i: usize = 0; i < size; i++) store1(out + (i << 2), splat(value));
    return;
  }
  const bound = i32x4.splat(<u32>threshold);
  draw(BERNOULLI, out, rows, columns, bound, splat(value), key0, key1, stepLow, stepHigh, firstRow);
}

// Coefficients of src/random/normal.ts (AS 241), highest powers first. They are in memory because the engine would build
// each constant again for every pair of draws.
const CENTRAL_ABOVE = memory.data<f64>([59.10937472, 159.29113202, 50.434271938, 3.3871327179]);
const CENTRAL_BELOW = memory.data<f64>([67.1875636, 78.757757664, 17.895169469, 1.0]);
const TAIL_ABOVE = memory.data<f64>([0.17023821103, 1.3067284816, 2.75681539, 1.4234372777]);
const TAIL_BELOW = memory.data<f64>([0.12021132975, 0.7370016425, 1.0]);
const ARTANH = memory.data<f64>([
  1.0 / 17.0,
  1.0 / 15.0,
  1.0 / 13.0,
  1.0 / 11.0,
  1.0 / 9.0,
  1.0 / 7.0,
  1.0 / 5.0,
  1.0 / 3.0,
  1.0,
]);

/**
 * Replaces `count` words by normal deviates, with the arithmetic of src/random/normal.ts; a test checks that the bits are
 * the same. Three deviates in twenty are tails, which take four times as long and which no branch predictor foresees. So
 * the tails of sixteen vectors stay words at first, and are replaced afterwards, two at a time.
 */
function normalsFromBits(out: usize, count: i32, mean: v128, deviation: v128): void {
  while (count > 0) {
    const some = min(count, 64);
    let tails: u64 = 0;
    for (let i = 0; i < some; i += 4) {
      const at = out + (<usize>i << 2);
      const left = some - i;
      const bits = left >= 4 ? v128.load(at) : loadUpTo(at, left);
      const lowest = offsets(f64x2.convert_low_i32x4_u(bits));
      const highest = offsets(f64x2.convert_low_i32x4_u(v128.shuffle<i32>(bits, bits, 2, 3, 2, 3)));
      const isTail = v128.shuffle<i32>(isInTail(lowest), isInTail(highest), 0, 2, 4, 6);
      const values = v128.bitselect(bits, scaled(singles(central(lowest), central(highest)), mean, deviation), isTail);
      tails |= (<u64>i32x4.bitmask(isTail)) << i;
      if (left >= 4) v128.store(at, values);
      else storeUpTo(at, values, left);
    }
    if (some < 64) tails &= ((<u64>1) << some) - 1;
    while (tails != 0) {
      const first = out + ((<usize>ctz(tails)) << 2);
      tails &= tails - 1;
      // The last tail may have no partner: it is then its own.
      const second = tails == 0 ? first : out + ((<usize>ctz(tails)) << 2);
      tails &= tails - 1;
      const bits = v128.load32_lane(second, v128.load32_zero(first), 1);
      const pair = tail(offsets(f64x2.convert_low_i32x4_u(bits)));
      const values = scaled(f32x4.demote_f64x2_zero(pair), mean, deviation);
      v128.store32_lane(second, values, 1);
      v128.store32_lane(first, values, 0);
    }
    out += (<usize>some) << 2;
    count -= some;
  }
}

// @ts-ignore: decorator
@inline
function loadUpTo(pointer: usize, left: i32): v128 {
  let lanes = v128.load32_zero(pointer);
  if (left >= 2) lanes = v128.load32_lane(pointer, lanes, 1, 4);
  if (left >= 3) lanes = v128.load32_lane(pointer, lanes, 2, 8);
  return lanes;
}

// @ts-ignore: decorator
@inline
function singles(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
function scaled(z: v128, mean: v128, deviation: v128): v128 {
  return f32x4.add(f32x4.mul(z, deviation), mean);
}

/** q, the distance of the centre of a word's cell from ½. */
// @ts-ignore: decorator
@inline
function offsets(bits: v128): v128 {
  const half = f64x2.splat(0.5);
  return f64x2.sub(f64x2.mul(f64x2.add(bits, half), f64x2.splat(2.3283064365386963e-10)), half);
}

// @ts-ignore: decorator
@inline
function isInTail(q: v128): v128 {
  return f64x2.gt(f64x2.abs(q), f64x2.splat(0.425));
}

// @ts-ignore: decorator
@inline
function central(q: v128): v128 {
  const r = f64x2.sub(f64x2.splat(0.180625), f64x2.mul(q, q));
  return f64x2.div(f64x2.mul(q, cubic(CENTRAL_ABOVE, r)), cubic(CENTRAL_BELOW, r));
}

// @ts-ignore: decorator
@inline
function tail(q: v128): v128 {
  // A tail is at least 2⁻³³, so √(−ln tail) is below 5, where the third branch of AS 241 begins.
  const size = f64x2.sub(f64x2.splat(0.5), f64x2.abs(q));
  const t = f64x2.sub(f64x2.sqrt(f64x2.neg(naturalLogarithm(size))), f64x2.splat(1.6));
  let below = horner(coefficient(TAIL_BELOW, 0), t, TAIL_BELOW, 1);
  below = horner(below, t, TAIL_BELOW, 2);
  const sign = v128.and(q, i64x2.splat(i64.MIN_VALUE));
  return v128.or(f64x2.div(cubic(TAIL_ABOVE, t), below), sign);
}

/** ln x for x from 2⁻³³ to ½. */
// @ts-ignore: decorator
@inline
function naturalLogarithm(x: v128): v128 {
  // x = m·2ᵉ with m in [½, 1), then in [√½, √2). The exponent becomes a float as the last bits of a number above 2⁵².
  const digits = v128.or(i64x2.shr_u(x, 52), f64x2.splat(4503599627370496.0));
  let exponent = f64x2.sub(digits, f64x2.splat(4503599627370496.0 + 1022.0));
  let m = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), f64x2.splat(0.5));
  const isSmall = f64x2.lt(m, f64x2.splat(0.7071067811865476));
  const one = f64x2.splat(1.0);
  exponent = f64x2.sub(exponent, v128.and(isSmall, one));
  m = f64x2.add(m, v128.and(isSmall, m));
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  let series = cubic(ARTANH, z);
  series = horner(series, z, ARTANH, 4);
  series = horner(series, z, ARTANH, 5);
  series = horner(series, z, ARTANH, 6);
  series = horner(series, z, ARTANH, 7);
  series = horner(series, z, ARTANH, 8);
  const ln2 = f64x2.splat(0.6931471805599453);
  return f64x2.add(f64x2.mul(exponent, ln2), f64x2.mul(f64x2.add(s, s), series));
}

/** The polynomial of degree 3 with these four coefficients. */
// @ts-ignore: decorator
@inline
function cubic(coefficients: usize, x: v128): v128 {
  let sum = horner(coefficient(coefficients, 0), x, coefficients, 1);
  sum = horner(sum, x, coefficients, 2);
  return horner(sum, x, coefficients, 3);
}

// @ts-ignore: decorator
@inline
function horner(sum: v128, x: v128, coefficients: usize, next: usize): v128 {
  return f64x2.add(f64x2.mul(sum, x), coefficient(coefficients, next));
}

// @ts-ignore: decorator
@inline
function coefficient(coefficients: usize, index: usize): v128 {
  return v128.load64_splat(coefficients + (index << 3));
}
