import type { Stream } from '../random/stream.ts';
import type { ActivationReference } from './activation.ts';
import { Arena } from './arena.ts';
import { CheckedBatches } from './batches.ts';
import { KeyedDraws } from './draws.ts';
import { CheckedElementwise } from './elementwise.ts';
import { CheckedEligibility } from './sparse/eligibility.ts';
import type { Heap } from './heap.ts';
import type { Kernels } from './kernels.ts';
import { CheckedObjectives } from './objectives.ts';
import type { Operations } from './operations.ts';
import { CheckedProducts } from './products.ts';
import type { MatmulForm } from './products.ts';
import { CheckedRowsAndColumns } from './rows-and-columns.ts';
import { CheckedSparse } from './sparse/sparse.ts';
import type { SparseForm } from './sparse/sparse.ts';
import { CheckedSpatial } from './spatial/spatial.ts';
import type { Window } from './spatial/window.ts';
import type { Synapses } from './sparse/synapses.ts';
import type { ElementType, Shape } from './tensor.ts';
import { BYTES_PER_ELEMENT, sizeOf, Tensor } from './tensor.ts';
import { CheckedUnits } from './units.ts';

/** Backend of a run, as its documents record it. */
export interface BackendDescription {
  readonly name: 'reference' | 'wasm' | 'blas';
  /** Element type of floats. */
  readonly float: 'f32' | 'f64';
  /** Number of threads, the caller's own included. */
  readonly threads: number;
  /** Library, version and processor, as far as known. */
  readonly detail: string;
}

/**
 * A backend at work: tensors in one heap, temporaries in an arena, and the operations on them (`Operations` says what
 * each computes). Shapes are checked here, once for every backend; kernels see only addresses. Operands that do not
 * match are a bug in a rule: a RangeError names the operation and the shapes.
 *
 * @example
 * ```ts
 * const compute = await openBackend({ backend: 'reference' });
 * const a = compute.allocate([2, 3]).set([1, 2, 3, 4, 5, 6]);
 * const product = compute.allocate([2, 2]);
 * compute.matmul(product, a, a, { transposeB: true });
 * console.log(product.toArray()); // [14, 32, 32, 77]
 * compute.dispose();
 * ```
 */
export class Compute implements Operations {
  /** The memory of all tensors. */
  readonly heap: Heap;
  readonly backend: BackendDescription;
  readonly #arena: Arena;
  readonly #products: CheckedProducts;
  readonly #elementwise: CheckedElementwise;
  readonly #rowsAndColumns: CheckedRowsAndColumns;
  readonly #units: CheckedUnits;
  readonly #batches: CheckedBatches;
  readonly #objectives: CheckedObjectives;
  readonly #draws: KeyedDraws;
  readonly #spatial: CheckedSpatial;
  readonly #sparse: CheckedSparse;
  readonly #eligibility: CheckedEligibility;

  constructor(heap: Heap, kernels: Kernels, backend: BackendDescription) {
    this.heap = heap;
    this.backend = backend;
    this.#arena = new Arena(heap);
    this.#products = new CheckedProducts(kernels);
    this.#elementwise = new CheckedElementwise(kernels);
    this.#rowsAndColumns = new CheckedRowsAndColumns(kernels);
    this.#units = new CheckedUnits(kernels);
    this.#batches = new CheckedBatches(kernels);
    this.#objectives = new CheckedObjectives(kernels);
    this.#draws = new KeyedDraws(kernels);
    this.#spatial = new CheckedSpatial(kernels);
    this.#sparse = new CheckedSparse(kernels);
    this.#eligibility = new CheckedEligibility(kernels);
  }

  /**
   * Returns a tensor of zeros that lives until `free`. The default type is the backend's float.
   * Throws `heap.exhausted` if memory runs out.
   */
  allocate(shape: Shape, type: ElementType = this.backend.float): Tensor {
    return new Tensor(
      this.heap,
      type,
      [...shape],
      this.heap.reserve(sizeOf(shape) * BYTES_PER_ELEMENT[type]),
    );
  }

  /** Releases the memory of a tensor made by `allocate`. Throws `heap.release` if it was released before. */
  free(tensor: Tensor): void {
    this.heap.release(tensor.offset);
  }

  /** Runs `body`, releases the temporaries made inside, and returns the result. */
  scope<Result>(body: () => Result): Result {
    return this.#arena.scope(body);
  }

  /**
   * Returns a temporary with undefined contents, released when the innermost scope ends.
   * Throws an Error outside of a scope, and `heap.exhausted` if memory runs out.
   */
  temporary(shape: Shape, type: ElementType = this.backend.float): Tensor {
    return this.#arena.allocate(type, shape);
  }

  /** Bytes that temporaries hold now. */
  get temporaryBytes(): number {
    return this.#arena.bytesInUse;
  }

  /** Releases the memory of temporaries and ends worker threads. Tensors made by `allocate` stay. */
  dispose(): void {
    this.#arena.dispose();
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, form?: MatmulForm): void {
    this.#products.matmul(out, a, b, form);
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
    this.#products.momentumStep(weights, velocity, pre, post, rate, momentum, decay, nesterov);
  }

