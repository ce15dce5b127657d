/**
 * Eligibility traces, dense (rows, pre, post) and sparse (rows, synapses). Rows of the batch are inside units, so that
 * a row of the target stays in the first-level cache while the traces pass by.
 */
import { splat } from './functions';

// @ts-ignore: decorator
@inline
function scaleTarget(target: usize, size: i32, beta: f32): void {
  const end = target + ((<usize>size) << 2);
  if (beta == 0) memory.fill(target, 0, (<usize>size) << 2);
  else if (beta != 1) for (; target < end; target += 4) store<f32>(target, beta * load<f32>(target));
}

/**
 * Decays and accumulates traces unless `changes` is false, and contracts them with the signal unless target is 0.
 * `first` and `preUnits` are the part of the presynaptic units that this call serves; the trace has `stride` of them.
 */
export function traces(
  target: usize,
  trace: usize,
  pre: usize,
  post: usize,
  decay: f32,
  decays: usize,
  signal: usize,
  alpha: f32,
  beta: f32,
  rows: i32,
  preUnits: i32,
  postUnits: i32,
  stride: i32,
  changes: bool,
): void {
  const bytes = (<usize>postUnits) << 2;
  const rowBytes = <usize>stride * bytes;
  const wide = postUnits & ~3;
  for (let unit = 0; unit < preUnits; unit++, trace += bytes) {
    if (target != 0) scaleTarget(target, postUnits, beta);
    for (let row = 0; row < rows; row++) {
      const x = pre == 0 ? <f32>1 : load<f32>(pre + ((<usize>row * <usize>stride + <usize>unit) << 2));
      const t = trace + <usize>row * rowBytes;
      const y = post + <usize>row * bytes;
      const s = signal + <usize>row * bytes;
      const size = (<usize>wide) << 2;
      if (!changes) contract(target, t, s, size, alpha);
      else if (target == 0) accumulate(t, x, y, decay, decays, size);
      else accumulateAndContract(target, t, x, y, decay, decays, s, size, alpha);
      for (let j = size; j < bytes; j += 4) {
        let value = load<f32>(t + j);
        if (changes) {
          value = (decays == 0 ? decay : load<f32>(decays + j)) * value + x * load<f32>(y + j);
          store<f32>(t + j, value);
        }
        if (target != 0) store<f32>(target + j, load<f32>(target + j) + alpha * load<f32>(s + j) * value);
      }
    }
    if (target != 0) target += bytes;
  }
}

// @ts-ignore: decorator
@inline
function contract(target: usize, trace: usize, signal: usize, size: usize, alpha: f32): void {
  const alpha4 = splat(alpha);
  for (let j: usize = 0; j < size; j += 16) {
    const s = f32x4.mul(alpha4, v128.load(signal + j));
    v128.store(target + j, f32x4.add(v128.load(target + j), f32x4.mul(s, v128.load(trace + j))));
  }
}

// @ts-ignore: decorator
@inline
function accumulate(trace: usize, x: f32, post: usize, decay: f32, decays: usize, size: usize): void {
  const x4 = splat(x);
  const decay4 = splat(decay);
  for (let j: usize = 0; j < size; j += 16) {
    const kept = f32x4.mul(decays == 0 ? decay4 : v128.load(decays + j), v128.load(trace + j));
    v128.store(trace + j, f32x4.add(kept, f32x4.mul(x4, v128.load(post + j))));
  }
}

// @ts-ignore: decorator
@inline
function accumulateAndContract(
  target: usize,
  trace: usize,
  x: f32,
  post: usize,
  decay: f32,
  decays: usize,
  signal: usize,
  size: usize,
  alpha: f32,
): void {
  const x4 = splat(x);
  const alpha4 = splat(alpha);
  const decay4 = splat(decay);
  for (let j: usize = 0; j < size; j += 16) {
    const kept = f32x4.mul(decays == 0 ? decay4 : v128.load(decays + j), v128.load(trace + j));
    const value = f32x4.add(kept, f32x4.mul(x4, v128.load(post + j)));
    v128.store(trace + j, value);
    const s = f32x4.mul(alpha4, v128.load(signal + j));
    v128.store(target + j, f32x4.add(v128.load(target + j), f32x4.mul(s, value)));
  }
}

/** As `traces`, for traces (rows, synapses) and a target(values). */
export function sparseTraces(
  target: usize,
  trace: usize,
  pre: usize,
  post: usize,
  decay: f32,
  decays: usize,
  signal: usize,
  alpha: f32,
  beta: f32,
  rows: i32,
  starts: usize,
  sources: usize,
  elements: usize,
  preUnits: i32,
  postUnits: i32,
  synapses: i32,
  values: i32,
  changes: bool,
): void {
  if (target != 0) scaleTarget(target, values, beta);
  const preBytes = (<usize>preUnits) << 2;
  const postBytes = (<usize>postUnits) << 2;
  const traceBytes = (<usize>synapses) << 2;
  for (let unit = 0; unit < postUnits; unit++, post += 4, signal += 4, starts += 4) {
    const first = (<usize>load<i32>(starts)) << 2;
    const end = (<usize>load<i32>(starts, 4)) << 2;
    const kept = decays == 0 ? decay : load<f32>(decays + ((<usize>unit) << 2));
    for (let row = 0; row < rows; row++) {
      const t = trace + <usize>row * traceBytes;
      const x = pre + <usize>row * preBytes;
      const y = changes ? load<f32>(post + <usize>row * postBytes) : <f32>0;
      const s = target == 0 ? <f32>0 : alpha * load<f32>(signal + <usize>row * postBytes);
      for (let at = first; at < end; at += 4) {
        let value = load<f32>(t + at);
        if (changes) {
          value = kept * value + y * load<f32>(x + <usize>load<u32>(sources + at));
          store<f32>(t + at, value);
        }
        if (target == 0) continue;
        const to = target + (elements == 0 ? at : (<usize>load<u32>(elements + at)) << 2);
        store<f32>(to, load<f32>(to) + s * value);
      }
    }
  }
}
