// Binary units: sampled from their potentials in one pass, or one after the other where they are coupled.
import { load1, store1 } from './elementwise';
import { logistic4, splat } from './functions';
import { drawUniform } from './random';

// @ts-ignore: decorator
@inline
function fired(uniform: v128, rate: v128): v128 {
  return v128.and(f32x4.lt(uniform, rate), splat(1.0));
}

/** One row at a time, so that its uniform numbers are still in the cache when they are compared. */
export function fire(
  drawn: usize,
  rate: usize,
  potential: usize,
  bias: usize,
  rows: i32,
  columns: i32,
  gain: f32,
  key0: u32,
  key1: u32,
  stepLow: u32,
  stepHigh: u32,
  firstRow: u32,
): void {
  const gain4 = splat(gain);
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < rows; row++) {
    drawUniform(drawn, 1, columns, 0, 1, key0, key1, stepLow, stepHigh, firstRow + row);
    const end = drawn + bytes;
    let at = bias;
    for (; drawn + 16 <= end; drawn += 16, rate += 16, potential += 16) {
      let x = v128.load(potential);
      if (bias != 0) {
        x = f32x4.add(x, v128.load(at));
        at += 16;
      }
      const p = logistic4(f32x4.mul(gain4, x));
      v128.store(rate, p);
      v128.store(drawn, fired(v128.load(drawn), p));
    }
    for (; drawn < end; drawn += 4, rate += 4, potential += 4) {
      let x = load1(potential);
      if (bias != 0) {
        x = f32x4.add(x, load1(at));
        at += 4;
      }
      const p = logistic4(f32x4.mul(gain4, x));
      store1(rate, p);
      store1(drawn, fired(load1(drawn), p));
    }
  }
}

export function sweep(
  state: usize,
  drive: usize,
  weights: usize,
  uniform: usize,
  rows: i32,
  units: i32,
  gain: f32,
): void {
  const gain4 = splat(gain);
  const bytes = (<usize>units) << 2;
  for (let row = 0; row < rows; row++) {
    let from = weights;
    for (let i: usize = 0; i < bytes; i += 4) {
      let sum = splat(0.0);
      let at: usize = 0;
      for (; at + 16 <= bytes; at += 16) {
        sum = f32x4.add(sum, f32x4.mul(v128.load(from + at), v128.load(state + at)));
      }
      let rest = load1(drive + i);
      for (; at < bytes; at += 4) rest = f32x4.add(rest, f32x4.mul(load1(from + at), load1(state + at)));
      sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
      sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 1, 0, 3, 2));
      const p = logistic4(f32x4.mul(gain4, f32x4.add(sum, rest)));
      store1(state + i, uniform == 0 ? p : fired(load1(uniform + i), p));
      from += bytes;
    }
    state += bytes;
    drive += bytes;
    if (uniform != 0) uniform += bytes;
  }
}
