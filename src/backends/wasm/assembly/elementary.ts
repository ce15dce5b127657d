// Elementary mathematics, element by element. NaN, infinities and signed zeros behave as in JavaScript's Math.
import { load1, store1 } from './elementwise';
import { exp4, logAny4, splat } from './functions';

export function divide(out: usize, a: usize, b: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16, b += 16) v128.store(out, f32x4.div(v128.load(a), v128.load(b)));
  for (; out < end; out += 4, a += 4, b += 4) store1(out, f32x4.div(load1(a), load1(b)));
}

/** eˣ within 1 unit in the last place; results below 2⁻¹²⁶ are subnormal. */
export function exp(out: usize, a: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16) v128.store(out, exp4(v128.load(a)));
  for (; out < end; out += 4, a += 4) store1(out, exp4(load1(a)));
}

/** ln x within 1 unit in the last place, for every x. */
export function log(out: usize, a: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16) v128.store(out, logAny4(v128.load(a)));
  for (; out < end; out += 4, a += 4) store1(out, logAny4(load1(a)));
}

export function sqrt(out: usize, a: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16) v128.store(out, f32x4.sqrt(v128.load(a)));
  for (; out < end; out += 4, a += 4) store1(out, f32x4.sqrt(load1(a)));
}

export function abs(out: usize, a: usize, size: i32): void {
  const end = out + ((<usize>size) << 2);
  for (; out + 16 <= end; out += 16, a += 16) v128.store(out, f32x4.abs(v128.load(a)));
  for (; out < end; out += 4, a += 4) store1(out, f32x4.abs(load1(a)));
}

/** Uses min and max, not pmin and pmax: they order −0 below 0, as Math does. */
export function clip(out: usize, a: usize, size: i32, low: f32, high: f32): void {
  const end = out + ((<usize>size) << 2);
  const low4 = splat(low);
  const high4 = splat(high);
  for (; out + 16 <= end; out += 16, a += 16) {
    v128.store(out, f32x4.min(f32x4.max(v128.load(a), low4), high4));
  }
  for (; out < end; out += 4, a += 4) store1(out, f32x4.min(f32x4.max(load1(a), low4), high4));
}
