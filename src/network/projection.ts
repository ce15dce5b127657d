import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Area } from './area.ts';
import type { ProjectionKind } from './specification.ts';

/**
 * A set of numbers that a rule may change through terms: the weights of a projection or the thresholds of an
 * area. The optimiser keeps its state by `id`.
 */
export interface Parameter {
  readonly id: string;
  /** Columns are postsynaptic units, or channels where places share weights. */
  readonly values: Tensor;
  /** 1 where a synapse exists, 0 where not; undefined when all do. */
  readonly mask: Tensor | undefined;
  /** (presynaptic): 1 for units that excite, −1 for units that inhibit; undefined where weights may have any sign. */
  readonly signs?: Tensor | undefined;
  readonly role: 'weights' | 'bias';
  /** Whether it stays a symmetric matrix. Default false. */
  readonly isSymmetric?: boolean;
  /** Whether an outer term is preᵀ · post and no more: an optimiser may then fuse the product with its step. */
  readonly isDense: boolean;
  /** target ← factor · Σ over the batch (and places) of pre ⊗ post + beta · target: what an outer term means here. */
  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void;
}

/** What one axis of a projection's weights counts, and how many there are. */
export interface Axis {
  readonly name:
    | 'presynaptic'
    | 'postsynaptic'
    | 'lower channel'
    | 'kernel row'
    | 'kernel column'
    | 'upper channel'
    | 'place row'
    | 'place column';
  readonly length: number;
}

/** What every kind of projection is made from. */
export interface ProjectionParts {
  readonly id: string;
  readonly kind: ProjectionKind;
  readonly from: Area;
  readonly to: Area;
  readonly plastic: boolean;
  readonly weights: Tensor;
  readonly mask: Tensor | undefined;
  readonly signs?: Tensor | undefined;
  readonly isSymmetric?: boolean;
}

/** What going back along a projection may need besides the signal. */
export interface BackOptions {
  /** Numbers to use in place of the weights. */
  readonly weights?: Tensor;
  /** The activity that was sent: where max-pooling, which is not linear, is differentiated. */
  readonly sent?: Tensor;
}

/** Synapses from one area to another, seen the way activity goes. */
export abstract class Projection implements Parameter {
  readonly id: string;
  readonly kind: ProjectionKind;
  readonly from: Area;
  readonly to: Area;
  readonly plastic: boolean;
  readonly values: Tensor;
  readonly mask: Tensor | undefined;
  readonly signs: Tensor | undefined;
  readonly role = 'weights';
  readonly isSymmetric: boolean;
  abstract readonly isDense: boolean;
  /**
   * What the numbers in `weights` are, row-major, slowest axis first; empty without weights. Who writes them in another
   * order (PyTorch: upper channel, lower channel, kernel row, kernel column) reads it off from here.
   */
  abstract readonly layout: readonly Axis[];
  /** For a forward projection: the feedback projection that answers it, if there is one. */
  feedback: Projection | undefined;

  constructor({ id, kind, from, to, plastic, weights, mask, signs, isSymmetric = false }: ProjectionParts) {
    this.id = id;
    this.kind = kind;
    this.from = from;
    this.to = to;
    this.plastic = plastic;
    this.values = weights;
    this.mask = mask;
    this.signs = signs;
    this.isSymmetric = isSymmetric;
  }

  get weights(): Tensor {
    return this.values;
  }

  /** How many pairs of units share one weight. */
  get sharing(): number {
    return 1;
  }

  /** False for pooling, whose `weights` are empty: nothing to learn, and nothing for feedback to answer. */
  get hasWeights(): boolean {
    return this.values.size > 0;
  }

  /** out(batch, postsynaptic) ← what synapses make of the presynaptic signal + beta · out. W may be perturbed. */
  abstract send(compute: Compute, out: Tensor, presynaptic: Tensor, beta?: number, weights?: Tensor): void;

  /**
   * out(batch, presynaptic) ← the adjoint of `send`, applied to the postsynaptic signal, + beta · out. No synapse can
   * do that; the audit reports it as the use of transposed weights.
   */
  abstract sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta?: number,
    options?: BackOptions,
  ): void;

  abstract addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void;

  /** The derivative of `send` at the activity `sent`, along a tangent: `send` itself where that is linear. */
  sendTangent(...[compute, out, tangent, beta]: TangentArguments): void {
    this.send(compute, out, tangent, beta);
  }

  /** out ← the weights in the shape of a feedback projection that answers this one: the exact feedback. */
  exactFeedback(compute: Compute, out: Tensor): void {
    compute.transpose(out, this.values);
  }
}

type TangentArguments = [compute: Compute, out: Tensor, tangent: Tensor, beta: number, sent: Tensor];

/** Every unit with every unit: weights(presynaptic, postsynaptic). */
export class DenseProjection extends Projection {
  readonly isDense = true;

  get layout(): readonly Axis[] {
    return [
      { name: 'presynaptic', length: this.from.units },
      { name: 'postsynaptic', length: this.to.units },
    ];
  }

  /** out(batch, postsynaptic) ← presynaptic signal · W + beta · out. */
  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    compute.matmul(out, presynaptic, weights, beta === 0 ? {} : { beta });
  }

  /** out(batch, presynaptic) ← postsynaptic signal · Wᵀ + beta · out. */
  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    compute.matmul(out, postsynaptic, weights, { transposeB: true, beta });
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    compute.matmul(target, presynapticOf(this, pre), post, { transposeA: true, alpha: factor, beta });
  }
}

/** The presynaptic side of a term, which only thresholds can do without. */
export function presynapticOf({ id }: Parameter, pre: Tensor | undefined): Tensor {
  if (pre) return pre;
  throw new TypeError(`An outer term of projection "${id}" needs its presynaptic side, \`pre\`.`);
}
