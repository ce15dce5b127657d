import type { Stream } from '../random/stream.ts';
import type { Activation } from './kernels.ts';
import { SPATIAL_OPERATIONS } from './spatial.ts';
import type { SpatialOperations } from './spatial.ts';
import type { Tensor } from './tensor.ts';

/** How a matrix product reads its factors: out ← alpha · op(a) · op(b) + beta · out. */
export interface MatmulForm {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** Default 0: the old value is overwritten, not read. */
  readonly beta?: number;
}

/**
 * The operations that rules, dynamics and optimisers are written in: few, eager, none of which reads a value
 * back or consumes its input. Matrices are row-major; a batch is one example a row.
 */
export interface Operations extends SpatialOperations {
  /** out(m,n) ← alpha · op(a)(m,k) · op(b)(k,n) + beta · out. */
  matmul(out: Tensor, a: Tensor, b: Tensor, form?: MatmulForm): void;
  /**
   * velocity ← momentum·velocity − rate·preᵀ·post − decay·weights; weights ← weights + velocity, or with
   * `nesterov` weights + (1 + momentum)·velocity_new − momentum·velocity_old.
   * weights, velocity (presynaptic, postsynaptic); pre (batch, presynaptic); post (batch, postsynaptic).
   */
  momentumStep(
    weights: Tensor,
    velocity: Tensor,
    pre: Tensor,
    post: Tensor,
    rate: number,
    momentum: number,
    decay: number,
    nesterov: boolean,
  ): void;

  fill(out: Tensor, value: number): void;
  copy(out: Tensor, a: Tensor): void;
  /** out ← alpha·a + beta·b. */
  combine(out: Tensor, a: Tensor, b: Tensor, alpha: number, beta: number): void;
  /** out ← factor·a. */
  scale(out: Tensor, a: Tensor, factor: number): void;
  /** out ← a ⊙ b. */
  multiply(out: Tensor, a: Tensor, b: Tensor): void;
  /** out ← 1 where a < b, else 0: with uniform a, a draw of stochastic units of probability b. */
  below(out: Tensor, a: Tensor, b: Tensor): void;
  /** out ← a ⊙ sign(b), where sign is −1, 0 or 1. */
  multiplyBySign(out: Tensor, a: Tensor, b: Tensor): void;
  /** out(c,r) ← a(r,c). */
  transpose(out: Tensor, a: Tensor): void;

  /**
   * out ← f(potential + bias), bias (columns) or undefined; or (channels), where a channel is a run of
   * columns / channels neighbours.
   */
  activate(out: Tensor, potential: Tensor, bias: Tensor | undefined, activation: Activation): void;
  /** out ← a ⊙ f′ ⊙ gain, with the slope f′ read off from the rate f(x); gain undefined for none. */
  multiplyBySlope(
    out: Tensor,
    a: Tensor,
    rate: Tensor,
    gain: Tensor | undefined,
    activation: Activation,
  ): void;

  /**
   * One step of units that settle: state ← bound( state + size · (ρ′(state) ⊙ (received + drive) − state) ), and
   * rate ← ρ(state). Hard sigmoids are bound to [0, 1] and rectified units to [0, ∞), with ρ′ = 1 in the bounds
   * themselves, or units that reach one would stay there. state and rate may be one tensor where ρ is the identity
   * within the bounds: linear, ReLU and hard sigmoid.
   */
  relax(
    state: Tensor,
    rate: Tensor,
    received: Tensor,
    drive: Tensor,
    size: number,
    activation: Activation,
  ): void;

