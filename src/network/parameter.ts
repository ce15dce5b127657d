import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

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
