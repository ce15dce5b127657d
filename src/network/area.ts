import type { Compute } from '../tensor/compute.ts';
import type { Activation } from '../tensor/activation.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Shape, Tensor } from '../tensor/tensor.ts';
import { Bias, MatrixParameter } from './parameter.ts';
import type { Sheet } from './sheet.ts';
import type { ProjectionKind } from './specification.ts';

/*
 * The two halves of the graph: areas and the projections that join them. Each refers to the other, so they share a file.
 */

/**
 * A population of units with one activation function. Networks create their areas from a specification.
 *
 * @example
 * ```ts
 * import { Network, openBackend, stack } from 'apical/rules';
 * import type { Area } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * const hidden: Area = network.area('hidden1');
 * const [projection] = hidden.incoming; // 'input→hidden1', with hidden.units = 3 columns
 * ```
 */
export class Area {
  readonly id: string;
  /** Position in the areas of the network. */
  readonly index: number;
  readonly shape: Shape;
  /** Number of units: the product of the shape. */
  readonly units: number;
  readonly activation: Activation;
  /** Probability that a unit is silenced in a training pass. */
  readonly dropout: number;
  /** The bias, of shape (units), or (channels) if a convolution ends here; undefined for an area without bias. */
  readonly bias: Bias | undefined;
  /** The bias for top-down activity, of shape (units); undefined for an area without one. */
  readonly topDownBias: Bias | undefined;
  /** Whether the activity is the example, or a part of it. */
  readonly isInput: boolean;
  /** The places of the units, if the area is a sheet. */
  readonly sheet: Sheet | undefined;
  /** Projections of every kind that end here. */
  readonly incoming: Projection[] = [];
  /** Projections of every kind that start here. */
  readonly outgoing: Projection[] = [];

  constructor(
    id: string,
    index: number,
    shape: Shape,
    activation: Activation,
    dropout: number,
    bias: Tensor | undefined,
    topDownBias?: Tensor,
    isInput = false,
    sheet?: Sheet,
  ) {
    this.id = id;
    this.index = index;
    this.shape = shape;
    this.units = sizeOf(shape);
    this.activation = activation;
    this.dropout = dropout;
    this.bias = bias && new Bias(`${id}.bias`, bias);
    this.topDownBias = topDownBias && new Bias(`${id}.top-down.bias`, topDownBias);
    this.isInput = isInput;
    this.sheet = sheet;
  }
}

/** The meaning and length of one axis of a weight tensor. */
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

/** The parts that projections of every kind have in common. */
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
  readonly delay: Delay;
}

/** The delay of a projection in steps of dynamics in time. */
export interface Delay {
  /** The longest delay of a presynaptic unit. */
  readonly longest: number;
  /** Presynaptic units by their delay, the shortest first. */
  readonly groups: readonly DelayGroup[];
}

/** The presynaptic units with one delay. */
export interface DelayGroup {
  readonly steps: number;
  /** (presynaptic): 1 for units with this delay and 0 for the others; undefined if all have it. */
  readonly units: Tensor | undefined;
}

/** Additional inputs of `Projection.sendBack`. */
export interface BackOptions {
  /** Weights to use in place of those of the projection. */
  readonly weights?: Tensor;
  /** The presynaptic activity at which to differentiate max-pooling, which is not linear. */
  readonly sent?: Tensor;
}

/**
 * The synapses from one area to another. Weights are (presynaptic, postsynaptic).
 *
 * @example
 * ```ts
 * import { Network, openBackend, stack } from 'apical/rules';
 * import type { Projection } from 'apical/rules';
 *
 * const compute = await openBackend();
 * const specification = stack({ layers: [4, 3], activation: 'tanh', objective: 'squared-error' });
 * const network = new Network(compute, specification, 1);
 * const projection: Projection = network.projection('input→output');
 * compute.scope(() => {
 *   const activity = compute.temporary([1, 4]).set([1, 0, 0, 0]);
 *   const input = compute.temporary([1, 3]);
 *   projection.send(compute, input, activity); // the first row of projection.weights
 * });
 * ```
 */
