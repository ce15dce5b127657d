import type { Kernels } from './kernels.ts';
import { mismatch, requireAlike } from './shapes.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';

/** Form of a matrix product: out ← alpha · op(a) · op(b) + beta · out, where op transposes or not. */
export interface MatmulForm {
  /** Whether a is stored transposed, as (k, m). Default false. */
  readonly transposeA?: boolean;
  /** Whether b is stored transposed, as (n, k). Default false. */
  readonly transposeB?: boolean;
  /** Scale of the product. Default 1. */
  readonly alpha?: number;
  /** Scale of the old value of out. Default 0: out is overwritten and not read. */
  readonly beta?: number;
}

/** Matrix products and the weight updates of optimisers. */
export interface ProductOperations {
  /**
   * Multiplies two matrices: out(m, n) ← alpha · op(a)(m, k) · op(b)(k, n) + beta · out.
   * A zero factor may skip a whole row of the other matrix: there 0 · ∞ and 0 · NaN count as 0.
   */
  matmul(out: Tensor, a: Tensor, b: Tensor, form?: MatmulForm): void;
  /**
   * Updates weights along one outer product with momentum:
   * velocity ← momentum · velocity − rate · preᵀ · post − decay · weights, then weights ← weights + velocity.
   * With `nesterov`, weights ← weights + (1 + momentum) · velocity_new − momentum · velocity_old.
   * Shapes: weights and velocity (presynaptic, postsynaptic), pre (batch, presynaptic), post (batch, postsynaptic).
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
  /**
   * Updates weights by RMSprop (Tieleman & Hinton 2012), with gradient g:
   * meanSquare ← decay · meanSquare + (1 − decay) · g²; weights ← weights − rate · g / (√meanSquare + epsilon).
   * All tensors have one size.
   */
  rmspropStep(
    weights: Tensor,
    meanSquare: Tensor,
    gradient: Tensor,
    rate: number,
    decay: number,
    epsilon: number,
  ): void;
  /**
   * Updates weights by Adam with bias correction (Kingma & Ba 2015, algorithm 1). All tensors have one size.
   * `count` is the number of this update, counted from 1.
   */
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

const tensorAt = (args: readonly unknown[], index: number) => args[index] as Tensor;

export const PRODUCT_OPERATIONS: Specifications<ProductOperations> = {
  matmul: {
    roles: ['out', 'in', 'in', 'value'],
    beta: (args) => (args[3] as MatmulForm | undefined)?.beta,
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
  rmspropStep: { roles: ['inout', 'inout', 'in', 'value', 'value', 'value'] },
  adamStep: { roles: ['inout', 'inout', 'inout', 'in', 'value', 'value', 'value', 'value', 'value'] },
};

const PLAIN: MatmulForm = {};

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedProducts implements ProductOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, form: MatmulForm = PLAIN): void {
    const transposeA = form.transposeA ?? false;
    const transposeB = form.transposeB ?? false;
    const m = transposeA ? a.columns : a.rows;
    const k = transposeA ? a.rows : a.columns;
    const n = transposeB ? b.rows : b.columns;
    if ((transposeB ? b.columns : b.rows) !== k || out.rows !== m || out.columns !== n) {
      const expected = `out(m, n), a${transposeA ? '(k, m)' : '(m, k)'}, b${transposeB ? '(n, k)' : '(k, n)'}`;
      mismatch('matmul', expected, out, a, b);
    }
    const { alpha = 1, beta = 0 } = form;
    this.#kernels.matmul(out.offset, a.offset, b.offset, m, n, k, transposeA, transposeB, alpha, beta);
  }

  momentumStep(
    weights: Tensor,
    velocity: Tensor,
    pre: Tensor,
    post: Tensor,
    rate: number,
    momentum: number,
    decay: number,
    nesterov: boolean,
  ): void {
    if (
      weights.size !== velocity.size ||
      pre.rows !== post.rows ||
      pre.columns !== weights.rows ||
      post.columns !== weights.columns
    ) {
      const expected =
        'weights(presynaptic, postsynaptic), velocity(presynaptic, postsynaptic), ' +
        'pre(batch, presynaptic), post(batch, postsynaptic)';
      mismatch('momentumStep', expected, weights, velocity, pre, post);
    }
    this.#kernels.momentumStep(
      weights.offset,
      velocity.offset,
      pre.offset,
      post.offset,
      pre.rows,
      pre.columns,
      post.columns,
      rate,
      momentum,
      decay,
      nesterov,
    );
  }

  rmspropStep(
    weights: Tensor,
    meanSquare: Tensor,
    gradient: Tensor,
    rate: number,
    decay: number,
    epsilon: number,
  ): void {
    requireAlike('rmspropStep', weights, meanSquare, gradient);
    this.#kernels.rmspropStep(
      weights.offset,
      meanSquare.offset,
      gradient.offset,
      weights.size,
      rate,
      decay,
      epsilon,
    );
  }

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
  ): void {
    requireAlike('adamStep', weights, mean, meanSquare, gradient);
    this.#kernels.adamStep(
      weights.offset,
      mean.offset,
      meanSquare.offset,
      gradient.offset,
      weights.size,
      rate,
      beta1,
      beta2,
      epsilon,
      1 / (1 - beta1 ** count),
      1 / (1 - beta2 ** count),
    );
  }
}
