import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameter } from './parameter.ts';
import { makeSymmetric } from './projections/symmetry.ts';

/**
 * What a rule may say about a change of synapses: only products of what is at hand there. A term is an
 * estimate of the gradient of the loss, so the optimiser goes against it (a Hebbian rule emits the negative
 * of its products). `factor` scales the whole term; 1 when absent. For thresholds the presynaptic unit is the
 * constant 1, so `outer` needs no `pre`.
 */
export type Term =
  /**
   * Σ over the batch of pre ⊗ post; pre (batch, presynaptic), post (batch, postsynaptic). A parameter knows its own
   * outer product: where places share a weight, it is summed over them.
   */
  | { readonly kind: 'outer'; readonly pre?: Tensor; readonly post: Tensor; readonly factor?: number }
  /** A direction in weight space × one number: a perturbation × its effect, an eligibility trace × a reward. */
  | { readonly kind: 'direction'; readonly direction: Tensor; readonly factor?: number }
  /**
   * W_ij × perUnit_j: decay by a factor of the postsynaptic unit (Oja: Σ y²). perUnit (postsynaptic); of a
   * convolution, here and for mixing, (channels).
   */
  | { readonly kind: 'weight-decay'; readonly perUnit: Tensor; readonly factor?: number }
  /** W · mixing: each unit's weights mixed with its neighbours' (Sanger). mixing (postsynaptic, postsynaptic). */
  | { readonly kind: 'mixing'; readonly mixing: Tensor; readonly factor?: number };

const KINDS: ReadonlySet<string> = new Set<Term['kind']>(['outer', 'direction', 'weight-decay', 'mixing']);

/** Throws for what is no term: a user's file may emit anything. */
export function checkTerm(term: Term): void {
  if (!KINDS.has(term.kind)) {
    throw new TypeError(`There is no term of kind "${term.kind}": it must be ${[...KINDS].join(', ')}.`);
  }
}

/**
 * target ← target·beta + scale · Σ terms. Where the target is the parameter itself, `beta` shrinks it first.
 * Products accumulate in place; nothing is materialised but a mixing of the target with itself.
 */
export function accumulate(
  compute: Compute,
  parameter: Parameter,
  target: Tensor,
  terms: readonly Term[],
  scale: number,
  beta: number,
): void {
  // Terms that read the weights go first, on the weights as they were.
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
        compute.scaleColumns(target, weights, term.perUnit, factor, keep);
        break;
      case 'mixing': {
        const mixed = compute.temporary(target.shape);
        compute.matmul(mixed, weights, term.mixing);
        compute.combine(target, mixed, target, factor, keep);
        break;
      }
    }
    keep = 1;
  }
  if (keep === 0) compute.fill(target, 0);
  else if (keep !== 1) compute.scale(target, target, keep);
}

const readsWeights = (term: Term): boolean => term.kind === 'weight-decay' || term.kind === 'mixing';

/** gradient ← Σ terms, made symmetric where the parameter is, and masked: what a rule's update is compared by. */
export function materialise(
  compute: Compute,
  parameter: Parameter,
  gradient: Tensor,
  terms: readonly Term[],
): void {
  accumulate(compute, parameter, gradient, terms, 1, 0);
  if (parameter.isSymmetric) makeSymmetric(compute, gradient);
  if (parameter.mask) compute.multiply(gradient, gradient, parameter.mask);
}