export abstract class Projection extends MatrixParameter {
  readonly id: string;
  readonly kind: ProjectionKind;
  readonly from: Area;
  readonly to: Area;
  /** Whether a rule may change the weights. */
  readonly plastic: boolean;
  readonly values: Tensor;
  readonly mask: Tensor | undefined;
  override readonly signs: Tensor | undefined;
  readonly role = 'weights';
  override readonly isSymmetric: boolean;
  /** The delay in steps; dynamics without time refuse any but the default. */
  readonly delay: Delay;
  abstract override readonly isDense: boolean;
  /**
   * Axes of `weights`, row-major, slowest axis first; empty without weights. Code that writes weights in another order
   * (PyTorch: upper channel, lower channel, kernel row, kernel column) permutes these axes.
   */
  abstract readonly layout: readonly Axis[];
  /** For a forward projection: the feedback projection that answers it, if any. */
  feedback: Projection | undefined;

  constructor(parts: ProjectionParts) {
    super();
    const { id, kind, from, to, plastic, weights, mask, signs, isSymmetric = false, delay } = parts;
    this.id = id;
    this.kind = kind;
    this.from = from;
    this.to = to;
    this.plastic = plastic;
    this.values = weights;
    this.mask = mask;
    this.signs = signs;
    this.isSymmetric = isSymmetric;
    this.delay = delay;
  }

  /** The weights: another name for `values`. */
  get weights(): Tensor {
    return this.values;
  }

  /** Whether weights are stored as a matrix, or only those of existing synapses. */
  get storage(): 'dense' | 'sparse' {
    return 'dense';
  }

  /** Rows and columns of the weights as a matrix. */
  get matrixShape(): readonly [rows: number, columns: number] {
    return [this.values.rows, this.values.columns];
  }

  /** Returns the weights as a matrix of `matrixShape`, row-major, with 0 where no synapse exists. Reads values back. */
  matrix(values: Tensor = this.values): ArrayLike<number> {
    return values.data;
  }

  /** Frees the weights and all that belongs to them. */
  free(compute: Compute): void {
    const delays = this.delay.groups.map(({ units }) => units);
    for (const tensor of [this.values, this.mask, this.signs, ...delays]) if (tensor) compute.free(tensor);
  }

  /** Number of pairs of units that share one weight. */
  get sharing(): number {
    return 1;
  }

  /** Whether there are weights. False for pooling, which has nothing to learn and nothing for feedback to answer. */
  get hasWeights(): boolean {
    return this.values.size > 0;
  }

  /**
   * Sends activity forward: out(batch, postsynaptic) ← presynaptic · W + beta · out, with presynaptic(batch,
   * presynaptic). `weights` replaces W, for example by perturbed weights.
   */
  abstract send(compute: Compute, out: Tensor, presynaptic: Tensor, beta?: number, weights?: Tensor): void;

  /**
   * Sends a signal backward, with the adjoint of `send`: out(batch, presynaptic) ← postsynaptic · Wᵀ + beta · out, with
   * postsynaptic(batch, postsynaptic). No synapse can do this, and the audit reports it as transposed weights.
   */
  abstract sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta?: number,
    options?: BackOptions,
  ): void;

  abstract override addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void;

  /**
   * Sends a tangent with the derivative of `send` at the activity `sent`: out ← derivative · tangent + beta · out. The
   * same as `send` for linear projections.
   */
  sendTangent(...[compute, out, tangent, beta]: TangentArguments): void {
    this.send(compute, out, tangent, beta);
  }

  /**
   * Sums values, one for each weight, over the incoming or outgoing synapses of each unit: out(units) ← alpha · Σ values +
   * beta · out.
   */
  sumByUnit(
    compute: Compute,
    out: Tensor,
    values: Tensor,
    side: 'incoming' | 'outgoing',
    alpha = 1,
    beta = 0,
  ): void {
    if (side === 'incoming') compute.sumRows(out, values, alpha, beta);
    else compute.sumColumns(out, values, alpha, beta);
  }

  /**
   * Scales values, one for each weight, by a number of their postsynaptic (incoming) or presynaptic (outgoing) unit: out ←
   * alpha · values · unit + beta · out.
   */
  scaleByUnit(
    compute: Compute,
    out: Tensor,
    values: Tensor,
    unit: Tensor,
    side: 'incoming' | 'outgoing',
    alpha = 1,
    beta = 0,
  ): void {
    if (side === 'incoming') compute.scaleColumns(out, values, unit, alpha, beta);
    else compute.scaleRows(out, values, unit, alpha, beta);
  }

  /** Computes the exact feedback: out ← the transposed weights, in the shape of a projection that answers this one. */
  exactFeedback(compute: Compute, out: Tensor): void {
    compute.transpose(out, this.values);
  }
}

type TangentArguments = [compute: Compute, out: Tensor, tangent: Tensor, beta: number, sent: Tensor];
