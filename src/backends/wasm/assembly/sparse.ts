/**
 * Sparse projections. Synapses are listed by postsynaptic unit, with 4 · the unit of the other side
 * (src/tensor/sparse/sparse.ts). `elements` is 0 if synapse s has value s.
 *
 * Every sum over synapses is taken by one thread, in the order of the list: in four lanes for a single row, in one for
 * rows of a block, whatever the width of the block. So neither threads nor the cut of a batch change bits.
 */
import { splat } from './functions';

/** Units of which a copy of the activity fits into `copied`. */
const MOST_COPIED: i32 = 16384;
/**
 * The activity of one row. At an address that is known when this is compiled, a load needs no addition: 32 instead of
 * 36 µs for 100 000 synapses. Threads that share a product write the same numbers here.
 */
const copied: usize = memory.data(65536, 64);

// @ts-ignore: decorator
@inline
function unitAt(list: usize, synapse: i32): usize {
  return <usize>load<u32>(list + ((<usize>synapse) << 2));
}

// @ts-ignore: decorator
@inline
function valueAt(elements: usize, synapse: i32): usize {
  return elements == 0 ? (<usize>synapse) << 2 : (<usize>load<u32>(elements + ((<usize>synapse) << 2))) << 2;
}

// @ts-ignore: decorator
@inline
function sumOf(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  );
}

/** Four numbers at addresses base + list(0 … 3). */
// @ts-ignore: decorator
@inline
export function gather4(base: usize, list: usize): v128 {
  let x = v128.load32_zero(base + <usize>load<u32>(list));
  x = v128.load_lane<u32>(base + <usize>load<u32>(list, 4), x, 1);
  x = v128.load_lane<u32>(base + <usize>load<u32>(list, 8), x, 2);
  return v128.load_lane<u32>(base + <usize>load<u32>(list, 12), x, 3);
}

// @ts-ignore: decorator
@inline
function gatherCopied4(list: usize): v128 {
  // Two addresses a load: loads are the limit.
  const first = load<u64>(list);
  const second = load<u64>(list, 8);
  let x = v128.load32_zero(<usize>first, copied);
  x = v128.load_lane<u32>(<usize>(first >> 32), x, 1, copied);
  x = v128.load_lane<u32>(<usize>second, x, 2, copied);
  return v128.load_lane<u32>(<usize>(second >> 32), x, 3, copied);
}

// @ts-ignore: decorator
@inline
export function write(out: usize, value: f32, beta: f32): void {
  store<f32>(out, beta == 0 ? value : value + beta * load<f32>(out));
}

/** out(post) ← alpha · a(pre) · W + beta · out, for one row. */
export function sparseVector(
  out: usize,
  a: usize,
  values: usize,
  starts: usize,
  sources: usize,
  elements: usize,
  preUnits: i32,
  postUnits: i32,
  alpha: f32,
  beta: f32,
  synapses: i32,
): void {
  if (elements != 0) {
    for (let unit = 0; unit < postUnits; unit++, out += 4, starts += 4) {
      let sum: f32 = 0;
      for (let s = load<i32>(starts); s < load<i32>(starts, 4); s++) {
        sum += load<f32>(values + valueAt(elements, s)) * load<f32>(a + unitAt(sources, s));
      }
      write(out, alpha * sum, beta);
    }
    return;
  }
  const isCopied = preUnits <= MOST_COPIED && synapses >= 4 * preUnits;
  if (isCopied) memory.copy(copied, a, (<usize>preUnits) << 2);
  const first = (<usize>load<i32>(starts)) << 2;
  let source = sources + first;
  let value = values + first;
  for (let unit = 0; unit < postUnits; unit++, out += 4, starts += 4) {
    const end = sources + ((<usize>load<i32>(starts, 4)) << 2);
    let sums = splat(0);
    if (isCopied) {
      for (; source + 32 <= end; source += 32, value += 32) {
        sums = f32x4.add(sums, f32x4.mul(v128.load(value), gatherCopied4(source)));
        sums = f32x4.add(sums, f32x4.mul(v128.load(value, 16), gatherCopied4(source + 16)));
      }
      for (; source + 16 <= end; source += 16, value += 16) {
        sums = f32x4.add(sums, f32x4.mul(v128.load(value), gatherCopied4(source)));
      }
    } else {
      for (; source + 16 <= end; source += 16, value += 16) {
        sums = f32x4.add(sums, f32x4.mul(v128.load(value), gather4(a, source)));
      }
    }
    let sum = sumOf(sums);
    for (; source < end; source += 4, value += 4) {
      sum += load<f32>(value) * load<f32>(a + <usize>load<u32>(source));
    }
    write(out, alpha * sum, beta);
  }
}

