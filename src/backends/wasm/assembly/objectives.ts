// Objectives: the error, and the tally of loss, wrong examples and examples in f64.
import { exp4, log4, splat } from './functions';

/** Writes the softmax of a row and returns ln Σ exp. Rows are short: one lane at a time. */
// @ts-ignore: decorator
@inline
function softmaxRow(out: usize, logits: usize, columns: i32): f32 {
  let largest: f32 = -Infinity;
  for (let c = 0; c < columns; c++) largest = max(largest, load<f32>(logits + ((<usize>c) << 2)));
  let sum: f32 = 0;
  for (let c = 0; c < columns; c++) {
    const at = (<usize>c) << 2;
    const e = f32x4.extract_lane(exp4(splat(load<f32>(logits + at) - largest)), 0);
    store<f32>(out + at, e);
    sum += e;
  }
  const inverse: f32 = 1 / sum;
  for (let c = 0; c < columns; c++) {
    const at = (<usize>c) << 2;
    store<f32>(out + at, load<f32>(out + at) * inverse);
  }
  return largest + f32x4.extract_lane(log4(splat(sum)), 0);
}

/** True unless `row[answer]` is strictly larger than every other value of the row. */
// @ts-ignore: decorator
@inline
function isWrong(row: usize, answer: i32, columns: i32): bool {
  const best = load<f32>(row + ((<usize>answer) << 2));
  for (let c = 0; c < columns; c++) {
    if (c != answer && !(best > load<f32>(row + ((<usize>c) << 2)))) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function addToTally(tally: usize, loss: f64, wrong: f64, rows: f64, power: f64): void {
  store<f64>(tally, load<f64>(tally) + loss);
  store<f64>(tally, load<f64>(tally, 8) + wrong, 8);
  store<f64>(tally, load<f64>(tally, 16) + rows, 16);
  store<f64>(tally, load<f64>(tally, 24) + power, 24);
}

export function softmax(out: usize, logits: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < rows; row++, out += bytes, logits += bytes) softmaxRow(out, logits, columns);
}

export function softmaxCrossEntropy(
  error: usize,
  tally: usize,
  logits: usize,
  labels: usize,
  rows: i32,
  columns: i32,
): void {
  const bytes = (<usize>columns) << 2;
  let loss: f64 = 0;
  let wrong: f64 = 0;
  for (let row = 0; row < rows; row++, error += bytes, logits += bytes, labels += 4) {
    const label = load<i32>(labels);
    const at = (<usize>label) << 2;
    const target = load<f32>(logits + at);
    if (isWrong(logits, label, columns)) wrong += 1;
    loss += <f64>softmaxRow(error, logits, columns) - <f64>target;
    store<f32>(error + at, load<f32>(error + at) - 1);
  }
  addToTally(tally, loss, wrong, <f64>rows, 0);
}

export function squaredError(
  error: usize,
  tally: usize,
  output: usize,
  target: usize,
  rows: i32,
  columns: i32,
): void {
  const bytes = (<usize>columns) << 2;
  let loss: f64 = 0;
  let wrong: f64 = 0;
  let power: f64 = 0;
  for (let row = 0; row < rows; row++, error += bytes, output += bytes, target += bytes) {
    let answer = 0;
    let largest = load<f32>(target);
    for (let c = 1; c < columns; c++) {
      const t = load<f32>(target + ((<usize>c) << 2));
      if (t > largest) {
        largest = t;
        answer = c;
      }
    }
    if (isWrong(output, answer, columns)) wrong += 1;
    for (let c = 0; c < columns; c++) {
      const at = (<usize>c) << 2;
      const t = load<f32>(target + at);
      const difference = load<f32>(output + at) - t;
      store<f32>(error + at, difference);
      loss += 0.5 * <f64>difference * <f64>difference;
      power += 0.5 * <f64>t * <f64>t;
    }
  }
  addToTally(tally, loss, wrong, <f64>rows, power);
}

export function crossEntropyRows(out: usize, logits: usize, labels: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < rows; row++, out += 4, logits += bytes, labels += 4) {
    let largest: f32 = -Infinity;
    for (let c = 0; c < columns; c++) largest = max(largest, load<f32>(logits + ((<usize>c) << 2)));
    let sum: f32 = 0;
    for (let c = 0; c < columns; c++) {
      sum += f32x4.extract_lane(exp4(splat(load<f32>(logits + ((<usize>c) << 2)) - largest)), 0);
    }
    const target = load<f32>(logits + ((<usize>load<i32>(labels)) << 2));
    store<f32>(out, largest - target + f32x4.extract_lane(log4(splat(sum)), 0));
  }
}

export function wrongRows(out: usize, output: usize, labels: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < rows; row++, out += 4, output += bytes, labels += 4) {
    store<f32>(out, isWrong(output, load<i32>(labels), columns) ? 1.0 : 0.0);
  }
}

export function choose(out: usize, probabilities: usize, uniform: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < rows; row++, out += bytes, probabilities += bytes, uniform += 4) {
    const bar = load<f32>(uniform);
    let chosen = 0;
    let cumulated = load<f32>(probabilities);
    while (chosen < columns - 1 && !(cumulated > bar)) {
      chosen += 1;
      cumulated += load<f32>(probabilities + ((<usize>chosen) << 2));
    }
    for (let c = 0; c < columns; c++) store<f32>(out + ((<usize>c) << 2), c == chosen ? 1.0 : 0.0);
  }
}
