import type { SparseKernels } from './sparse/sparse-kernels.ts';
import type { SpatialKernels } from './spatial/spatial-kernels.ts';

/**
 * The arithmetic that a backend implements, on row-major blocks given by their byte offsets in the heap. Sizes count
 * elements. Floats are f32, or f64 on the reference backend. `Compute` is the only caller and has checked all shapes.
 * Output and input blocks may be the same block, except in `matmul`, outer products, `transpose`, gathers and
 * reductions. The order of a sum depends on the arguments and the number of threads alone. The operations of
 * `Operations` say what each kernel computes.
 */
export interface Kernels extends SpatialKernels, SparseKernels {
  /** out(m,n) ← alpha · op(a)(m,k) · op(b)(k,n) + beta · out; with beta 0 the old out is not read. */
  matmul(
    out: number,
    a: number,
    b: number,
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    alpha: number,
    beta: number,
  ): void;
  /** velocity ← momentum·velocity − rate·preᵀ·post − decay·weights; weights += velocity (Nesterov: see ProductOperations). */
  momentumStep(
    weights: number,
    velocity: number,
    pre: number,
    post: number,
    batch: number,
    preUnits: number,
    postUnits: number,
    rate: number,
    momentum: number,
    decay: number,
    nesterov: boolean,
  ): void;

  /** out ← value. */
  fill(out: number, size: number, value: number): void;
  /** out ← alpha·a + beta·b. With beta 0, b is not read. */
  combine(out: number, a: number, b: number, size: number, alpha: number, beta: number): void;
  /** out ← a ⊙ b. */
  multiply(out: number, a: number, b: number, size: number): void;
  /** out ← a / b. */
  divide(out: number, a: number, b: number, size: number): void;
  /** out ← eᵃ, in f32 within 1 unit in the last place. */
  exp(out: number, a: number, size: number): void;
  /** out ← ln a, in f32 within 1 unit in the last place. */
  log(out: number, a: number, size: number): void;
  /** out ← √a. */
  sqrt(out: number, a: number, size: number): void;
  /** out ← |a|. */
  abs(out: number, a: number, size: number): void;
  /** out ← min(max(a, low), high), where low ≤ high. NaN stays NaN. */
  clip(out: number, a: number, size: number, low: number, high: number): void;
  /** out ← 1 where a < b, else 0. */
  below(out: number, a: number, b: number, size: number): void;
  /** out ← a ⊙ sign(b), with sign −1, 0 or 1. */
  multiplyBySign(out: number, a: number, b: number, size: number): void;
  /** out(c,r) ← a(r,c). */
  transpose(out: number, a: number, rows: number, columns: number): void;

  /** out ← f(potential + bias); bias is a row, 0 for none. `activation` is an index into ACTIVATIONS, here and below. */
  activate(
    out: number,
    potential: number,
    bias: number,
    rows: number,
    columns: number,
    activation: number,
  ): void;
  /** out ← a ⊙ f′ ⊙ gain, where f′ is a function of the rate f(x); gain 0 for none. */
  multiplyBySlope(out: number, a: number, rate: number, gain: number, size: number, activation: number): void;

  /** state ← bound(state + step·(ρ′(state) ⊙ (received + drive) − state)); rate ← ρ(state): see UnitOperations. */
  relax(
    state: number,
    rate: number,
    received: number,
    drive: number,
    size: number,
    step: number,
    activation: number,
  ): void;

  /** rate ← logistic(gain·(potential + bias)), drawn ← uniform < rate; bias is a row, 0 for none. */
  fire(
    drawn: number,
    rate: number,
    potential: number,
    bias: number,
    rows: number,
    columns: number,
    gain: number,
    key0: number,
    key1: number,
    stepLow: number,
    stepHigh: number,
    firstRow: number,
  ): void;
  /** For i = 0, 1, …: state_i ← uniform_i < logistic(gain·(drive_i + W_i·state)), or the logistic if uniform is 0. */
  sweep(
    state: number,
    drive: number,
    weights: number,
    uniform: number,
    rows: number,
    units: number,
    gain: number,
  ): void;

