import { Matrix, pseudoInverse } from 'ml-matrix';
import type { Projection } from '../network/area.ts';
import type { Parameter } from '../network/parameter.ts';
import { materialise } from '../network/terms.ts';
import type { Term } from '../network/terms.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { compareDirections } from './angle.ts';
import { inner } from './estimator-moments.ts';

/**
 * Why an update makes no angle with the exact gradient: the rule does not change the weights; the gradient has no part for
 * them, as for feedback that takes no part in the forward pass; or it is zero.
 */
export type NoAngle = 'no change' | 'no gradient' | 'zero gradient';

/** Comparison of a rule's update with the exact gradient on one batch, for one projection. */
export interface Alignment {
  /** Degrees between the update and the exact gradient; null when there is none, for the `reason`. */
  readonly angle: number | null;
  /** Why there is no angle; absent where there is one, and in records of earlier versions. */
  readonly reason?: NoAngle;
  /** Norm of the update over the norm of the gradient. */
  readonly normRatio: number | null;
  /** Degrees between this projection's feedback weights B and its transpose Wᵀ; for a convolution, between kernels. */
  readonly feedbackAngle?: number | null;
  /** Degrees between B and the pseudo-inverse W⁺, followed by ‖B − W⁺‖ / ‖W⁺‖; dense projections only. */
  readonly pseudoInverseAngle?: number | null;
  readonly pseudoInverseDistance?: number | null;
}

export interface AlignmentOptions {
  /**
   * Largest cost of a pseudo-inverse, in multiplications of its singular value decomposition
   * (rows × columns × the smaller of them). Costlier ones are skipped to keep the probe cheap. Default 10⁶.
   */
  readonly pseudoInverseLimit?: number;
}

/**
 * Compares the update that the learner's rule makes on a batch with the exact gradient, for every plastic projection
 * (forward, lateral and feedback) and without noise that serves learning. Changes nothing. Costs about two updates.
 */
export function measureAlignment(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  step: number,
  options: AlignmentOptions = {},
): Readonly<Record<string, Alignment>> {
  const { pseudoInverseLimit = 1e6 } = options;
  const { network, reference } = learner;
  const projections = network.projections.filter(({ plastic, hasWeights }) => plastic && hasWeights);
  const result: Record<string, Alignment> = {};

  learner.estimate(batch, step, (terms) => {
    const updates = projections.map((projection) => {
      const update = compute.temporary(projection.weights.shape);
      materialise(compute, projection, update, terms.get(projection) ?? []);
      return update;
    });
    const compareWith = (exact: ReadonlyMap<Parameter, readonly Term[]>) => {
      for (const [index, projection] of projections.entries()) {
        compute.scope(() => {
          result[projection.id] = {
            ...compareUpdate(compute, projection, updates[index] as Tensor, exact.get(projection) ?? []),
            ...compareFeedback(compute, projection, pseudoInverseLimit),
          };
        });
      }
    };
    if (reference) learner.estimate(batch, step, compareWith, reference);
    else compareWith(new Map());
  });
  return result;
}

function compareUpdate(
  compute: Compute,
  projection: Projection,
  update: Tensor,
  exact: readonly Term[],
): Pick<Alignment, 'angle' | 'normRatio' | 'reason'> {
  const changes = inner(compute, update, update) !== 0;
  if (exact.length === 0)
    return { angle: null, normRatio: null, reason: changes ? 'no gradient' : 'no change' };
  const gradient = compute.temporary(projection.weights.shape);
  materialise(compute, projection, gradient, exact);
  const comparison = compareDirections(compute, update, gradient);
  if (!changes) return { ...comparison, reason: 'no change' };
  return comparison.normRatio === null ? { ...comparison, reason: 'zero gradient' } : comparison;
}

/** Measures how near a projection's feedback weights B are to Wᵀ and to W⁺; returns {} without feedback weights. */
function compareFeedback(compute: Compute, projection: Projection, limit: number): Partial<Alignment> {
  const { feedback, weights } = projection;
  if (!feedback) return {};
  return compute.scope(() => {
    const other = compute.temporary(feedback.weights.shape);
    projection.exactFeedback(compute, other);
    // Sparse feedback with wiring of its own lacks synapses of W, which count in the norm of W nevertheless.
    const whole = projection.storage === 'sparse' ? weights : other;
    const feedbackAngle = compareDirections(compute, feedback.weights, other, whole).angle;
    // A pseudo-inverse needs the matrix that maps units to units, which convolution kernels are not.
    if (!projection.isDense || weights.size * Math.min(weights.rows, weights.columns) > limit)
      return { feedbackAngle };
    const inverse = pseudoInverseOf(weights);
    if (!inverse) return { feedbackAngle };
    other.set(inverse);
    const pseudoInverseAngle = compareDirections(compute, feedback.weights, other).angle;
    const difference = compute.temporary(feedback.weights.shape);
    compute.subtract(difference, feedback.weights, other);
    const pseudoInverseDistance = compareDirections(compute, difference, other).normRatio;
    return { feedbackAngle, pseudoInverseAngle, pseudoInverseDistance };
  });
}

/** Returns W⁺ (postsynaptic, presynaptic), row-major, in f64; undefined if any weight is not finite. */
export function pseudoInverseOf(weights: Tensor): Float64Array | undefined {
  const { rows, columns } = weights;
  const values = Array.from(weights.data);
  if (!values.every(Number.isFinite)) return undefined;
  return Float64Array.from(pseudoInverse(Matrix.from1DArray(rows, columns, values)).to1DArray());
}
