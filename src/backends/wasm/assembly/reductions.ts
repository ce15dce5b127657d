// Reductions. The order of every sum depends on the shape alone.
import { load1, store1 } from './elementwise';
import { splat } from './functions';

export function sumRows(out: usize, a: usize, rows: i32, columns: i32, alpha: f32, beta: f32): void {
  const bytes = (<usize>columns) << 2;
  const alpha4 = splat(alpha);
  const beta4 = splat(beta);
  let column = 0;
  // A cache line at a time: each line is fetched once, whatever the width.
  for (; column + 16 <= columns; column += 16, out += 64, a += 64) {
    let sum0 = splat(0.0);
    let sum1 = splat(0.0);
    let sum2 = splat(0.0);
    let sum3 = splat(0.0);
    let pointer = a;
    for (let row = 0; row < rows; row++, pointer += bytes) {
      sum0 = f32x4.add(sum0, v128.load(pointer));
      sum1 = f32x4.add(sum1, v128.load(pointer, 16));
      sum2 = f32x4.add(sum2, v128.load(pointer, 32));
      sum3 = f32x4.add(sum3, v128.load(pointer, 48));
    }
    sum0 = f32x4.mul(alpha4, sum0);
    sum1 = f32x4.mul(alpha4, sum1);
    sum2 = f32x4.mul(alpha4, sum2);
    sum3 = f32x4.mul(alpha4, sum3);
    if (beta != 0) {
      sum0 = f32x4.add(sum0, f32x4.mul(beta4, v128.load(out)));
      sum1 = f32x4.add(sum1, f32x4.mul(beta4, v128.load(out, 16)));
      sum2 = f32x4.add(sum2, f32x4.mul(beta4, v128.load(out, 32)));
      sum3 = f32x4.add(sum3, f32x4.mul(beta4, v128.load(out, 48)));
    }
    v128.store(out, sum0);
    v128.store(out, sum1, 16);
    v128.store(out, sum2, 32);
    v128.store(out, sum3, 48);
  }
  for (; column + 4 <= columns; column += 4, out += 16, a += 16) {
    let sum = splat(0.0);
    let pointer = a;
    for (let row = 0; row < rows; row++, pointer += bytes) sum = f32x4.add(sum, v128.load(pointer));
    let value = f32x4.mul(alpha4, sum);
    if (beta != 0) value = f32x4.add(value, f32x4.mul(beta4, v128.load(out)));
    v128.store(out, value);
  }
  for (; column < columns; column++, out += 4, a += 4) {
    let sum = splat(0.0);
    let pointer = a;
    for (let row = 0; row < rows; row++, pointer += bytes) sum = f32x4.add(sum, load1(pointer));
    let value = f32x4.mul(alpha4, sum);
    if (beta != 0) value = f32x4.add(value, f32x4.mul(beta4, load1(out)));
    store1(out, value);
  }
}

/** Four partial sums for each row, added up in f64. */
export function dotRows(out: usize, a: usize, b: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++, out += 4) {
    let sums = splat(0.0);
    let column = 0;
    for (; column + 4 <= columns; column += 4, a += 16, b += 16) {
      sums = f32x4.add(sums, f32x4.mul(v128.load(a), v128.load(b)));
    }
    let sum: f64 =
      <f64>f32x4.extract_lane(sums, 0) +
      <f64>f32x4.extract_lane(sums, 1) +
      <f64>f32x4.extract_lane(sums, 2) +
      <f64>f32x4.extract_lane(sums, 3);
    for (; column < columns; column++, a += 4, b += 4) sum += <f64>load<f32>(a) * <f64>load<f32>(b);
    store<f32>(out, <f32>sum);
  }
}

/** Four partial sums for each row, added up in f64. */
export function sumColumns(out: usize, a: usize, rows: i32, columns: i32, alpha: f32, beta: f32): void {
  for (let row = 0; row < rows; row++, out += 4) {
    let sums = splat(0.0);
    let column = 0;
    for (; column + 4 <= columns; column += 4, a += 16) sums = f32x4.add(sums, v128.load(a));
    let sum: f64 =
      <f64>f32x4.extract_lane(sums, 0) +
      <f64>f32x4.extract_lane(sums, 1) +
      <f64>f32x4.extract_lane(sums, 2) +
      <f64>f32x4.extract_lane(sums, 3);
    for (; column < columns; column++, a += 4) sum += <f64>load<f32>(a);
    let value = alpha * <f32>sum;
    if (beta != 0) value += beta * load<f32>(out);
    store<f32>(out, value);
  }
}