  /** out(r,c) ← a(r, indices(c)), or indices(r,c) where `perRow`; 0 at −1. a has `width` columns. */
  gatherColumns(
    out: number,
    a: number,
    indices: number,
    rows: number,
    columns: number,
    width: number,
    perRow: boolean,
  ): void;
  /** out(r,c) ← a(r,c) + scale · row(c). */
  addRow(out: number, a: number, row: number, rows: number, columns: number, scale: number): void;
  /** out(r,c) ← a(r,c) + scale · column(r). */
  addColumn(out: number, a: number, column: number, rows: number, columns: number, scale: number): void;
  /** out(r) ← alpha · Σ_c a(r,c) + beta · out(r). */
  sumColumns(out: number, a: number, rows: number, columns: number, alpha: number, beta: number): void;
  /** out(c) ← max_r a(r,c); NaN if one is NaN. */
  maxRows(out: number, a: number, rows: number, columns: number): void;
  /** out(r) ← max_c a(r,c); NaN if one is NaN. */
  maxColumns(out: number, a: number, rows: number, columns: number): void;
  /** out(c) ← alpha · Σ_r a(r,c) + beta · out(c). */
  sumRows(out: number, a: number, rows: number, columns: number, alpha: number, beta: number): void;
  /** out(r,c) ← alpha · a(r,c) · row(c) + beta · out(r,c). */
  scaleColumns(
    out: number,
    a: number,
    row: number,
    rows: number,
    columns: number,
    alpha: number,
    beta: number,
  ): void;
  /** out(r,c) ← alpha · a(r,c) · column(r) + beta · out(r,c). */
  scaleRows(
    out: number,
    a: number,
    column: number,
    rows: number,
    columns: number,
    alpha: number,
    beta: number,
  ): void;
  /** out (one f64) ← Σ a·b, accumulated in f64. */
  dot(out: number, a: number, b: number, size: number): void;
  /** out(r) ← Σ over columns of a ⊙ b. */
  dotRows(out: number, a: number, b: number, rows: number, columns: number): void;
  /** Scales every column of weights(rows, columns) whose Euclidean norm exceeds the limit down to the limit. */
  limitColumnNorms(weights: number, rows: number, columns: number, limit: number): void;
  /** As `limitColumnNorms`, for every row. */
  limitRowNorms(weights: number, rows: number, columns: number, limit: number): void;

  /** out(batch, columns) floats ← scale · data[indices]; data are u8 where `bytes`, else floats. */
  gatherRows(
    out: number,
    data: number,
    indices: number,
    batch: number,
    columns: number,
    scale: number,
    bytes: boolean,
  ): void;
  /** data[indices] ← a, for rows of floats; an index must not occur twice. */
  scatterRows(data: number, a: number, indices: number, batch: number, columns: number): void;
  /** out(batch) i32 ← labels[indices], labels u8. */
  gatherLabels(out: number, labels: number, indices: number, batch: number): void;
  /** out(batch, classes) ← 1 at the label, else 0. */
  oneHot(out: number, labels: number, batch: number, classes: number): void;

  /** out(r, ·) ← softmax of row r. */
  softmax(out: number, logits: number, rows: number, columns: number): void;
  /**
   * error ← softmax(logits) − onehot(labels), and tally (f64 × 4) += [Σ cross-entropy in nats, wrong, rows, 0].
   * A row is wrong unless the logit of the label is strictly the largest (so NaN is wrong).
   */
  softmaxCrossEntropy(
    error: number,
    tally: number,
    logits: number,
    labels: number,
    rows: number,
    columns: number,
  ): void;
  /**
   * error ← output − target, and tally += [½Σ error², wrong, rows, ½Σ target²]. A row is wrong unless the
   * largest output is where the largest target is.
   */
  squaredError(
    error: number,
    tally: number,
    output: number,
    target: number,
    rows: number,
    columns: number,
  ): void;

  /** out(r) ← −ln softmax(logits)(r, label). */
  crossEntropyRows(out: number, logits: number, labels: number, rows: number, columns: number): void;
  /** out(r) ← 0 when the label's output is strictly the largest of its row, else 1. */
  wrongRows(out: number, output: number, labels: number, rows: number, columns: number): void;
  /** out(r, ·) ← 1 at the first column whose cumulative probability exceeds uniform(r), else 0. */
  choose(out: number, probabilities: number, uniform: number, rows: number, columns: number): void;

  /** Uniform in [low, low + span); element (r, c) uses counter row firstRow + r. */
  drawUniform(
    out: number,
    rows: number,
    columns: number,
    low: number,
    span: number,
    key0: number,
    key1: number,
    stepLow: number,
    stepHigh: number,
    firstRow: number,
  ): void;
  /** mean + deviation · normal deviate; keyed as `drawUniform`. */
  drawNormal(
    out: number,
    rows: number,
    columns: number,
    mean: number,
    deviation: number,
    key0: number,
    key1: number,
    stepLow: number,
    stepHigh: number,
    firstRow: number,
  ): void;
  /** `value` where the bits are below the threshold (0 … 2³²), else 0. */
  drawBernoulli(
    out: number,
    rows: number,
    columns: number,
    threshold: number,
    value: number,
    key0: number,
    key1: number,
    stepLow: number,
    stepHigh: number,
    firstRow: number,
  ): void;

  /** s ← decay·s + (1−decay)·g²; w ← w − rate·g/(√s + epsilon). */
  rmspropStep(
    weights: number,
    meanSquare: number,
    gradient: number,
    size: number,
    rate: number,
    decay: number,
    epsilon: number,
  ): void;
  /** Adam with bias correction: `correction1` = 1/(1−β₁ᵗ), `correction2` = 1/(1−β₂ᵗ). */
  adamStep(
    weights: number,
    mean: number,
    meanSquare: number,
    gradient: number,
    size: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    correction1: number,
    correction2: number,
  ): void;
}