/** out(pre) ← alpha · a(post) · Wᵀ + beta · out, for one row. Units whose signal is 0 are skipped. */
export function sparseVectorBack(
  out: usize,
  a: usize,
  values: usize,
  starts: usize,
  sources: usize,
  elements: usize,
  preUnits: i32,
  postUnits: i32,
  alpha: f32,
  beta: f32,
): void {
  if (beta == 0) memory.fill(out, 0, (<usize>preUnits) << 2);
  else if (beta != 1) {
    for (let unit: usize = out; unit < out + ((<usize>preUnits) << 2); unit += 4) {
      store<f32>(unit, beta * load<f32>(unit));
    }
  }
  for (let unit = 0; unit < postUnits; unit++, a += 4, starts += 4) {
    const x = alpha * load<f32>(a);
    if (x == 0) continue;
    const end = load<i32>(starts, 4);
    if (elements == 0) {
      const x4 = splat(x);
      const first = (<usize>load<i32>(starts)) << 2;
      const last = sources + ((<usize>end) << 2);
      let source = sources + first;
      let value = values + first;
      for (; source + 16 <= last; source += 16, value += 16) {
        const products = f32x4.mul(x4, v128.load(value));
        addTo(out + <usize>load<u32>(source), f32x4.extract_lane(products, 0));
        addTo(out + <usize>load<u32>(source, 4), f32x4.extract_lane(products, 1));
        addTo(out + <usize>load<u32>(source, 8), f32x4.extract_lane(products, 2));
        addTo(out + <usize>load<u32>(source, 12), f32x4.extract_lane(products, 3));
      }
      for (; source < last; source += 4, value += 4) {
        addTo(out + <usize>load<u32>(source), x * load<f32>(value));
      }
      continue;
    }
    for (let s = load<i32>(starts); s < end; s++) {
      addTo(out + unitAt(sources, s), x * load<f32>(values + valueAt(elements, s)));
    }
  }
}

// @ts-ignore: decorator
@inline
function addTo(target: usize, value: f32): void {
  store<f32>(target, load<f32>(target) + value);
}

/** block(unit, width) ← rows of a(rows, units), the rest of the width with zeros. width is 4 or 16. */
function packBlock(block: usize, a: usize, rows: i32, units: i32, width: i32): void {
  const rowBytes = (<usize>units) << 2;
  const unitBytes = (<usize>width) << 2;
  const zero = splat(0);
  for (let first = 0; first < width; first += 4, block += 16, a += rowBytes << 2) {
    const row1 = a + rowBytes;
    const row2 = row1 + rowBytes;
    const row3 = row2 + rowBytes;
    let target = block;
    let unit = 0;
    for (; unit + 4 <= units; unit += 4) {
      const at = (<usize>unit) << 2;
      const x0 = first < rows ? v128.load(a + at) : zero;
      const x1 = first + 1 < rows ? v128.load(row1 + at) : zero;
      const x2 = first + 2 < rows ? v128.load(row2 + at) : zero;
      const x3 = first + 3 < rows ? v128.load(row3 + at) : zero;
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<f64>(low01, low23, 0, 2));
      target += unitBytes;
      v128.store(target, v128.shuffle<f64>(low01, low23, 1, 3));
      target += unitBytes;
      v128.store(target, v128.shuffle<f64>(high01, high23, 0, 2));
      target += unitBytes;
      v128.store(target, v128.shuffle<f64>(high01, high23, 1, 3));
      target += unitBytes;
    }
    for (; unit < units; unit++, target += unitBytes) {
      const at = (<usize>unit) << 2;
      store<f32>(target, first < rows ? load<f32>(a + at) : 0);
      store<f32>(target, first + 1 < rows ? load<f32>(row1 + at) : 0, 4);
      store<f32>(target, first + 2 < rows ? load<f32>(row2 + at) : 0, 8);
      store<f32>(target, first + 3 < rows ? load<f32>(row3 + at) : 0, 12);
    }
  }
}

