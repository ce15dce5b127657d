/**
 * Eligibility traces, dense (rows, pre, post) and sparse (rows, synapses). Each trace is read once and written once, and
 * sums over rows stay in registers. No two units share a sum, so the cut among threads changes no bit.
 */
import { splat } from './functions';
import { gather4, write } from './sparse';

/** 1: the presynaptic side of a bias. */
const one: usize = memory.data<f32>([1]);

/**
 * Decays and accumulates traces unless `changes` is false, and contracts them with the signal unless target is 0.
 * `preUnits` are the part of the presynaptic units that this call serves, of `stride` that the trace has. Sixteen synapses
 * at a time go through all rows, with their sums in registers.
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
  const step = pre == 0 ? <usize>0 : (<usize>stride) << 2;
  if (pre == 0) pre = one;
  // Each call is compiled for its constants: a decay of its own for each unit costs a register that spills.
  for (let unit = 0; unit < preUnits; unit++, trace += bytes) {
    if (!changes) unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, true, false, true);
    else if (target == 0) unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, decays == 0, true, false);
    else if (decays == 0) unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, true, true, true);
    else unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, false, true, true);
    if (target != 0) target += bytes;
    if (step != 0) pre += 4;
  }
}

/** Returns traces of four synapses after they decay and accumulate. */
// @ts-ignore: decorator
@inline
function changed(trace: v128, decay: v128, x: v128, y: v128): v128 {
  return f32x4.add(f32x4.mul(decay, trace), f32x4.mul(x, y));
}

// @ts-ignore: decorator
@inline
function add(sum: v128, value: v128, signal: v128): v128 {
  return f32x4.add(sum, f32x4.mul(value, signal));
}

/** The traces of one presynaptic unit. Loads stand beside their use, which keeps few registers alive. */
// @ts-ignore: decorator
@inline
function unitTraces(
  target: usize,
  trace: usize,
  pre: usize,
  step: usize,
  post: usize,
  decay: f32,
  decays: usize,
  signal: usize,
  alpha: f32,
  beta: f32,
  rows: i32,
  postUnits: i32,
  stride: i32,
  isUniform: bool,
  changes: bool,
  contracts: bool,
): void {
  const bytes = (<usize>postUnits) << 2;
  const rowBytes = <usize>stride * bytes;
  const end = trace + <usize>rows * rowBytes;
  const uniform = splat(decay);
  let j: usize = 0;
  for (; j + 64 <= bytes; j += 64) {
    const d = decays + j;
    let s0 = splat(0);
    let s1 = splat(0);
    let s2 = splat(0);
    let s3 = splat(0);
    let x = pre;
    let y = post + j;
    let s = signal + j;
    for (let t = trace + j; t < end; t += rowBytes, x += step, y += bytes, s += bytes) {
      const x4 = changes ? v128.load32_splat(x) : uniform;
      let t0 = v128.load(t);
      if (changes) {
        t0 = changed(t0, isUniform ? uniform : v128.load(d), x4, v128.load(y));
        v128.store(t, t0);
      }
      if (contracts) s0 = add(s0, t0, v128.load(s));
      let t1 = v128.load(t, 16);
      if (changes) {
        t1 = changed(t1, isUniform ? uniform : v128.load(d, 16), x4, v128.load(y, 16));
        v128.store(t, t1, 16);
      }
      if (contracts) s1 = add(s1, t1, v128.load(s, 16));
      let t2 = v128.load(t, 32);
      if (changes) {
        t2 = changed(t2, isUniform ? uniform : v128.load(d, 32), x4, v128.load(y, 32));
        v128.store(t, t2, 32);
      }
      if (contracts) s2 = add(s2, t2, v128.load(s, 32));
      let t3 = v128.load(t, 48);
      if (changes) {
        t3 = changed(t3, isUniform ? uniform : v128.load(d, 48), x4, v128.load(y, 48));
        v128.store(t, t3, 48);
      }
      if (contracts) s3 = add(s3, t3, v128.load(s, 48));
    }
    if (contracts) {
      write4(target + j, s0, alpha, beta);
      write4(target + j + 16, s1, alpha, beta);
      write4(target + j + 32, s2, alpha, beta);
      write4(target + j + 48, s3, alpha, beta);
    }
  }
  for (; j + 16 <= bytes; j += 16) {
    const d = decays == 0 ? splat(decay) : v128.load(decays + j);
    let sum = splat(0);
    let x = pre;
    let y = post + j;
    let s = signal + j;
    for (let t = trace + j; t < end; t += rowBytes, x += step, y += bytes, s += bytes) {
      let value = v128.load(t);
      if (changes) {
        value = changed(value, d, v128.load32_splat(x), v128.load(y));
        v128.store(t, value);
      }
      if (contracts) sum = f32x4.add(sum, f32x4.mul(value, v128.load(s)));
    }
    if (contracts) write4(target + j, sum, alpha, beta);
  }
  for (; j < bytes; j += 4) {
    const d = decays == 0 ? decay : load<f32>(decays + j);
    let sum: f32 = 0;
    let x = pre;
    let y = post + j;
    let s = signal + j;
    for (let t = trace + j; t < end; t += rowBytes, x += step, y += bytes, s += bytes) {
      let value = load<f32>(t);
      if (changes) {
        value = d * value + load<f32>(x) * load<f32>(y);
        store<f32>(t, value);
      }
      if (contracts) sum += value * load<f32>(s);
    }
    if (contracts) {
      const product = alpha * sum;
      store<f32>(target + j, beta == 0 ? product : product + beta * load<f32>(target + j));
    }
  }
}