export function maxRows(out: usize, a: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  const least = splat(-Infinity);
  let column = 0;
  // A cache line at a time, as in sumRows.
  for (; column + 16 <= columns; column += 16, out += 64, a += 64) {
    let most0 = least;
    let most1 = least;
    let most2 = least;
    let most3 = least;
    let pointer = a;
    for (let row = 0; row < rows; row++, pointer += bytes) {
      most0 = f32x4.max(most0, v128.load(pointer));
      most1 = f32x4.max(most1, v128.load(pointer, 16));
      most2 = f32x4.max(most2, v128.load(pointer, 32));
      most3 = f32x4.max(most3, v128.load(pointer, 48));
    }
    v128.store(out, most0);
    v128.store(out, most1, 16);
    v128.store(out, most2, 32);
    v128.store(out, most3, 48);
  }
  for (; column + 4 <= columns; column += 4, out += 16, a += 16) {
    let most = least;
    let pointer = a;
    for (let row = 0; row < rows; row++, pointer += bytes) most = f32x4.max(most, v128.load(pointer));
    v128.store(out, most);
  }
  for (; column < columns; column++, out += 4, a += 4) {
    let most = least;
    let pointer = a;
    for (let row = 0; row < rows; row++, pointer += bytes) most = f32x4.max(most, load1(pointer));
    store1(out, most);
  }
}

export function maxColumns(out: usize, a: usize, rows: i32, columns: i32): void {
  const least = splat(-Infinity);
  for (let row = 0; row < rows; row++, out += 4) {
    let most = least;
    let most1 = least;
    let most2 = least;
    let most3 = least;
    let column = 0;
    // Four independent maxima: with one, every step would wait for the step before.
    for (; column + 16 <= columns; column += 16, a += 64) {
      most = f32x4.max(most, v128.load(a));
      most1 = f32x4.max(most1, v128.load(a, 16));
      most2 = f32x4.max(most2, v128.load(a, 32));
      most3 = f32x4.max(most3, v128.load(a, 48));
    }
    most = f32x4.max(f32x4.max(most, most1), f32x4.max(most2, most3));
    for (; column + 4 <= columns; column += 4, a += 16) most = f32x4.max(most, v128.load(a));
    most = f32x4.max(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
    most = f32x4.max(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2));
    for (; column < columns; column++, a += 4) most = f32x4.max(most, load1(a));
    store1(out, most);
  }
}

/** Products are exact in f64; there are four partial sums. */
export function dot(out: usize, a: usize, b: usize, size: i32): void {
  const end = a + ((<usize>size) << 2);
  let sum0 = f64x2.splat(0);
  let sum1 = f64x2.splat(0);
  for (; a + 16 <= end; a += 16, b += 16) {
    const x = v128.load(a);
    const y = v128.load(b);
    sum0 = f64x2.add(sum0, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)));
    const xHigh = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    const yHigh = i8x16.shuffle(y, y, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    sum1 = f64x2.add(sum1, f64x2.mul(f64x2.promote_low_f32x4(xHigh), f64x2.promote_low_f32x4(yHigh)));
  }
  const sums = f64x2.add(sum0, sum1);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; a < end; a += 4, b += 4) sum += <f64>load<f32>(a) * <f64>load<f32>(b);
  store<f64>(out, sum);
}

export function limitColumnNorms(weights: usize, rows: i32, columns: i32, limit: f32): void {
  const bytes = (<usize>columns) << 2;
  const limit4 = splat(limit);
  const one = splat(1.0);
  for (let column = 0; column < columns; column += 4, weights += 16) {
    const whole = column + 4 <= columns;
    const lanes = whole ? 1 : columns - column;
    // The last one to three columns are done one by one, with the same arithmetic.
    for (let lane = 0; lane < lanes; lane++) {
      const first = weights + ((<usize>lane) << 2);
      let square = splat(0.0);
      let pointer = first;
      for (let row = 0; row < rows; row++, pointer += bytes) {
        const w = whole ? v128.load(pointer) : load1(pointer);
        square = f32x4.add(square, f32x4.mul(w, w));
      }
      const norm = f32x4.sqrt(square);
      const over = f32x4.gt(norm, limit4);
      if (!v128.any_true(over)) continue;
      const factor = v128.bitselect(f32x4.div(limit4, norm), one, over);
      pointer = first;
      for (let row = 0; row < rows; row++, pointer += bytes) {
        if (whole) v128.store(pointer, f32x4.mul(v128.load(pointer), factor));
        else store1(pointer, f32x4.mul(load1(pointer), factor));
      }
    }
  }
}

export function limitRowNorms(weights: usize, rows: i32, columns: i32, limit: f32): void {
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < rows; row++, weights += bytes) {
    const end = weights + bytes;
    let squares = splat(0.0);
    let pointer = weights;
    for (; pointer + 16 <= end; pointer += 16) {
      const w = v128.load(pointer);
      squares = f32x4.add(squares, f32x4.mul(w, w));
    }
    for (; pointer < end; pointer += 4) {
      const w = load1(pointer);
      squares = f32x4.add(squares, f32x4.mul(w, w));
    }
    const square =
      f32x4.extract_lane(squares, 0) +
      f32x4.extract_lane(squares, 1) +
      f32x4.extract_lane(squares, 2) +
      f32x4.extract_lane(squares, 3);
    const norm = Mathf.sqrt(square);
    if (!(norm > limit)) continue;
    const factor = splat(limit / norm);
    for (pointer = weights; pointer + 16 <= end; pointer += 16) {
      v128.store(pointer, f32x4.mul(v128.load(pointer), factor));
    }
    for (; pointer < end; pointer += 4) store1(pointer, f32x4.mul(load1(pointer), factor));
  }
}