  rmspropStep(
    weights: Tensor,
    meanSquare: Tensor,
    gradient: Tensor,
    rate: number,
    decay: number,
    epsilon: number,
  ): void {
    this.#products.rmspropStep(weights, meanSquare, gradient, rate, decay, epsilon);
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
    this.#products.adamStep(weights, mean, meanSquare, gradient, rate, beta1, beta2, epsilon, count);
  }

  fill(out: Tensor, value: number): void {
    this.#elementwise.fill(out, value);
  }

  copy(out: Tensor, a: Tensor): void {
    this.#elementwise.copy(out, a);
  }

  combine(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void {
    this.#elementwise.combine(out, a, b, alpha, beta);
  }

  add(out: Tensor, a: Tensor, b: Tensor): void {
    this.#elementwise.add(out, a, b);
  }

  subtract(out: Tensor, a: Tensor, b: Tensor): void {
    this.#elementwise.subtract(out, a, b);
  }

  addScaled(out: Tensor, a: Tensor, scale: number): void {
    this.#elementwise.addScaled(out, a, scale);
  }

  scale(out: Tensor, a: Tensor, factor: number): void {
    this.#elementwise.scale(out, a, factor);
  }

  multiply(out: Tensor, a: Tensor, b: Tensor): void {
    this.#elementwise.multiply(out, a, b);
  }

  divide(out: Tensor, a: Tensor, b: Tensor): void {
    this.#elementwise.divide(out, a, b);
  }

  exp(out: Tensor, a: Tensor): void {
    this.#elementwise.exp(out, a);
  }

  log(out: Tensor, a: Tensor): void {
    this.#elementwise.log(out, a);
  }

  sqrt(out: Tensor, a: Tensor): void {
    this.#elementwise.sqrt(out, a);
  }

  abs(out: Tensor, a: Tensor): void {
    this.#elementwise.abs(out, a);
  }

  clip(out: Tensor, a: Tensor, low: number, high: number): void {
    this.#elementwise.clip(out, a, low, high);
  }

  below(out: Tensor, a: Tensor, b: Tensor): void {
    this.#elementwise.below(out, a, b);
  }

  multiplyBySign(out: Tensor, a: Tensor, b: Tensor): void {
    this.#elementwise.multiplyBySign(out, a, b);
  }

  transpose(out: Tensor, a: Tensor): void {
    this.#rowsAndColumns.transpose(out, a);
  }

  gatherColumns(out: Tensor, a: Tensor, columns: Tensor): void {
    this.#rowsAndColumns.gatherColumns(out, a, columns);
  }

  addRow(out: Tensor, a: Tensor, row: Tensor, scale?: number): void {
    this.#rowsAndColumns.addRow(out, a, row, scale);
  }

  addColumn(out: Tensor, a: Tensor, column: Tensor, scale?: number): void {
    this.#rowsAndColumns.addColumn(out, a, column, scale);
  }

  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha?: number, beta?: number): void {
    this.#rowsAndColumns.scaleColumns(out, a, row, alpha, beta);
  }

  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha?: number, beta?: number): void {
    this.#rowsAndColumns.scaleRows(out, a, column, alpha, beta);
  }

  sumRows(out: Tensor, a: Tensor, alpha?: number, beta?: number): void {
    this.#rowsAndColumns.sumRows(out, a, alpha, beta);
  }

  sumColumns(out: Tensor, a: Tensor, alpha?: number, beta?: number): void {
    this.#rowsAndColumns.sumColumns(out, a, alpha, beta);
  }

  maxRows(out: Tensor, a: Tensor): void {
    this.#rowsAndColumns.maxRows(out, a);
  }

  maxColumns(out: Tensor, a: Tensor): void {
    this.#rowsAndColumns.maxColumns(out, a);
  }

  dot(out: Tensor, a: Tensor, b: Tensor): void {
    this.#rowsAndColumns.dot(out, a, b);
  }

  dotRows(out: Tensor, a: Tensor, b: Tensor): void {
    this.#rowsAndColumns.dotRows(out, a, b);
  }

  limitColumnNorms(weights: Tensor, limit: number): void {
    this.#rowsAndColumns.limitColumnNorms(weights, limit);
  }

  limitRowNorms(weights: Tensor, limit: number): void {
    this.#rowsAndColumns.limitRowNorms(weights, limit);
  }

  activate(out: Tensor, potential: Tensor, bias: Tensor | undefined, activation: ActivationReference): void {
    this.#units.activate(out, potential, bias, activation);
  }

  multiplyBySlope(
    out: Tensor,
    a: Tensor,
    rate: Tensor,
    gain: Tensor | undefined,
    activation: ActivationReference,
  ): void {
    this.#units.multiplyBySlope(out, a, rate, gain, activation);
  }

  relax(
    state: Tensor,
    rate: Tensor,
    received: Tensor,
    drive: Tensor,
    size: number,
    activation: ActivationReference,
  ): void {
    this.#units.relax(state, rate, received, drive, size, activation);
  }

  fire(
    drawn: Tensor,
    rate: Tensor,
    potential: Tensor,
    bias: Tensor | undefined,
    gain: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void {
    this.#units.fire(drawn, rate, potential, bias, gain, stream, step, firstRow);
  }

  sweep(state: Tensor, drive: Tensor, weights: Tensor, uniform: Tensor | undefined, gain: number): void {
    this.#units.sweep(state, drive, weights, uniform, gain);
  }

  gatherRows(out: Tensor, data: Tensor, indices: Tensor, scale: number): void {
    this.#batches.gatherRows(out, data, indices, scale);
  }

  scatterRows(data: Tensor, a: Tensor, indices: Tensor): void {
    this.#batches.scatterRows(data, a, indices);
  }

  gatherLabels(out: Tensor, labels: Tensor, indices: Tensor): void {
    this.#batches.gatherLabels(out, labels, indices);
  }

  oneHot(out: Tensor, labels: Tensor): void {
    this.#batches.oneHot(out, labels);
  }

  softmax(out: Tensor, logits: Tensor): void {
    this.#objectives.softmax(out, logits);
  }

  softmaxCrossEntropy(error: Tensor, tally: Tensor, logits: Tensor, labels: Tensor): void {
    this.#objectives.softmaxCrossEntropy(error, tally, logits, labels);
  }

  squaredError(error: Tensor, tally: Tensor, output: Tensor, target: Tensor): void {
    this.#objectives.squaredError(error, tally, output, target);
  }

  crossEntropyRows(out: Tensor, logits: Tensor, labels: Tensor): void {
    this.#objectives.crossEntropyRows(out, logits, labels);
  }

  wrongRows(out: Tensor, output: Tensor, labels: Tensor): void {
    this.#objectives.wrongRows(out, output, labels);
  }

  choose(out: Tensor, probabilities: Tensor, uniform: Tensor): void {
    this.#objectives.choose(out, probabilities, uniform);
  }

  drawUniform(out: Tensor, low: number, high: number, stream: Stream, step: number, firstRow?: number): void {
    this.#draws.drawUniform(out, low, high, stream, step, firstRow);
  }

  drawNormal(
    out: Tensor,
    mean: number,
    deviation: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void {
    this.#draws.drawNormal(out, mean, deviation, stream, step, firstRow);
  }

  drawBernoulli(
    out: Tensor,
    probability: number,
    value: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void {
    this.#draws.drawBernoulli(out, probability, value, stream, step, firstRow);
  }

  unfold(out: Tensor, a: Tensor, window: Window): void {
    this.#spatial.unfold(out, a, window);
  }

  fold(out: Tensor, a: Tensor, window: Window, beta?: number): void {
    this.#spatial.fold(out, a, window, beta);
  }

  matmulChannels(out: Tensor, a: Tensor, b: Tensor, form?: Omit<MatmulForm, 'transposeA'>): void {
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

  sparseMatmul(out: Tensor, a: Tensor, weights: Tensor, synapses: Synapses, form?: SparseForm): void {
    this.#sparse.sparseMatmul(out, a, weights, synapses, form);
  }

  sparseOuter(out: Tensor, a: Tensor, b: Tensor, synapses: Synapses, alpha?: number, beta?: number): void {
    this.#sparse.sparseOuter(out, a, b, synapses, alpha, beta);
  }

  sparseScale(
    out: Tensor,
    a: Tensor,
    unit: Tensor,
    synapses: Synapses,
    side: 'presynaptic' | 'postsynaptic',
    alpha?: number,
    beta?: number,
  ): void {
    this.#sparse.sparseScale(out, a, unit, synapses, side, alpha, beta);
  }

  limitSparseNorms(weights: Tensor, synapses: Synapses, side: 'incoming' | 'outgoing', limit: number): void {
    this.#sparse.limitSparseNorms(weights, synapses, side, limit);
  }

  listEvents(indices: Tensor, starts: Tensor, a: Tensor): void {
    this.#sparse.listEvents(indices, starts, a);
  }

  eventMatmul(
    out: Tensor,
    indices: Tensor,
    weights: Tensor,
    starts: Tensor,
    synapses?: Synapses,
    beta?: number,
  ): void {
    this.#sparse.eventMatmul(out, indices, weights, starts, synapses, beta);
  }

  decayOuter(
    trace: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    decay: Tensor | number,
    synapses?: Synapses,
  ): void {
    this.#eligibility.decayOuter(trace, pre, post, decay, synapses);
  }

  contractTrace(
    target: Tensor,
    trace: Tensor,
    signal: Tensor,
    alpha?: number,
    beta?: number,
    synapses?: Synapses,
  ): void {
    this.#eligibility.contractTrace(target, trace, signal, alpha, beta, synapses);
  }

  eligibility(
    target: Tensor,
    trace: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    decay: Tensor | number,
    signal: Tensor,
    alpha?: number,
    beta?: number,
    synapses?: Synapses,
  ): void {
    this.#eligibility.eligibility(target, trace, pre, post, decay, signal, alpha, beta, synapses);
  }
}