/** out(rows, units) ← alpha · block(unit, width) + beta · out. */
function unpackBlock(out: usize, block: usize, rows: i32, units: i32, width: i32, alpha: f32, beta: f32): void {
  const unitBytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++, block += 4) {
    let source = block;
    for (let unit = 0; unit < units; unit++, source += unitBytes, out += 4) {
      write(out, alpha * load<f32>(source), beta);
    }
  }
}

/** Bytes of the blocks of one product. */
// @ts-ignore: decorator
@inline
function blockBytes(units: i32, width: i32): i32 {
  return 4 * width * units;
}

/**
 * out(batch, outUnits) ← alpha · a(batch, inUnits) · op(W) + beta · out, for several rows. Lists belong to the units of
 * out. Rows go into blocks (unit, 16 or 4), so that one weight serves four rows an instruction.
 */
export function sparseBlocks(
  out: usize,
  a: usize,
  values: usize,
  starts: usize,
  list: usize,
  elements: usize,
  batch: i32,
  inUnits: i32,
  outUnits: i32,
  alpha: f32,
  beta: f32,
  synapses: i32,
  workspace: usize,
  workspaceBytes: i32,
): void {
  const isWide = blockBytes(inUnits + outUnits, 16) <= workspaceBytes;
  for (let row = 0; row < batch; ) {
    const width = isWide && batch - row > 8 ? 16 : 4;
    const rows = min(batch - row, width);
    const sums = workspace + (<usize>blockBytes(inUnits, width));
    packBlock(workspace, a + (((<usize>row) * (<usize>inUnits)) << 2), rows, inUnits, width);
    if (width == 16) multiplyBlock16(sums, workspace, values, starts, list, elements, outUnits);
    else multiplyBlock4(sums, workspace, values, starts, list, elements, outUnits);
    unpackBlock(out + (((<usize>row) * (<usize>outUnits)) << 2), sums, rows, outUnits, width, alpha, beta);
    row += rows;
  }
}

function multiplyBlock16(
  sums: usize,
  block: usize,
  values: usize,
  starts: usize,
  list: usize,
  elements: usize,
  units: i32,
): void {
  for (let unit = 0; unit < units; unit++, starts += 4, sums += 64) {
    let s0 = splat(0);
    let s1 = splat(0);
    let s2 = splat(0);
    let s3 = splat(0);
    const end = load<i32>(starts, 4);
    for (let s = load<i32>(starts); s < end; s++) {
      const w = v128.load32_splat(values + valueAt(elements, s));
      const x = block + (unitAt(list, s) << 4);
      s0 = f32x4.add(s0, f32x4.mul(w, v128.load(x)));
      s1 = f32x4.add(s1, f32x4.mul(w, v128.load(x, 16)));
      s2 = f32x4.add(s2, f32x4.mul(w, v128.load(x, 32)));
      s3 = f32x4.add(s3, f32x4.mul(w, v128.load(x, 48)));
    }
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    v128.store(sums, s2, 32);
    v128.store(sums, s3, 48);
  }
}

function multiplyBlock4(
  sums: usize,
  block: usize,
  values: usize,
  starts: usize,
  list: usize,
  elements: usize,
  units: i32,
): void {
  for (let unit = 0; unit < units; unit++, starts += 4, sums += 16) {
    let sum = splat(0);
    const end = load<i32>(starts, 4);
    for (let s = load<i32>(starts); s < end; s++) {
      const w = v128.load32_splat(values + valueAt(elements, s));
      sum = f32x4.add(sum, f32x4.mul(w, v128.load(block + (unitAt(list, s) << 2))));
    }
    v128.store(sums, sum);
  }
}

