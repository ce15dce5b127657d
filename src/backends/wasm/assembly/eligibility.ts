/**
 * Eligibility traces, dense (rows, pre, post) and sparse (rows, synapses). Each trace is read once and written once.
 */
import { splat } from './functions';

// @ts-ignore: decorator
@inline
function scaleTarget(target: usize, size: i32, beta: f32): void {
  const end = target + ((<usize>size) << 2);
  if (beta == 0) memory.fill(target, 0, (<usize>size) << 2);
  else if (beta != 1) for (; target < end; target += 4) store<f32>(target, beta * load<f32>(target));
}

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
  for (let unit = 0; unit < preUnits; unit++, trace += bytes) {
    if (!changes) unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, false, true);
    else if (target == 0) unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, true, false);
    else unitTraces(target, trace, pre, step, post, decay, decays, signal, alpha, beta, rows, postUnits, stride, true, true);
    if (target != 0) target += bytes;
    if (step != 0) pre += 4;
  }
}

/** The traces of one presynaptic unit. */
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
  changes: bool,
  contracts: bool,
): void {
  const bytes = (<usize>postUnits) << 2;
  const rowBytes = <usize>stride * bytes;
  const end = trace + <usize>rows * rowBytes;
  let j: usize = 0;
  for (; j + 64 <= bytes; j += 64) {
    const d0 = decays == 0 ? splat(decay) : v128.load(decays + j);
    const d1 = decays == 0 ? d0 : v128.load(decays + j, 16);
    const d2 = decays == 0 ? d0 : v128.load(decays + j, 32);
    const d3 = decays == 0 ? d0 : v128.load(decays + j, 48);
    let s0 = splat(0);
    let s1 = splat(0);
    let s2 = splat(0);
    let s3 = splat(0);
    let x = pre;
    let y = post + j;
    let s = signal + j;
    for (let t = trace + j; t < end; t += rowBytes, x += step, y += bytes, s += bytes) {
      let t0 = v128.load(t);
      let t1 = v128.load(t, 16);
      let t2 = v128.load(t, 32);
      let t3 = v128.load(t, 48);
      if (changes) {
        const x4 = v128.load32_splat(x);
        t0 = f32x4.add(f32x4.mul(d0, t0), f32x4.mul(x4, v128.load(y)));
        t1 = f32x4.add(f32x4.mul(d1, t1), f32x4.mul(x4, v128.load(y, 16)));
        t2 = f32x4.add(f32x4.mul(d2, t2), f32x4.mul(x4, v128.load(y, 32)));
        t3 = f32x4.add(f32x4.mul(d3, t3), f32x4.mul(x4, v128.load(y, 48)));
        v128.store(t, t0);
        v128.store(t, t1, 16);
        v128.store(t, t2, 32);
        v128.store(t, t3, 48);
      }
      if (contracts) {
        s0 = f32x4.add(s0, f32x4.mul(t0, v128.load(s)));
        s1 = f32x4.add(s1, f32x4.mul(t1, v128.load(s, 16)));
        s2 = f32x4.add(s2, f32x4.mul(t2, v128.load(s, 32)));
        s3 = f32x4.add(s3, f32x4.mul(t3, v128.load(s, 48)));
      }
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
        value = f32x4.add(f32x4.mul(d, value), f32x4.mul(v128.load32_splat(x), v128.load(y)));
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