// @ts-ignore: decorator
@inline
function write4(target: usize, sum: v128, alpha: f32, beta: f32): void {
  const product = f32x4.mul(splat(alpha), sum);
  v128.store(
    target,
    beta == 0 ? product : f32x4.add(product, f32x4.mul(splat(beta), v128.load(target))),
  );
}

/**
 * As `traces`, for traces (rows, synapses) and a target(values). `postUnits` are the part of the postsynaptic units that
 * this call serves, of `stride` that the projection has.
 */
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
  preUnits: i32,
  postUnits: i32,
  synapses: i32,
  stride: i32,
  changes: bool,
): void {
  const preBytes = (<usize>preUnits) << 2;
  const postBytes = (<usize>stride) << 2;
  const traceBytes = (<usize>synapses) << 2;
  for (let unit = 0; unit < postUnits; unit++, post += 4, signal += 4, starts += 4) {
    let at = (<usize>load<i32>(starts)) << 2;
    const end = (<usize>load<i32>(starts, 4)) << 2;
    const kept = decays == 0 ? decay : load<f32>(decays + ((<usize>unit) << 2));
    const kept4 = splat(kept);
    for (; at + 16 <= end; at += 16) {
      const list = sources + at;
      let sum = splat(0);
      let t = trace + at;
      let x = pre;
      let y = post;
      let s = signal;
      for (let row = 0; row < rows; row++, t += traceBytes, x += preBytes, y += postBytes, s += postBytes) {
        let value = v128.load(t);
        if (changes) {
          value = changed(value, kept4, gather4(x, list), v128.load32_splat(y));
          v128.store(t, value);
        }
        if (target != 0) sum = add(sum, value, v128.load32_splat(s));
      }
      if (target != 0) write4(target + at, sum, alpha, beta);
    }
    for (; at < end; at += 4) {
      const source = load<u32>(sources + at);
      let sum: f32 = 0;
      let t = trace + at;
      let x = pre + <usize>source;
      let y = post;
      let s = signal;
      for (let row = 0; row < rows; row++, t += traceBytes, x += preBytes, y += postBytes, s += postBytes) {
        let value = load<f32>(t);
        if (changes) {
          value = kept * value + load<f32>(x) * load<f32>(y);
          store<f32>(t, value);
        }
        if (target != 0) sum += value * load<f32>(s);
      }
      if (target != 0) write(target + at, alpha * sum, beta);
    }
  }
}

// @ts-ignore: decorator
@inline
function scaleTarget(target: usize, size: i32, beta: f32): void {
  const end = target + ((<usize>size) << 2);
  if (beta == 0) memory.fill(target, 0, (<usize>size) << 2);
  else if (beta != 1) for (; target < end; target += 4) store<f32>(target, beta * load<f32>(target));
}

/** As `sparseTraces`, for synapses that share values. */
export function sharedTraces(
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
        const to = target + ((<usize>load<u32>(elements + at)) << 2);
        store<f32>(to, load<f32>(to) + s * value);
      }
    }
  }
}