/** out(synapse) ← alpha · a(pre) · b(post) + beta · out, for one row and values of their own. */
export function sparseOuterVector(
  out: usize,
  a: usize,
  b: usize,
  starts: usize,
  sources: usize,
  postUnits: i32,
  alpha: f32,
  beta: f32,
  synapses: i32,
): void {
  const beta4 = splat(beta);
  for (let unit = 0; unit < postUnits; unit++, b += 4, starts += 4) {
    const y = alpha * load<f32>(b);
    if (y == 0 && beta == 1) continue;
    const y4 = splat(y);
    const first = (<usize>load<i32>(starts)) << 2;
    const end = sources + ((<usize>load<i32>(starts, 4)) << 2);
    let source = sources + first;
    let target = out + first;
    for (; source + 16 <= end; source += 16, target += 16) {
      const product = f32x4.mul(y4, gather4(a, source));
      v128.store(
        target,
        beta == 0 ? product : f32x4.add(product, f32x4.mul(beta4, v128.load(target))),
      );
    }
    for (; source < end; source += 4, target += 4) {
      write(target, y * load<f32>(a + <usize>load<u32>(source)), beta);
    }
  }
}

/**
 * out(synapse) ← alpha · Σ a(batch, pre) · b(batch, post) + beta · out, for rows in blocks of 16 and values of their own.
 * b has `stride` columns. The workspace holds 64 bytes for each presynaptic unit and 64 more.
 */
export function sparseOuterBlocks(
  out: usize,
  a: usize,
  b: usize,
  starts: usize,
  sources: usize,
  batch: i32,
  preUnits: i32,
  postUnits: i32,
  alpha: f32,
  beta: f32,
  stride: i32,
  synapses: i32,
  workspace: usize,
): void {
  for (let row = 0; row < batch; row += 16) {
    const rows = min(batch - row, 16);
    packBlock(workspace, a + (((<usize>row) * (<usize>preUnits)) << 2), rows, preUnits, 16);
    const bRows = b + (((<usize>row) * (<usize>stride)) << 2);
    const column = workspace + ((<usize>preUnits) << 6);
    const keep = row == 0 ? beta : <f32>1;
    outerBlock(out, workspace, column, bRows, starts, sources, rows, postUnits, alpha, keep, stride);
  }
}

// @ts-ignore: decorator
@inline
function dot16(x: usize, y0: v128, y1: v128, y2: v128, y3: v128): v128 {
  const low = f32x4.add(f32x4.mul(v128.load(x), y0), f32x4.mul(v128.load(x, 16), y1));
  return f32x4.add(low, f32x4.add(f32x4.mul(v128.load(x, 32), y2), f32x4.mul(v128.load(x, 48), y3)));
}

