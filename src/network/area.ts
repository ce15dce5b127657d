import type { Compute } from '../tensor/compute.ts';
import type { Activation } from '../tensor/kernels.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Shape, Tensor } from '../tensor/tensor.ts';
import { Bias } from './parameter.ts';
import type { Parameter } from './parameter.ts';
import type { ProjectionKind } from './specification.ts';

/*
 * The two halves of the graph: areas, and the projections that join them. Each refers to the other, so they share a file.
 */

/** A population of units with one activation function. */
export class Area {
  readonly id: string;
  /** Position in the network's list, and in everything kept by area. */
  readonly index: number;
  readonly shape: Shape;
  readonly units: number;
  readonly activation: Activation;
  readonly dropout: number;
  /** The bias, (units), or (channels) where a convolution ends; undefined for an area without one. */
  readonly bias: Bias | undefined;
  /** The bias of top-down activity, (units); undefined for an area without one. */
  readonly topDownBias: Bias | undefined;
  /** Projections that end and start here, of every kind. */
  readonly incoming: Projection[] = [];
  readonly outgoing: Projection[] = [];

  constructor(
    id: string,
    index: number,
    shape: Shape,
    activation: Activation,
    dropout: number,
    bias: Tensor | undefined,
    topDownBias?: Tensor,
  ) {
    this.id = id;
    this.index = index;
    this.shape = shape;
    this.units = sizeOf(shape);
    this.activation = activation;
    this.dropout = dropout;
    this.bias = bias && new Bias(`${id}.bias`, bias);
    this.topDownBias = topDownBias && new Bias(`${id}.top-down.bias`, topDownBias);
  }
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
