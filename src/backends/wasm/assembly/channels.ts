// Products over channels, with weights shared by all places of a picture or with weights of its own for every place;
// and the activation and sums of channels. The order of every sum depends on the shapes alone.
import { load1, store1 } from './elementwise';
import { activation4, splat } from './functions';
import { matmulPart } from './matmul';

/** out(batch, n, places) ← alpha · Σ_k a(batch, k, places) · op(b)(k, n) + beta · out, one product per example. */
export function matmulChannels(
  out: usize,
  a: usize,
  b: usize,
  batch: i32,
  k: i32,
  n: i32,
  places: i32,
  transposeB: bool,
  alpha: f32,
  beta: f32,
  workspace: usize,
): void {
  const outBytes = (<usize>(n * places)) << 2;
  const aBytes = (<usize>(k * places)) << 2;
  for (let row = 0; row < batch; row++, out += outBytes, a += aBytes) {
    matmulPart(out, b, a, n, places, k, !transposeB, false, alpha, beta, workspace, 0, n, 0, places);
  }
}

/** Rows `row` to `row + rows` of out(k, n) ← alpha · Σ over the batch of a(k, places) · b(n, places)ᵀ + beta · out. */
export function outerChannels(
  out: usize,
  a: usize,
  b: usize,
  batch: i32,
  k: i32,
  n: i32,
  places: i32,
  alpha: f32,
  beta: f32,
  workspace: usize,
  row: i32,
  rows: i32,
): void {
  const aBytes = (<usize>(k * places)) << 2;
  const bBytes = (<usize>(n * places)) << 2;
  for (let example = 0; example < batch; example++, a += aBytes, b += bBytes) {
    const keep = example == 0 ? beta : <f32>1;
    matmulPart(out, a, b, k, n, places, false, true, alpha, keep, workspace, row, rows, 0, n);
  }
}

// @ts-ignore: decorator
@inline
function get(pointer: usize, whole: bool): v128 {
  return whole ? v128.load(pointer) : load1(pointer);
}

// @ts-ignore: decorator
@inline
function put(pointer: usize, sum: v128, alpha: f32, beta: f32, whole: bool): void {
  let value = f32x4.mul(splat(alpha), sum);
  if (beta != 0) value = f32x4.add(value, f32x4.mul(splat(beta), get(pointer, whole)));
  if (whole) v128.store(pointer, value);
  else store1(pointer, value);
}

/** As `matmulChannels`, with b(k, n, places) or (n, k, places). Lanes are places; four examples share a load of weights. */
export function matmulPlaces(
  out: usize,
  a: usize,
  b: usize,
  batch: i32,
  k: i32,
  n: i32,
  places: i32,
  transposeB: bool,
  alpha: f32,
  beta: f32,
): void {
  const placeBytes = (<usize>places) << 2;
  const outBytes = <usize>n * placeBytes;
  const aBytes = <usize>k * placeBytes;
  const step = transposeB ? placeBytes : <usize>n * placeBytes;
  for (let row = 0; row < batch; row += 4) {
    const examples = min(4, batch - row);
    const a0 = a + <usize>row * aBytes;
    const a1 = a0 + (examples > 1 ? aBytes : 0);
    const a2 = a1 + (examples > 2 ? aBytes : 0);
    const a3 = a2 + (examples > 3 ? aBytes : 0);
    for (let column = 0; column < n; column++) {
      const weights = b + (transposeB ? <usize>(column * k) : <usize>column) * placeBytes;
      const target = out + <usize>row * outBytes + <usize>column * placeBytes;
      for (let place = 0; place < places; ) {
        const whole = place + 4 <= places;
        const at = (<usize>place) << 2;
        let sum0 = splat(0.0);
        let sum1 = splat(0.0);
        let sum2 = splat(0.0);
        let sum3 = splat(0.0);
        let w = weights + at;
        let offset = at;
        for (let inner = 0; inner < k; inner++, w += step, offset += placeBytes) {
          const weight = get(w, whole);
          sum0 = f32x4.add(sum0, f32x4.mul(get(a0 + offset, whole), weight));
          sum1 = f32x4.add(sum1, f32x4.mul(get(a1 + offset, whole), weight));
          sum2 = f32x4.add(sum2, f32x4.mul(get(a2 + offset, whole), weight));
          sum3 = f32x4.add(sum3, f32x4.mul(get(a3 + offset, whole), weight));
        }
        put(target + at, sum0, alpha, beta, whole);
        if (examples > 1) put(target + outBytes + at, sum1, alpha, beta, whole);
        if (examples > 2) put(target + 2 * outBytes + at, sum2, alpha, beta, whole);
        if (examples > 3) put(target + 3 * outBytes + at, sum3, alpha, beta, whole);
        place += whole ? 4 : 1;
      }
    }
  }
}

