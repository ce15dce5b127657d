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
  /** Thresholds, (units); undefined for an area without. */
  readonly bias: Parameter | undefined;
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
  ) {
    this.id = id;
    this.index = index;
    this.shape = shape;
    this.units = sizeOf(shape);
    this.activation = activation;
    this.dropout = dropout;
    this.bias = bias && { id: `${id}.bias`, values: bias, mask: undefined, role: 'bias' };
  }
}
