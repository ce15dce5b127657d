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
  readonly values: Tensor;
  /** 1 where a synapse exists, 0 where not; undefined when all do. */
  readonly mask: Tensor | undefined;
  /** (presynaptic): 1 for units that excite, −1 for units that inhibit; undefined where weights may have any sign. */
  readonly signs?: Tensor | undefined;
  readonly role: 'weights' | 'bias';
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

/** Synapses from one area to another: weights(presynaptic, postsynaptic), seen the way activity goes. */
export class Projection implements Parameter {
  readonly id: string;
  readonly kind: ProjectionKind;
  readonly from: Area;
  readonly to: Area;
  readonly plastic: boolean;
  readonly values: Tensor;
  readonly mask: Tensor | undefined;
  readonly signs: Tensor | undefined;
  readonly role = 'weights';
  /** For a forward projection: the feedback projection that answers it, if there is one. */
  feedback: Projection | undefined;

  constructor(
    id: string,
    kind: ProjectionKind,
    from: Area,
    to: Area,
    plastic: boolean,
    weights: Tensor,
    mask: Tensor | undefined,
    signs?: Tensor,
  ) {
    this.id = id;
    this.kind = kind;
    this.from = from;
    this.to = to;
    this.plastic = plastic;
    this.values = weights;
    this.mask = mask;
    this.signs = signs;
  }

  get weights(): Tensor {
    return this.values;
  }

  /**
   * What the numbers in `weights` are, row-major, slowest axis first; empty without weights. Who writes them in another
   * order (PyTorch: postsynaptic, presynaptic) reads it off from here.
   */
  get layout(): readonly Axis[] {
    return [
      { name: 'presynaptic', length: this.from.units },
      { name: 'postsynaptic', length: this.to.units },
    ];
  }

  /** out(batch, postsynaptic) ← presynaptic signal · W + beta · out: what synapses do. W may be perturbed. */
  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    compute.matmul(out, presynaptic, weights, beta === 0 ? {} : { beta });
  }

  /**
   * out(batch, presynaptic) ← postsynaptic signal · Wᵀ + beta · out: the adjoint, which no synapse can do.
   * The audit reports it as the use of transposed weights.
   */
  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    weights: Tensor = this.values,
  ): void {
    compute.matmul(out, postsynaptic, weights, { transposeB: true, beta });
  }
}