function outerBlock(
  out: usize,
  block: usize,
  column: usize,
  b: usize,
  starts: usize,
  sources: usize,
  rows: i32,
  postUnits: i32,
  alpha: f32,
  beta: f32,
  stride: i32,
): void {
  const alpha4 = splat(alpha);
  const beta4 = splat(beta);
  const strideBytes = (<usize>stride) << 2;
  for (let unit = 0; unit < postUnits; unit++, b += 4, starts += 4) {
    for (let row = 0; row < 16; row++) {
      store<f32>(
        column + ((<usize>row) << 2),
        row < rows ? load<f32>(b + <usize>row * strideBytes) : <f32>0,
      );
    }
    const y0 = v128.load(column);
    const y1 = v128.load(column, 16);
    const y2 = v128.load(column, 32);
    const y3 = v128.load(column, 48);
    const first = (<usize>load<i32>(starts)) << 2;
    const end = sources + ((<usize>load<i32>(starts, 4)) << 2);
    let source = sources + first;
    let target = out + first;
    for (; source + 16 <= end; source += 16, target += 16) {
      const d0 = dot16(block + ((<usize>load<u32>(source)) << 4), y0, y1, y2, y3);
      const d1 = dot16(block + ((<usize>load<u32>(source, 4)) << 4), y0, y1, y2, y3);
      const d2 = dot16(block + ((<usize>load<u32>(source, 8)) << 4), y0, y1, y2, y3);
      const d3 = dot16(block + ((<usize>load<u32>(source, 12)) << 4), y0, y1, y2, y3);
      // Sums of lanes, four at once: (l0 + l1) + (l2 + l3) of each.
      const even01 = v128.shuffle<f32>(d0, d1, 0, 2, 4, 6);
      const odd01 = v128.shuffle<f32>(d0, d1, 1, 3, 5, 7);
      const even23 = v128.shuffle<f32>(d2, d3, 0, 2, 4, 6);
      const odd23 = v128.shuffle<f32>(d2, d3, 1, 3, 5, 7);
      const pairs01 = f32x4.add(even01, odd01);
      const pairs23 = f32x4.add(even23, odd23);
      const sums = f32x4.add(
        v128.shuffle<f32>(pairs01, pairs23, 0, 2, 4, 6),
        v128.shuffle<f32>(pairs01, pairs23, 1, 3, 5, 7),
      );
      const product = f32x4.mul(alpha4, sums);
      v128.store(
        target,
        beta == 0 ? product : f32x4.add(product, f32x4.mul(beta4, v128.load(target))),
      );
    }
    for (; source < end; source += 4, target += 4) {
      const lanes = dot16(block + ((<usize>load<u32>(source)) << 4), y0, y1, y2, y3);
      write(target, alpha * sumOf(lanes), beta);
    }
  }
}

/** out(value) ← alpha · Σ a(batch, pre) · b(batch, post) + beta · out, over the synapses that share a value. */
export function sparseOuterShared(
  out: usize,
  a: usize,
  b: usize,
  starts: usize,
  sources: usize,
  elements: usize,
  batch: i32,
  preUnits: i32,
  postUnits: i32,
  alpha: f32,
  beta: f32,
  values: i32,
): void {
  for (let value = 0; value < values; value++) {
    const target = out + ((<usize>value) << 2);
    store<f32>(target, beta == 0 ? <f32>0 : beta * load<f32>(target));
  }
  for (let row = 0; row < batch; row++, a += (<usize>preUnits) << 2) {
    let start = starts;
    for (let unit = 0; unit < postUnits; unit++, b += 4, start += 4) {
      const y = alpha * load<f32>(b);
      if (y == 0) continue;
      for (let s = load<i32>(start); s < load<i32>(start, 4); s++) {
        const target = out + valueAt(elements, s);
        store<f32>(target, load<f32>(target) + y * load<f32>(a + unitAt(sources, s)));
      }
    }
  }
}

export function sparseScale(
  out: usize,
  a: usize,
  unit: usize,
  presynaptic: bool,
  alpha: f32,
  beta: f32,
  starts: usize,
  sources: usize,
  elements: usize,
  outgoingStarts: usize,
  targets: usize,
  outgoingElements: usize,
  preUnits: i32,
  postUnits: i32,
  synapses: i32,
  values: i32,
): void {
  if (elements != 0) {
    // out is not a here: values that several synapses share add up in it.
    for (let at: usize = out; at < out + ((<usize>values) << 2); at += 4) {
      store<f32>(at, beta == 0 ? <f32>0 : beta * load<f32>(at));
    }
    for (let post = 0; post < postUnits; post++, starts += 4) {
      for (let s = load<i32>(starts); s < load<i32>(starts, 4); s++) {
        const at = valueAt(elements, s);
        const factor = load<f32>(unit + (presynaptic ? unitAt(sources, s) : (<usize>post) << 2));
        store<f32>(out + at, load<f32>(out + at) + alpha * factor * load<f32>(a + at));
      }
    }
    return;
  }
  for (let post = 0; post < postUnits; post++, starts += 4) {
    const factor = presynaptic ? <f32>0 : alpha * load<f32>(unit + ((<usize>post) << 2));
    for (let s = load<i32>(starts); s < load<i32>(starts, 4); s++) {
      const at = (<usize>s) << 2;
      const scale = presynaptic ? alpha * load<f32>(unit + unitAt(sources, s)) : factor;
      write(out + at, load<f32>(a + at) * scale, beta);
    }
  }
}

