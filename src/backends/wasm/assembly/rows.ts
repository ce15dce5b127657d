// Gathers and scatters of rows and columns, and one-hot encoding.
import { load1, store1 } from './elementwise';
import { splat } from './functions';

export function gatherBytes(
  out: usize,
  data: usize,
  indices: usize,
  batch: i32,
  columns: i32,
  scale: f32,
): void {
  const scale4 = splat(scale);
  for (let row = 0; row < batch; row++) {
    let source = data + <usize>load<i32>(indices + ((<usize>row) << 2)) * <usize>columns;
    let column = 0;
    for (; column + 8 <= columns; column += 8, source += 8, out += 32) {
      const wide = v128.load8x8_u(source);
      v128.store(out, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(wide)), scale4));
      v128.store(out, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(wide)), scale4), 16);
    }
    for (; column < columns; column++, source += 1, out += 4) store<f32>(out, <f32>load<u8>(source) * scale);
  }
}

export function gatherFloats(
  out: usize,
  data: usize,
  indices: usize,
  batch: i32,
  columns: i32,
  scale: f32,
): void {
  const scale4 = splat(scale);
  for (let row = 0; row < batch; row++) {
    let source = data + ((<usize>load<i32>(indices + ((<usize>row) << 2)) * <usize>columns) << 2);
    let column = 0;
    for (; column + 4 <= columns; column += 4, source += 16, out += 16) {
      v128.store(out, f32x4.mul(v128.load(source), scale4));
    }
    for (; column < columns; column++, source += 4, out += 4) store1(out, f32x4.mul(load1(source), scale4));
  }
}

export function gatherColumns(
  out: usize,
  a: usize,
  indices: usize,
  rows: i32,
  columns: i32,
  width: i32,
  perRow: bool,
): void {
  for (let row = 0; row < rows; row++, a += (<usize>width) << 2) {
    let index = indices;
    for (let column = 0; column < columns; column++, out += 4, index += 4) {
      const at = load<i32>(index);
      store<f32>(out, at < 0 ? <f32>0 : load<f32>(a + ((<usize>at) << 2)));
    }
    if (perRow) indices = index;
  }
}

export function scatterRows(data: usize, a: usize, indices: usize, batch: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let row = 0; row < batch; row++, a += bytes) {
    memory.copy(data + <usize>load<i32>(indices + ((<usize>row) << 2)) * bytes, a, bytes);
  }
}

export function gatherLabels(out: usize, labels: usize, indices: usize, batch: i32): void {
  for (let row = 0; row < batch; row++, out += 4, indices += 4) {
    store<i32>(out, <i32>load<u8>(labels + <usize>load<i32>(indices)));
  }
}

export function oneHot(out: usize, labels: usize, batch: i32, classes: i32): void {
  memory.fill(out, 0, (<usize>batch * <usize>classes) << 2);
  for (let row = 0; row < batch; row++) {
    store<f32>(out + ((<usize>(row * classes + load<i32>(labels + ((<usize>row) << 2)))) << 2), 1.0);
  }
}