/** Rows `row` to `row + rows` of out(k, n, places) ← alpha · Σ over the batch of a(k, places) · b(n, places) + beta · out. */
export function outerPlaces(
  out: usize,
  a: usize,
  b: usize,
  batch: i32,
  k: i32,
  n: i32,
  places: i32,
  alpha: f32,
  beta: f32,
  row: i32,
  rows: i32,
): void {
  const placeBytes = (<usize>places) << 2;
  const aBytes = <usize>k * placeBytes;
  const bBytes = <usize>n * placeBytes;
  for (let inner = row; inner < row + rows; inner++) {
    for (let column = 0; column < n; column++) {
      const target = out + <usize>(inner * n + column) * placeBytes;
      for (let place = 0; place < places; ) {
        const whole = place + 4 <= places;
        const at = (<usize>place) << 2;
        let sum = splat(0.0);
        let pre = a + <usize>inner * placeBytes + at;
        let post = b + <usize>column * placeBytes + at;
        for (let example = 0; example < batch; example++, pre += aBytes, post += bBytes) {
          sum = f32x4.add(sum, f32x4.mul(get(pre, whole), get(post, whole)));
        }
        put(target + at, sum, alpha, beta, whole);
        place += whole ? 4 : 1;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function activateChannelsAs(kind: i32, out: usize, potential: usize, bias: usize, rows: i32, channels: i32, places: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let channel = 0; channel < channels; channel++) {
      const term = v128.load32_splat(bias + ((<usize>channel) << 2));
      let place = 0;
      for (; place + 4 <= places; place += 4, out += 16, potential += 16) {
        v128.store(out, activation4(kind, f32x4.add(v128.load(potential), term)));
      }
      for (; place < places; place++, out += 4, potential += 4) {
        store1(out, activation4(kind, f32x4.add(load1(potential), term)));
      }
    }
  }
}

export function activateChannels(
  out: usize,
  potential: usize,
  bias: usize,
  batch: i32,
  channels: i32,
  places: i32,
  kind: i32,
): void {
  switch (kind) {
    case 1:
      activateChannelsAs(1, out, potential, bias, batch, channels, places);
      break;
    case 2:
      activateChannelsAs(2, out, potential, bias, batch, channels, places);
      break;
    case 3:
      activateChannelsAs(3, out, potential, bias, batch, channels, places);
      break;
    case 4:
      activateChannelsAs(4, out, potential, bias, batch, channels, places);
      break;
    case 5:
      activateChannelsAs(5, out, potential, bias, batch, channels, places);
      break;
    default:
      activateChannelsAs(0, out, potential, bias, batch, channels, places);
  }
}

/** Sixteen partial sums over the places of one channel of one example; examples are added up in f64. */
export function sumChannels(out: usize, a: usize, batch: i32, channels: i32, places: i32, alpha: f32, beta: f32): void {
  const rowBytes = (<usize>(channels * places)) << 2;
  for (let channel = 0; channel < channels; channel++, out += 4) {
    let total: f64 = 0.0;
    let row = a + ((<usize>(channel * places)) << 2);
    for (let example = 0; example < batch; example++, row += rowBytes) {
      let pointer = row;
      let sums = splat(0.0);
      let sums1 = splat(0.0);
      let sums2 = splat(0.0);
      let sums3 = splat(0.0);
      let place = 0;
      for (; place + 16 <= places; place += 16, pointer += 64) {
        sums = f32x4.add(sums, v128.load(pointer));
        sums1 = f32x4.add(sums1, v128.load(pointer, 16));
        sums2 = f32x4.add(sums2, v128.load(pointer, 32));
        sums3 = f32x4.add(sums3, v128.load(pointer, 48));
      }
      sums = f32x4.add(f32x4.add(sums, sums1), f32x4.add(sums2, sums3));
      for (; place + 4 <= places; place += 4, pointer += 16) sums = f32x4.add(sums, v128.load(pointer));
      for (; place < places; place++, pointer += 4) sums = f32x4.add(sums, load1(pointer));
      total += <f64>f32x4.extract_lane(sums, 0) + <f64>f32x4.extract_lane(sums, 1);
      total += <f64>f32x4.extract_lane(sums, 2) + <f64>f32x4.extract_lane(sums, 3);
    }
    let value = alpha * <f32>total;
    if (beta != 0) value += beta * load<f32>(out);
    store<f32>(out, value);
  }
}
