// One step of relaxation: see UnitOperations.relax.
import { load1, store1 } from './elementwise';
import { activation4, slope4, splat } from './functions';

/** The state after the step. `rate` is the rate of the old state. With a constant `kind` the compiler keeps one branch. */
// @ts-ignore: decorator
@inline
function moved4(kind: i32, state: v128, rate: v128, input: v128, step: v128): v128 {
  const force = kind == 2 || kind == 3 || kind == 5 ? f32x4.mul(slope4(kind, rate), input) : input;
  return f32x4.add(state, f32x4.mul(step, f32x4.sub(force, state)));
}

// @ts-ignore: decorator
@inline
function relaxAs(kind: i32, state: usize, rate: usize, received: usize, drive: usize, size: i32, step: f32): void {
  const end = state + ((<usize>size) << 2);
  const step4 = splat(step);
  for (; state + 16 <= end; state += 16, rate += 16, received += 16, drive += 16) {
    const before = v128.load(state);
    const input = f32x4.add(v128.load(received), v128.load(drive));
    const moved = moved4(kind, before, activation4(kind, before), input, step4);
    const after = activation4(kind, moved);
    v128.store(state, kind == 1 || kind == 4 ? after : moved);
    v128.store(rate, after);
  }
  for (; state < end; state += 4, rate += 4, received += 4, drive += 4) {
    const before = load1(state);
    const input = f32x4.add(load1(received), load1(drive));
    const moved = moved4(kind, before, activation4(kind, before), input, step4);
    const after = activation4(kind, moved);
    store1(state, kind == 1 || kind == 4 ? after : moved);
    store1(rate, after);
  }
}

export function relax(
  state: usize,
  rate: usize,
  received: usize,
  drive: usize,
  size: i32,
  step: f32,
  kind: i32,
): void {
  switch (kind) {
    case 1:
      relaxAs(1, state, rate, received, drive, size, step);
      break;
    case 2:
      relaxAs(2, state, rate, received, drive, size, step);
      break;
    case 3:
      relaxAs(3, state, rate, received, drive, size, step);
      break;
    case 4:
      relaxAs(4, state, rate, received, drive, size, step);
      break;
    case 5:
      relaxAs(5, state, rate, received, drive, size, step);
      break;
    default:
      relaxAs(0, state, rate, received, drive, size, step);
  }
}
