import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * A set of numbers that a rule may change through terms: the weights of a projection or the bias of an
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

/** The bias of an area: synapses from a presynaptic unit that is always 1. */
export class Bias implements Parameter {
  readonly id: string;
  readonly values: Tensor;
  readonly mask = undefined;
  readonly role = 'bias';
  readonly isDense = false;

  constructor(id: string, values: Tensor) {
    this.id = id;
    this.values = values;
  }

  /** post(batch, units); a bias shared by the places of a channel sums over them. */
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

/** The presynaptic side of a term, which only a bias can do without. */
export function presynapticOf({ id }: Parameter, pre: Tensor | undefined): Tensor {
  if (pre) return pre;
  throw new TypeError(`An outer term of projection "${id}" needs its presynaptic side, \`pre\`.`);
}
