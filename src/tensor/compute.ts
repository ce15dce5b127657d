import { thresholdOf } from '../random/stream.ts';
import type { Stream } from '../random/stream.ts';
import { Arena } from './arena.ts';
import type { Heap } from './heap.ts';
import type { Activation, Kernels } from './kernels.ts';
import { ACTIVATIONS } from './kernels.ts';
import type { MatmulForm, Operations } from './operations.ts';
import { mismatch } from './shapes.ts';
import { CheckedSpatial } from './spatial.ts';
import type { Window } from './spatial.ts';
import type { ElementType, Shape } from './tensor.ts';
import { BYTES_PER_ELEMENT, sizeOf, Tensor } from './tensor.ts';

/** What a run must say about where it was computed. */
export interface BackendDescription {
  readonly name: 'reference' | 'wasm' | 'blas';
  /** Element type of floats. */
  readonly float: 'f32' | 'f64';
  readonly threads: number;
  /** Library, version and processor, as far as known. */
  readonly detail: string;
}

const PLAIN: MatmulForm = {};

/** Units whose rate is their state, as long as that is kept within its bounds. */
export const IS_OWN_RATE: ReadonlySet<Activation> = new Set<Activation>(['linear', 'relu', 'hard-sigmoid']);

/**
 * A backend at work: tensors in one heap, temporaries in an arena, and the operations on them. Shapes are
 * checked here, once for every backend; kernels see only addresses. A shape error is a bug in a rule, so it
 * throws a RangeError that names the operation and the shapes.
 */
export class Compute implements Operations {
  readonly heap: Heap;
  readonly backend: BackendDescription;
  readonly #kernels: Kernels;
  readonly #spatial: CheckedSpatial;
  readonly #arena: Arena;

  constructor(heap: Heap, kernels: Kernels, backend: BackendDescription) {
    this.heap = heap;
    this.backend = backend;
    this.#kernels = kernels;
    this.#spatial = new CheckedSpatial(kernels);
    this.#arena = new Arena(heap);
  }

  /** A tensor of zeros that lives until `free`. Throws `heap.exhausted`. */
  allocate(shape: Shape, type: ElementType = this.backend.float): Tensor {
    return new Tensor(
      this.heap,
      type,
      [...shape],
      this.heap.reserve(sizeOf(shape) * BYTES_PER_ELEMENT[type]),
    );
  }

  free(tensor: Tensor): void {
    this.heap.release(tensor.offset);
  }

  /** Runs `body`; temporaries made inside are gone afterwards. */
  scope<Result>(body: () => Result): Result {
    return this.#arena.scope(body);
  }

  /** A temporary with undefined contents, gone when the innermost scope ends. */
  temporary(shape: Shape, type: ElementType = this.backend.float): Tensor {
    return this.#arena.allocate(type, shape);
  }

  /** Bytes that temporaries hold now. */
  get temporaryBytes(): number {
    return this.#arena.bytesInUse;
  }

  /** Gives the arena's memory back; tensors made by `allocate` stay. */
  dispose(): void {
    this.#arena.dispose();
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, form: MatmulForm = PLAIN): void {
    const transposeA = form.transposeA ?? false;
    const transposeB = form.transposeB ?? false;
    const m = transposeA ? a.columns : a.rows;
    const k = transposeA ? a.rows : a.columns;
    const n = transposeB ? b.rows : b.columns;
    if ((transposeB ? b.columns : b.rows) !== k || out.rows !== m || out.columns !== n) {
      mismatch('matmul', out, a, b);
    }
    const { alpha = 1, beta = 0 } = form;
    this.#kernels.matmul(out.offset, a.offset, b.offset, m, n, k, transposeA, transposeB, alpha, beta);
  }

