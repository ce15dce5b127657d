import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { enforceSigns } from './projections/dale.ts';
import { makeSymmetric } from './projections/symmetry.ts';
import type { EligibilityTerm } from './terms.ts';

/** A set of numbers that a rule may change through terms: the weights of a projection or the bias of an area. */
export interface Parameter {
  /** Unique in the network; the optimiser stores its state under it. */
  readonly id: string;
  /** The numbers. Columns are postsynaptic units, or channels if positions share weights. */
  readonly values: Tensor;
  /** 1 where a synapse exists and 0 elsewhere; undefined if all exist. */
  readonly mask: Tensor | undefined;
  /** (presynaptic): 1 for excitatory and −1 for inhibitory units; undefined if weights may have any sign. */
  readonly signs?: Tensor | undefined;
  readonly role: 'weights' | 'bias';
  /** Whether updates keep the matrix symmetric. Default false. */
  readonly isSymmetric?: boolean;
  /** Whether an outer term is just preᵀ · post, so that an optimiser may fuse the product with its step. */
  readonly isDense: boolean;
  /** Adds an outer term: target ← factor · Σ over the batch (and shared positions) of pre ⊗ post + beta · target. */
  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void;
  /** Adds a weight-decay term: target ← factor · weights_ij · perUnit_j + beta · target. */
  addDecay(
    compute: Compute,
    target: Tensor,
    weights: Tensor,
    perUnit: Tensor,
    factor: number,
    beta: number,
  ): void;
  /** Adds an eligibility term; `accumulates` says whether the trace has yet to decay and grow. */
  addEligibility(
    compute: Compute,
    target: Tensor,
    term: EligibilityTerm,
    accumulates: boolean,
    factor: number,
    beta: number,
  ): void;
  /** Adds a mixing term: target ← factor · weights · mixing + beta · target. */
  addMixing(
    compute: Compute,
    target: Tensor,
    weights: Tensor,
    mixing: Tensor,
    factor: number,
    beta: number,
  ): void;
  /** Replaces values or a gradient by the nearest that the parameter can have: symmetric, and 0 without a synapse. */
  project(compute: Compute, values: Tensor): void;
  /** Sets weights to 0 whose sign is not that of their presynaptic unit; does nothing if weights may have any sign. */
  enforceSigns(compute: Compute): void;
  /** Scales the incoming or outgoing weights of a unit down to a norm. */
  limitNorms(compute: Compute, side: 'incoming' | 'outgoing', limit: number): void;
}

/** A parameter whose values form a matrix, with a column for each postsynaptic unit or channel. */
export abstract class MatrixParameter implements Parameter {
  abstract readonly id: string;
  abstract readonly values: Tensor;
  abstract readonly mask: Tensor | undefined;
  readonly signs?: Tensor | undefined;
  abstract readonly role: 'weights' | 'bias';
  readonly isSymmetric?: boolean;
  abstract readonly isDense: boolean;
  abstract addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void;

  addDecay(
    compute: Compute,
    target: Tensor,
    weights: Tensor,
    perUnit: Tensor,
    factor: number,
    beta: number,
  ): void {
    compute.scaleColumns(target, weights, perUnit, factor, beta);
  }

  addEligibility(
    compute: Compute,
    target: Tensor,
    { trace, signal, pre, post, decay }: EligibilityTerm,
    accumulates: boolean,
    factor: number,
    beta: number,
  ): void {
    if (accumulates && post) {
      compute.eligibility(target, trace, pre, post, decay ?? 0, signal, factor, beta);
    } else compute.contractTrace(target, trace, signal, factor, beta);
  }

  addMixing(
    compute: Compute,
    target: Tensor,
    weights: Tensor,
    mixing: Tensor,
    factor: number,
    beta: number,
  ): void {
    const mixed = compute.temporary(target.shape);
    compute.matmul(mixed, weights, mixing);
    compute.combine(target, mixed, target, factor, beta);
  }

  project(compute: Compute, values: Tensor): void {
    if (this.isSymmetric) makeSymmetric(compute, values);
    if (this.mask) compute.multiply(values, values, this.mask);
  }

  enforceSigns(compute: Compute): void {
    const { signs, values } = this;
    if (signs) enforceSigns(compute, values, () => compute.scaleRows(values, values, signs));
  }

  limitNorms(compute: Compute, side: 'incoming' | 'outgoing', limit: number): void {
    if (side === 'outgoing') compute.limitRowNorms(this.values, limit);
    else compute.limitColumnNorms(this.values, limit);
  }
}

/**
 * The bias of an area: the weights from a presynaptic unit whose activity is always 1.
 *
 * @example
 * ```ts
 * import { Bias, Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * const biases = network.parameters.filter((parameter) => parameter instanceof Bias); // 'hidden1.bias', 'output.bias'
 * ```
 */
export class Bias extends MatrixParameter {
  readonly id: string;
  readonly values: Tensor;
  readonly mask = undefined;
  readonly role = 'bias';
  readonly isDense = false;

  constructor(id: string, values: Tensor) {
    super();
    this.id = id;
    this.values = values;
  }

  /** Adds factor · Σ over the batch of post(batch, units); a bias shared by the positions of a channel sums over them. */
  addOuter(
    compute: Compute,
    target: Tensor,
    _pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    if (target.size === post.columns) compute.sumRows(target, post, factor, beta);
    else compute.sumChannels(target, post, factor, beta);
  }
}

/** Returns the presynaptic side of an outer term. Throws a TypeError if it is missing: only a bias needs none. */
export function requirePresynaptic({ id }: Parameter, pre: Tensor | undefined): Tensor {
  if (pre) return pre;
  throw new TypeError(
    `An outer term for projection "${id}" has no presynaptic side; set "pre" to a tensor of shape (batch, presynaptic).`,
  );
}