export function limitSparseNorms(
  values: usize,
  outgoing: bool,
  limit: f32,
  incomingStarts: usize,
  sources: usize,
  incomingElements: usize,
  outgoingStarts: usize,
  targets: usize,
  outgoingElements: usize,
  preUnits: i32,
  postUnits: i32,
  synapses: i32,
  count: i32,
): void {
  let starts = outgoing ? outgoingStarts : incomingStarts;
  const elements = outgoing ? outgoingElements : incomingElements;
  const units = outgoing ? preUnits : postUnits;
  for (let unit = 0; unit < units; unit++, starts += 4) {
    const end = load<i32>(starts, 4);
    let square: f32 = 0;
    for (let s = load<i32>(starts); s < end; s++) {
      const value = load<f32>(values + valueAt(elements, s));
      square += value * value;
    }
    const norm = Mathf.sqrt(square);
    if (!(norm > limit)) continue;
    const factor = limit / norm;
    for (let s = load<i32>(starts); s < end; s++) {
      const at = values + valueAt(elements, s);
      store<f32>(at, load<f32>(at) * factor);
    }
  }
}

export function listEvents(indices: usize, starts: usize, a: usize, rows: i32, columns: i32): void {
  const first = indices;
  for (let row = 0; row < rows; row++, starts += 4) {
    store<i32>(starts, <i32>((indices - first) >> 2));
    let column = 0;
    for (; column + 4 <= columns; column += 4, a += 16) {
      // Most units are silent: four are passed over at once.
      let fired = i32x4.bitmask(f32x4.ne(v128.load(a), splat(0)));
      for (let unit = column; fired != 0; fired >>= 1, unit++) {
        if ((fired & 1) == 0) continue;
        store<i32>(indices, unit);
        indices += 4;
      }
    }
    for (; column < columns; column++, a += 4) {
      if (load<f32>(a) == 0) continue;
      store<i32>(indices, column);
      indices += 4;
    }
  }
  store<i32>(starts, <i32>((indices - first) >> 2));
}

function addRowTo(out: usize, row: usize, bytes: usize): void {
  const end = out + bytes;
  for (; out + 16 <= end; out += 16, row += 16) v128.store(out, f32x4.add(v128.load(out), v128.load(row)));
  for (; out < end; out += 4, row += 4) addTo(out, load<f32>(row));
}

/** out(rows, post) ← Σ of the rows of W of the units that fired + beta · out. Without lists, W is a matrix. */
export function eventRows(
  out: usize,
  indices: usize,
  values: usize,
  eventStarts: usize,
  starts: usize,
  targets: usize,
  elements: usize,
  rows: i32,
  postUnits: i32,
  beta: f32,
): void {
  const rowBytes = (<usize>postUnits) << 2;
  for (let row = 0; row < rows; row++, out += rowBytes, eventStarts += 4) {
    if (beta == 0) memory.fill(out, 0, rowBytes);
    else if (beta != 1) {
      for (let unit: usize = out; unit < out + rowBytes; unit += 4) store<f32>(unit, beta * load<f32>(unit));
    }
    for (let event = load<i32>(eventStarts); event < load<i32>(eventStarts, 4); event++) {
      const unit = <usize>load<i32>(indices + ((<usize>event) << 2));
      if (starts == 0) {
        addRowTo(out, values + unit * rowBytes, rowBytes);
        continue;
      }
      const start = starts + (unit << 2);
      const end = load<i32>(start, 4);
      for (let s = load<i32>(start); s < end; s++) {
        const target = out + unitAt(targets, s);
        store<f32>(target, load<f32>(target) + load<f32>(values + valueAt(elements, s)));
      }
    }
  }
}