  momentumStep(
    weights: Tensor,
    velocity: Tensor,
    pre: Tensor,
    post: Tensor,
    rate: number,
    momentum: number,
    decay: number,
    nesterov: boolean,
  ): void {
    if (
      weights.size !== velocity.size ||
      pre.rows !== post.rows ||
      pre.columns !== weights.rows ||
      post.columns !== weights.columns
    ) {
      mismatch('momentumStep', weights, velocity, pre, post);
    }
    this.#kernels.momentumStep(
      weights.offset,
      velocity.offset,
      pre.offset,
      post.offset,
      pre.rows,
      pre.columns,
      post.columns,
      rate,
      momentum,
      decay,
      nesterov,
    );
  }

  fill(out: Tensor, value: number): void {
    this.#kernels.fill(out.offset, out.size, value);
  }

  copy(out: Tensor, a: Tensor): void {
    sameSize('copy', out, a);
    if (out.type !== a.type) mismatch(`copy (${a.type} to ${out.type})`, out, a);
    const bytes = a.size * BYTES_PER_ELEMENT[a.type];
    this.heap.u8.copyWithin(out.offset, a.offset, a.offset + bytes);
  }

  combine(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void {
    sameSize('combine', out, a, b);
    this.#kernels.combine(out.offset, a.offset, b.offset, out.size, alpha, beta);
  }

  scale(out: Tensor, a: Tensor, factor: number): void {
    sameSize('scale', out, a);
    this.#kernels.combine(out.offset, a.offset, a.offset, out.size, factor, 0);
  }

  multiply(out: Tensor, a: Tensor, b: Tensor): void {
    sameSize('multiply', out, a, b);
    this.#kernels.multiply(out.offset, a.offset, b.offset, out.size);
  }

  below(out: Tensor, a: Tensor, b: Tensor): void {
    sameSize('below', out, a, b);
    this.#kernels.below(out.offset, a.offset, b.offset, out.size);
  }

  multiplyBySign(out: Tensor, a: Tensor, b: Tensor): void {
    sameSize('multiplyBySign', out, a, b);
    this.#kernels.multiplyBySign(out.offset, a.offset, b.offset, out.size);
  }

  transpose(out: Tensor, a: Tensor): void {
    if (out.rows !== a.columns || out.columns !== a.rows) mismatch('transpose', out, a);
    this.#kernels.transpose(out.offset, a.offset, a.rows, a.columns);
  }

  activate(out: Tensor, potential: Tensor, bias: Tensor | undefined, activation: Activation): void {
    sameSize('activate', out, potential);
    const kind = ACTIVATIONS.indexOf(activation);
    if (bias && bias.size !== out.columns) {
      const places = out.columns / bias.size;
      if (!Number.isInteger(places)) mismatch('activate', out, potential, bias);
      const { offset, size } = bias;
      this.#kernels.activateChannels(out.offset, potential.offset, offset, out.rows, size, places, kind);
      return;
    }
    this.#kernels.activate(out.offset, potential.offset, bias?.offset ?? 0, out.rows, out.columns, kind);
  }

  multiplyBySlope(
    out: Tensor,
    a: Tensor,
    rate: Tensor,
    gain: Tensor | undefined,
    activation: Activation,
  ): void {
    sameSize('multiplyBySlope', out, a, rate);
    if (gain) sameSize('multiplyBySlope', out, gain);
    const kind = ACTIVATIONS.indexOf(activation);
    this.#kernels.multiplyBySlope(out.offset, a.offset, rate.offset, gain?.offset ?? 0, out.size, kind);
  }

  relax(
    state: Tensor,
    rate: Tensor,
    received: Tensor,
    drive: Tensor,
    size: number,
    activation: Activation,
  ): void {
    sameSize('relax', state, rate, received, drive);
    const kind = ACTIVATIONS.indexOf(activation);
    if (state.offset === rate.offset && !IS_OWN_RATE.has(activation)) {
      mismatch(`relax (${activation} units need a rate apart from their state)`, state, rate);
    }
    const { offset, size: units } = state;
    this.#kernels.relax(offset, rate.offset, received.offset, drive.offset, units, size, kind);
  }

  fire(
    drawn: Tensor,
    rate: Tensor,
    potential: Tensor,
    bias: Tensor | undefined,
    gain: number,
    stream: Stream,
    step: number,
    firstRow = 0,
  ): void {
    sameSize('fire', drawn, rate, potential);
    if (bias && bias.size !== drawn.columns) {
      this.activate(rate, potential, bias, 'linear');
      this.fire(drawn, rate, rate, undefined, gain, stream, step, firstRow);
      return;
    }
    this.#kernels.fire(
      drawn.offset,
      rate.offset,
      potential.offset,
      bias?.offset ?? 0,
      drawn.rows,
      drawn.columns,
      gain,
      ...counterOf(stream, step),
      firstRow,
    );
  }

  sweep(state: Tensor, drive: Tensor, weights: Tensor, uniform: Tensor | undefined, gain: number): void {
    sameSize('sweep', state, drive);
    if (uniform) sameSize('sweep', state, uniform);
    const { rows, columns: units } = state;
    if (weights.rows !== units || weights.columns !== units) mismatch('sweep', state, drive, weights);
    this.#kernels.sweep(state.offset, drive.offset, weights.offset, uniform?.offset ?? 0, rows, units, gain);
  }

  sumRows(out: Tensor, a: Tensor, alpha: number, beta: number): void {
    if (out.size !== a.columns) mismatch('sumRows', out, a);
    this.#kernels.sumRows(out.offset, a.offset, a.rows, a.columns, alpha, beta);
  }

  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha: number, beta: number): void {
    sameSize('scaleColumns', out, a);
    if (row.size !== a.columns) mismatch('scaleColumns', out, a, row);
    this.#kernels.scaleColumns(out.offset, a.offset, row.offset, a.rows, a.columns, alpha, beta);
  }

  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha: number, beta: number): void {
    sameSize('scaleRows', out, a);
    if (column.size !== a.rows) mismatch('scaleRows', out, a, column);
    this.#kernels.scaleRows(out.offset, a.offset, column.offset, a.rows, a.columns, alpha, beta);
  }

  dot(out: Tensor, a: Tensor, b: Tensor): void {
    sameSize('dot', a, b);
    if (out.type !== 'f64') mismatch('dot (out must be f64)', out, a, b);
    this.#kernels.dot(out.offset, a.offset, b.offset, a.size);
  }

  dotRows(out: Tensor, a: Tensor, b: Tensor): void {
    sameSize('dotRows', a, b);
    if (out.size !== a.rows) mismatch('dotRows', out, a, b);
    this.#kernels.dotRows(out.offset, a.offset, b.offset, a.rows, a.columns);
  }

  limitRowNorms(weights: Tensor, limit: number): void {
    this.#kernels.limitRowNorms(weights.offset, weights.rows, weights.columns, limit);
  }

  limitColumnNorms(weights: Tensor, limit: number): void {
    this.#kernels.limitColumnNorms(weights.offset, weights.rows, weights.columns, limit);
  }

  gatherRows(out: Tensor, data: Tensor, indices: Tensor, scale: number): void {
    if (out.columns !== data.columns || out.rows !== indices.size || indices.type !== 'i32') {
      mismatch('gatherRows (indices must be i32)', out, data, indices);
    }
    const bytes = data.type === 'u8';
    this.#kernels.gatherRows(out.offset, data.offset, indices.offset, out.rows, out.columns, scale, bytes);
  }

  scatterRows(data: Tensor, a: Tensor, indices: Tensor): void {
    if (a.columns !== data.columns || a.rows !== indices.size) mismatch('scatterRows', data, a, indices);
    this.#kernels.scatterRows(data.offset, a.offset, indices.offset, a.rows, a.columns);
  }

  gatherLabels(out: Tensor, labels: Tensor, indices: Tensor): void {
    if (out.size !== indices.size) mismatch('gatherLabels', out, labels, indices);
    this.#kernels.gatherLabels(out.offset, labels.offset, indices.offset, out.size);
  }

  oneHot(out: Tensor, labels: Tensor): void {
    if (out.rows !== labels.size || labels.type !== 'i32')
      mismatch('oneHot (labels must be i32)', out, labels);
    this.#kernels.oneHot(out.offset, labels.offset, out.rows, out.columns);
  }

  softmax(out: Tensor, logits: Tensor): void {
    sameSize('softmax', out, logits);
    this.#kernels.softmax(out.offset, logits.offset, out.rows, out.columns);
  }

  softmaxCrossEntropy(error: Tensor, tally: Tensor, logits: Tensor, labels: Tensor): void {
    sameSize('softmaxCrossEntropy', error, logits);
    if (labels.size !== logits.rows || labels.type !== 'i32' || tally.type !== 'f64') {
      mismatch('softmaxCrossEntropy (labels must be i32, tally f64)', tally, labels);
    }
    this.#kernels.softmaxCrossEntropy(
      error.offset,
      tally.offset,
      logits.offset,
      labels.offset,
      logits.rows,
      logits.columns,
    );
  }

  squaredError(error: Tensor, tally: Tensor, output: Tensor, target: Tensor): void {
    sameSize('squaredError', error, output, target);
    if (tally.type !== 'f64') mismatch('squaredError (tally must be f64)', tally);
    this.#kernels.squaredError(
      error.offset,
      tally.offset,
      output.offset,
      target.offset,
      output.rows,
      output.columns,
    );
  }

  crossEntropyRows(out: Tensor, logits: Tensor, labels: Tensor): void {
    perLabelledRow('crossEntropyRows', out, logits, labels);
    this.#kernels.crossEntropyRows(out.offset, logits.offset, labels.offset, logits.rows, logits.columns);
  }

  wrongRows(out: Tensor, output: Tensor, labels: Tensor): void {
    perLabelledRow('wrongRows', out, output, labels);
    this.#kernels.wrongRows(out.offset, output.offset, labels.offset, output.rows, output.columns);
  }

  choose(out: Tensor, probabilities: Tensor, uniform: Tensor): void {
    sameSize('choose', out, probabilities);
    if (uniform.size !== out.rows) mismatch('choose', out, probabilities, uniform);
    this.#kernels.choose(out.offset, probabilities.offset, uniform.offset, out.rows, out.columns);
  }

  drawUniform(out: Tensor, low: number, high: number, stream: Stream, step: number, firstRow = 0): void {
    const { offset, rows, columns } = out;
    this.#kernels.drawUniform(offset, rows, columns, low, high - low, ...counterOf(stream, step), firstRow);
  }

  drawNormal(out: Tensor, mean: number, deviation: number, stream: Stream, step: number, firstRow = 0): void {
    const { offset, rows, columns } = out;
    this.#kernels.drawNormal(offset, rows, columns, mean, deviation, ...counterOf(stream, step), firstRow);
  }

  drawBernoulli(
    out: Tensor,
    probability: number,
    value: number,
    stream: Stream,
    step: number,
    firstRow = 0,
  ): void {
    const { offset, rows, columns } = out;
    const threshold = thresholdOf(probability);
    this.#kernels.drawBernoulli(
      ...([offset, rows, columns, threshold, value] as const),
      ...counterOf(stream, step),
      firstRow,
    );
  }

  unfold(out: Tensor, a: Tensor, window: Window): void {
    this.#spatial.unfold(out, a, window);
  }

  fold(out: Tensor, a: Tensor, window: Window, beta = 0): void {
    this.#spatial.fold(out, a, window, beta);
  }

  matmulChannels(out: Tensor, a: Tensor, b: Tensor, form: Omit<MatmulForm, 'transposeA'> = PLAIN): void {
    this.#spatial.matmulChannels(out, a, b, form);
  }

  outerChannels(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void {
    this.#spatial.outerChannels(out, a, b, alpha, beta);
  }

  sumChannels(out: Tensor, a: Tensor, alpha: number, beta: number): void {
    this.#spatial.sumChannels(out, a, alpha, beta);
  }

  maxPool(out: Tensor, a: Tensor, by: Tensor, window: Window): void {
    this.#spatial.maxPool(out, a, by, window);
  }

  maxPoolBack(out: Tensor, a: Tensor, by: Tensor, window: Window): void {
    this.#spatial.maxPoolBack(out, a, by, window);
  }

  rmspropStep(
    weights: Tensor,
    meanSquare: Tensor,
    gradient: Tensor,
    rate: number,
    decay: number,
    epsilon: number,
  ): void {
    sameSize('rmspropStep', weights, meanSquare, gradient);
    this.#kernels.rmspropStep(
      weights.offset,
      meanSquare.offset,
      gradient.offset,
      weights.size,
      rate,
      decay,
      epsilon,
    );
  }

  adamStep(
    weights: Tensor,
    mean: Tensor,
    meanSquare: Tensor,
    gradient: Tensor,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    count: number,
  ): void {
    sameSize('adamStep', weights, mean, meanSquare, gradient);
    this.#kernels.adamStep(
      weights.offset,
      mean.offset,
      meanSquare.offset,
      gradient.offset,
      weights.size,
      rate,
      beta1,
      beta2,
      epsilon,
      1 / (1 - beta1 ** count),
      1 / (1 - beta2 ** count),
    );
  }
}

/** The key of a stream, and a step as two words. */
const counterOf = ({ key0, key1 }: Stream, step: number) =>
  [key0, key1, step >>> 0, Math.floor(step / 0x1_0000_0000)] as const;

function perLabelledRow(operation: string, out: Tensor, values: Tensor, labels: Tensor): void {
  if (out.size !== values.rows || labels.size !== values.rows || labels.type !== 'i32') {
    mismatch(`${operation} (labels must be i32)`, out, values, labels);
  }
}

function sameSize(operation: string, first: Tensor, ...others: readonly Tensor[]): void {
  for (const other of others) if (other.size !== first.size) mismatch(operation, first, ...others);
}