  /**
   * Binary units from their potentials, in one pass: rate ← logistic(gain · (potential + bias)), drawn ← 1 with that
   * probability, else 0. gain is the inverse temperature; bias (columns), (channels) or undefined. rate may be the
   * potential. Draws are keyed as those of `drawUniform`.
   */
  fire(
    drawn: Tensor,
    rate: Tensor,
    potential: Tensor,
    bias: Tensor | undefined,
    gain: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void;
  /**
   * Binary units that are joined with each other take turns, from the first to the last: with x = gain · (drive_i +
   * Σ_j state_j W_ij), state_i ← 1 where uniform_i < logistic(x), else 0; without `uniform`, logistic(x) itself.
   * state, drive, uniform (batch, units); weights (units, units), symmetric.
   */
  sweep(state: Tensor, drive: Tensor, weights: Tensor, uniform: Tensor | undefined, gain: number): void;

  /** out(columns) ← alpha · Σ over rows of a + beta · out. */
  sumRows(out: Tensor, a: Tensor, alpha: number, beta: number): void;
  /** out(r,c) ← alpha · a(r,c) · row(c) + beta · out(r,c). */
  scaleColumns(out: Tensor, a: Tensor, row: Tensor, alpha: number, beta: number): void;
  /** out(r,c) ← alpha · a(r,c) · column(r) + beta · out(r,c). */
  scaleRows(out: Tensor, a: Tensor, column: Tensor, alpha: number, beta: number): void;
  /** out (one f64) ← Σ a ⊙ b, accumulated in f64. */
  dot(out: Tensor, a: Tensor, b: Tensor): void;
  /** out(rows) ← Σ over columns of a ⊙ b. */
  dotRows(out: Tensor, a: Tensor, b: Tensor): void;
  /** Scales down every column of weights whose Euclidean norm exceeds the limit (max-norm on incoming weights). */
  limitColumnNorms(weights: Tensor, limit: number): void;
  /** The same for every row: outgoing weights. */
  limitRowNorms(weights: Tensor, limit: number): void;

  /** out(batch, …) ← scale · data[indices, …]; data are u8 or floats. */
  gatherRows(out: Tensor, data: Tensor, indices: Tensor, scale: number): void;
  /** data[indices, …] ← a(batch, …); no index twice. */
  scatterRows(data: Tensor, a: Tensor, indices: Tensor): void;
  /** out(batch) i32 ← labels[indices], labels u8. */
  gatherLabels(out: Tensor, labels: Tensor, indices: Tensor): void;
  /** out(batch, classes) ← 1 at the label, 0 elsewhere; labels (batch) i32. */
  oneHot(out: Tensor, labels: Tensor): void;

  /** Row by row. */
  softmax(out: Tensor, logits: Tensor): void;
  /** error ← softmax(logits) − onehot(labels); tally (4 × f64) += [Σ nats, wrong, examples, 0]. */
  softmaxCrossEntropy(error: Tensor, tally: Tensor, logits: Tensor, labels: Tensor): void;
  /** error ← output − target; tally (4 × f64) += [½ Σ error², wrong, examples, ½ Σ target²]. */
  squaredError(error: Tensor, tally: Tensor, output: Tensor, target: Tensor): void;

  /** out(batch) ← −ln softmax(logits) at the label, in nats. */
  crossEntropyRows(out: Tensor, logits: Tensor, labels: Tensor): void;
  /** out(batch) ← 0 where the label's output is strictly the largest, else 1. */
  wrongRows(out: Tensor, output: Tensor, labels: Tensor): void;
  /** out(batch, ·) ← one-hot choice by probabilities(batch, ·), given one uniform number a row. */
  choose(out: Tensor, probabilities: Tensor, uniform: Tensor): void;

  /** Uniform from low to high (which rounding may reach); element (row, column) is keyed by (stream, step, firstRow + row, column). */
  drawUniform(out: Tensor, low: number, high: number, stream: Stream, step: number, firstRow?: number): void;
  drawNormal(
    out: Tensor,
    mean: number,
    deviation: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void;
  /** `value` with this probability, else 0. */
  drawBernoulli(
    out: Tensor,
    probability: number,
    value: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void;

  /** meanSquare ← decay·meanSquare + (1−decay)·g²; weights −= rate·g / (√meanSquare + epsilon). */
  rmspropStep(
    weights: Tensor,
    meanSquare: Tensor,
    gradient: Tensor,
    rate: number,
    decay: number,
    epsilon: number,
  ): void;
  /** Adam (Kingma & Ba 2015); `count` is the number of this update, from 1. */
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
  ): void;
}

/** What an operation does to an argument. `out` overwrites it, `inout` reads and writes it. */
export type Role = 'out' | 'inout' | 'in' | 'stream' | 'value';

export interface OperationSpecification {
  readonly roles: readonly Role[];
  /** Multiply–accumulates of matrix products; elementwise work is not counted. */
  readonly multiplyAccumulates?: (args: readonly unknown[]) => number;
}

const tensorAt = (args: readonly unknown[], index: number) => args[index] as Tensor;

/**
 * The operations as data: who is read, who is written, what it costs. The lineage audit, the cost meter and
 * the tests of every backend are written once over this table.
 */
export const OPERATIONS: { readonly [Name in keyof Operations]: OperationSpecification } = {
  matmul: {
    roles: ['out', 'in', 'in', 'value'],
    multiplyAccumulates: (args) => {
      const form = args[3] as MatmulForm | undefined;
      const a = tensorAt(args, 1);
      return tensorAt(args, 0).size * (form?.transposeA ? a.rows : a.columns);
    },
  },
  momentumStep: {
    roles: ['inout', 'inout', 'in', 'in', 'value', 'value', 'value', 'value'],
    multiplyAccumulates: (args) => tensorAt(args, 0).size * tensorAt(args, 2).rows,
  },
  fill: { roles: ['out', 'value'] },
  copy: { roles: ['out', 'in'] },
  combine: { roles: ['out', 'in', 'in', 'value', 'value'] },
  scale: { roles: ['out', 'in', 'value'] },
  multiply: { roles: ['out', 'in', 'in'] },
  below: { roles: ['out', 'in', 'in'] },
  multiplyBySign: { roles: ['out', 'in', 'in'] },
  transpose: { roles: ['out', 'in'] },
  activate: { roles: ['out', 'in', 'in', 'value'] },
  multiplyBySlope: { roles: ['out', 'in', 'in', 'in', 'value'] },
  relax: { roles: ['inout', 'inout', 'in', 'in', 'value', 'value'] },
  fire: { roles: ['out', 'out', 'in', 'in', 'value', 'stream', 'value', 'value'] },
  sweep: {
    roles: ['inout', 'in', 'in', 'in', 'value'],
    multiplyAccumulates: (args) => tensorAt(args, 0).size * tensorAt(args, 0).columns,
  },
  sumRows: { roles: ['inout', 'in', 'value', 'value'] },
  scaleColumns: { roles: ['inout', 'in', 'in', 'value', 'value'] },
  scaleRows: { roles: ['inout', 'in', 'in', 'value', 'value'] },
  dot: { roles: ['out', 'in', 'in'] },
  dotRows: { roles: ['out', 'in', 'in'] },
  limitColumnNorms: { roles: ['inout', 'value'] },
  limitRowNorms: { roles: ['inout', 'value'] },
  gatherRows: { roles: ['out', 'in', 'in', 'value'] },
  scatterRows: { roles: ['inout', 'in', 'in'] },
  gatherLabels: { roles: ['out', 'in', 'in'] },
  oneHot: { roles: ['out', 'in'] },
  softmax: { roles: ['out', 'in'] },
  softmaxCrossEntropy: { roles: ['out', 'inout', 'in', 'in'] },
  squaredError: { roles: ['out', 'inout', 'in', 'in'] },
  crossEntropyRows: { roles: ['out', 'in', 'in'] },
  wrongRows: { roles: ['out', 'in', 'in'] },
  choose: { roles: ['out', 'in', 'in'] },
  drawUniform: { roles: ['out', 'value', 'value', 'stream', 'value', 'value'] },
  drawNormal: { roles: ['out', 'value', 'value', 'stream', 'value', 'value'] },
  drawBernoulli: { roles: ['out', 'value', 'value', 'stream', 'value', 'value'] },
  rmspropStep: { roles: ['inout', 'inout', 'in', 'value', 'value', 'value'] },
  ...SPATIAL_OPERATIONS,
  adamStep: { roles: ['inout', 'inout', 'inout', 'in', 'value', 'value', 'value', 'value', 'value'] },
};

/** Whether a call reads what its first argument held before. */
export function readsFirstArgument(name: keyof Operations, args: readonly unknown[]): boolean {
  switch (name) {
    case 'matmul':
    case 'matmulChannels':
      return ((args[3] as MatmulForm | undefined)?.beta ?? 0) !== 0;
    case 'sumRows':
    case 'sumChannels':
    case 'fold':
      return (args[3] ?? 0) !== 0;
    case 'scaleColumns':
    case 'scaleRows':
    case 'outerChannels':
      return args[4] !== 0;
  }
  return OPERATIONS[name].roles[0] === 'inout';
}
