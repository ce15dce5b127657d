/**
 * Packing: copies a block of a matrix into panels, the order in which the micro-kernel reads it.
 *
 * A panel holds `width` (4 or 8) neighbouring rows of op(a), or columns of op(b), called lanes. Element (lane, p) is at
 * `panel + 4 * (p * width + lane)`, for p from 0 to k − 1. Packing handles both transposes, so that one micro-kernel
 * serves all forms: a source whose rows run along the lanes is copied, a source whose rows run along k is transposed
 * four by four in registers. Lanes past the edge of the matrix repeat the last lane. Their results are never written,
 * so they cannot spread a NaN.
 *
 * Copies take four rows at a time through all panels, so that each step reads whole cache lines and writes 64 or 128
 * neighbouring bytes. Panel by panel, with rows of 4096 bytes, every read would use one cache set: six times slower.
 */

/** Packs `lanes` × `k` elements; `stride` is the length of the source's rows, in elements. */
export function packPanels(
  target: usize,
  source: usize,
  stride: i32,
  lanesContiguous: bool,
  lanes: i32,
  k: i32,
  width: i32,
): void {
  const stride4: usize = 4 * <usize>stride;
  if (lanesContiguous) {
    if (width == 8) copyPanels(target, source, stride4, lanes, k, 8);
    else copyPanels(target, source, stride4, lanes, k, 4);
    return;
  }
  const stepBytes: usize = 4 * <usize>width;
  const panelBytes = stepBytes * <usize>k;
  for (let lane = 0; lane < lanes; lane += width) {
    transposeQuad(target, stepBytes, source, stride4, lanes - lane, k);
    // A second group of four lanes past the edge is not written: the micro-kernel for narrow panels does not read it.
    if (width == 8 && lanes - lane > 4) {
      transposeQuad(target + 16, stepBytes, source + 4 * stride4, stride4, lanes - lane - 4, k);
    }
    target += panelBytes;
    source += <usize>width * stride4;
  }
}

// @ts-ignore: decorator
@inline
function copyPanels(target: usize, source: usize, stride: usize, lanes: i32, k: i32, width: i32): void {
  const stepBytes: usize = 4 * <usize>width;
  const panelBytes = stepBytes * <usize>k;
  const last = k & ~3;
  for (let p = 0; p < last; p += 4) {
    copyRows(target, source, stride, panelBytes, lanes, width, 4);
    target += 4 * stepBytes;
    source += 4 * stride;
  }
  for (let p = last; p < k; p++) {
    copyRows(target, source, stride, panelBytes, lanes, width, 1);
    target += stepBytes;
    source += stride;
  }
}

/** Copies `rows` (1 or 4) source rows to all panels. */
// @ts-ignore: decorator
@inline
function copyRows(
  target: usize,
  row0: usize,
  stride: usize,
  panelBytes: usize,
  lanes: i32,
  width: i32,
  rows: i32,
): void {
  const stepBytes: usize = 4 * <usize>width;
  const edgeLanes = lanes & (width - 1);
  const end: usize = row0 + 4 * <usize>(lanes - edgeLanes);
  let row1 = row0 + stride;
  let row2 = row1 + stride;
  let row3 = row2 + stride;
  while (row0 < end) {
    copyStep(target, row0, width);
    if (rows > 1) {
      copyStep(target + stepBytes, row1, width);
      copyStep(target + 2 * stepBytes, row2, width);
      copyStep(target + 3 * stepBytes, row3, width);
      row1 += stepBytes;
      row2 += stepBytes;
      row3 += stepBytes;
    }
    row0 += stepBytes;
    target += panelBytes;
  }
  if (edgeLanes == 0) return;
  for (let lane = 0; lane < width; lane++) {
    const offset: usize = 4 * <usize>min(lane, edgeLanes - 1);
    store<f32>(target, load<f32>(row0 + offset));
    if (rows > 1) {
      store<f32>(target + stepBytes, load<f32>(row1 + offset));
      store<f32>(target + 2 * stepBytes, load<f32>(row2 + offset));
      store<f32>(target + 3 * stepBytes, load<f32>(row3 + offset));
    }
    target += 4;
  }
}

// @ts-ignore: decorator
@inline
function copyStep(target: usize, source: usize, width: i32): void {
  v128.store(target, v128.load(source));
  if (width == 8) v128.store(target, v128.load(source, 16), 16);
}

/** Transposes up to four lanes, which are `stride` bytes apart in the source and adjacent in the target. */
function transposeQuad(target: usize, stepBytes: usize, source: usize, stride: usize, lanes: i32, k: i32): void {
  let row0 = source;
  let row1 = lanes > 1 ? row0 + stride : row0;
  let row2 = lanes > 2 ? row1 + stride : row1;
  let row3 = lanes > 3 ? row2 + stride : row2;
  const end: usize = row0 + 4 * <usize>k;
  const vectorEnd: usize = row0 + 4 * <usize>(k & ~3);
  while (row0 < vectorEnd) {
    const x0 = v128.load(row0);
    const x1 = v128.load(row1);
    const x2 = v128.load(row2);
    const x3 = v128.load(row3);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(target, v128.shuffle<f64>(low01, low23, 0, 2));
    v128.store(target + stepBytes, v128.shuffle<f64>(low01, low23, 1, 3));
    v128.store(target + 2 * stepBytes, v128.shuffle<f64>(high01, high23, 0, 2));
    v128.store(target + 3 * stepBytes, v128.shuffle<f64>(high01, high23, 1, 3));
    row0 += 16;
    row1 += 16;
    row2 += 16;
    row3 += 16;
    target += 4 * stepBytes;
  }
  while (row0 < end) {
    store<f32>(target, load<f32>(row0));
    store<f32>(target, load<f32>(row1), 4);
    store<f32>(target, load<f32>(row2), 8);
    store<f32>(target, load<f32>(row3), 12);
    row0 += 4;
    row1 += 4;
    row2 += 4;
    row3 += 4;
    target += stepBytes;
  }
}
