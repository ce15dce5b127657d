import type { Compute } from '../tensor/compute.ts';
import type { Activation } from '../tensor/kernels.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Shape, Tensor } from '../tensor/tensor.ts';
import type { Parameter, Projection } from './projection.ts';

/** A population of units with one activation function. */
export class Area {
  readonly id: string;
  /** Position in the network's list, and in everything kept by area. */
  readonly index: number;
  readonly shape: Shape;
  readonly units: number;
  readonly activation: Activation;
  readonly dropout: number;
  /** Thresholds, (units), or (channels) where a convolution ends; undefined for an area without. */
  readonly bias: Thresholds | undefined;
  /** Thresholds for activity that comes from above, (units). */
  readonly topDownBias: Thresholds | undefined;
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
    this.bias = bias && new Thresholds(`${id}.bias`, bias);
    this.topDownBias = topDownBias && new Thresholds(`${id}.top-down.bias`, topDownBias);
  }
}

/** Thresholds of an area: synapses from a presynaptic unit that is always 1. */
export class Thresholds implements Parameter {
  readonly id: string;
  readonly values: Tensor;
  readonly mask = undefined;
  readonly role = 'bias';
  readonly isDense = false;

  constructor(id: string, values: Tensor) {
    this.id = id;
    this.values = values;
  }

  /** post(batch, units); channels that share a threshold add up over their places. */
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
