import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameter } from './parameter.ts';

/**
 * One term of the update of a parameter: a product of quantities that are available at the synapse. A term estimates
 * the gradient of the loss and the optimiser descends it, so a Hebbian rule emits the negative of its products.
 * `factor` scales the whole term (default 1). The presynaptic activity of a bias is always 1, so its outer terms need
 * no `pre`.
 */
export type Term =
  /**
   * Σ over the batch of pre ⊗ post; pre (batch, presynaptic), post (batch, postsynaptic). If positions share a weight,
   * the sum runs over them too.
   */
  | { readonly kind: 'outer'; readonly pre?: Tensor; readonly post: Tensor; readonly factor?: number }
  /** A direction in weight space, such as a perturbation times its effect or an eligibility trace times a reward. */
  | { readonly kind: 'direction'; readonly direction: Tensor; readonly factor?: number }
  /**
   * W_ij × perUnit_j: decay in proportion to a quantity of the postsynaptic unit (Oja: Σ y²). perUnit (postsynaptic), or
   * (channels) for a convolution.
   */
  | { readonly kind: 'weight-decay'; readonly perUnit: Tensor; readonly factor?: number }
  /**
   * W · mixing: the weights of each unit mixed with those of its neighbours (Sanger). mixing (postsynaptic,
   * postsynaptic), or (channels, channels) for a convolution.
   */
  | { readonly kind: 'mixing'; readonly mixing: Tensor; readonly factor?: number }
  | EligibilityTerm;

/**
 * Σ over rows of trace(r, i, j) · signal(r, j): an eligibility trace of each synapse times a learning signal of its
 * postsynaptic unit. trace is (rows, presynaptic, postsynaptic), (rows, postsynaptic) for a bias, and (rows, synapses)
 * for sparse storage; signal is (rows, postsynaptic).
 *
 * With `post`, the trace first becomes decay · trace + pre ⊗ post, row by row, in the same pass. This happens once,
 * when the term is first used, so every step emits a new object. decay is a number or (postsynaptic), by default 0.
 */
export interface EligibilityTerm {
  readonly kind: 'eligibility';
  readonly trace: Tensor;
  readonly signal: Tensor;
  readonly factor?: number;
  readonly pre?: Tensor;
  readonly post?: Tensor;
  readonly decay?: Tensor | number;
}

const KINDS: ReadonlySet<string> = new Set<Term['kind']>([
  'outer',
  'direction',
  'weight-decay',
  'mixing',
  'eligibility',
]);

/** Terms whose trace has decayed and grown. */
const accumulated = new WeakSet<EligibilityTerm>();

/** Throws a TypeError for an unknown kind of term, because a user's file may emit anything. */
export function checkTerm(term: Term): void {
  if (!KINDS.has(term.kind)) {
    throw new TypeError(
      `A term has the kind "${term.kind}", but it must be outer, direction, weight-decay, mixing or eligibility.`,
    );
  }
}

/**
 * Adds terms to a tensor: target ← beta · target + scale · Σ terms. If the target is the parameter itself, `beta`
 * shrinks the weights before the update. Products accumulate in place; only mixing needs a temporary tensor.
 */
export function accumulate(
  compute: Compute,
  parameter: Parameter,
  target: Tensor,
  terms: readonly Term[],
  scale: number,
  beta: number,
): void {
  // Terms that read the weights come first, while the weights still have their old values.
  const ordered =
    terms.length > 1 ? [...terms].sort((a, b) => Number(readsWeights(b)) - Number(readsWeights(a))) : terms;
  const readers = terms.filter(readsWeights).length;
  let weights = parameter.values;
  if (target === weights && readers > 1) {
    weights = compute.temporary(target.shape);
    compute.copy(weights, target);
  }
  let keep = beta;
  for (const term of ordered) {
    const factor = scale * (term.factor ?? 1);
    switch (term.kind) {
      case 'outer':
        parameter.addOuter(compute, target, term.pre, term.post, factor, keep);
        break;
      case 'direction':
        compute.combine(target, term.direction, target, factor, keep);
        break;
      case 'weight-decay':
        parameter.addDecay(compute, target, weights, term.perUnit, factor, keep);
        break;
      case 'mixing':
        parameter.addMixing(compute, target, weights, term.mixing, factor, keep);
        break;
      case 'eligibility':
        parameter.addEligibility(compute, target, term, !accumulated.has(term), factor, keep);
        accumulated.add(term);
        break;
    }
    keep = 1;
  }
  if (keep === 0) compute.fill(target, 0);
  else if (keep !== 1) compute.scale(target, target, keep);
}

const readsWeights = (term: Term): boolean => term.kind === 'weight-decay' || term.kind === 'mixing';

/**
 * Computes the gradient given by terms: gradient ← Σ terms, symmetrised if the parameter is symmetric, and masked.
 *
 * @example
 * ```ts
 * import { materialise, Network, openBackend, stack } from 'apical/rules';
 *
 * const compute = await openBackend();
 * const specification = stack({ layers: [2, 2], activation: 'linear', objective: 'squared-error' });
 * const weights = new Network(compute, specification, 1).projection('input→output');
 * const gradient = compute.allocate([2, 2]);
 * compute.scope(() => {
 *   const pre = compute.temporary([1, 2]).set([1, 2]);
 *   const post = compute.temporary([1, 2]).set([3, 4]);
 *   materialise(compute, weights, gradient, [{ kind: 'outer', pre, post }]);
 * });
 * gradient.toArray(); // [3, 4, 6, 8]
 * ```
 */
export function materialise(
  compute: Compute,
  parameter: Parameter,
  gradient: Tensor,
  terms: readonly Term[],
): void {
  accumulate(compute, parameter, gradient, terms, 1, 0);
  parameter.project(compute, gradient);
}
