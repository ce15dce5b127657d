import { Matrix, pseudoInverse } from 'ml-matrix';
import type { Projection } from '../network/area.ts';
import { materialise } from '../network/terms.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { compareDirections } from './angle.ts';

/** How a rule's update compares with the exact gradient on one batch, for one projection. */
export interface Alignment {
  /** Degrees between the update and the exact gradient; null when either is zero or there is no exact one. */
  readonly angle: number | null;
  /** Norm of the update over the norm of the gradient. */
  readonly normRatio: number | null;
  /** Degrees between the feedback weights that answer this projection and its transpose; of a convolution, kernels. */
  readonly feedbackAngle?: number | null;
  /** Degrees between those feedback weights and its pseudo-inverse, and ‖B − W⁺‖ / ‖W⁺‖. Of dense projections. */
  readonly pseudoInverseAngle?: number | null;
  readonly pseudoInverseDistance?: number | null;
}

export interface AlignmentOptions {
  /**
   * Pseudo-inverses whose singular value decomposition takes more than this many multiplications
   * (rows × columns × the smaller of them) are left out, since a probe must stay cheap. Default 10⁶.
   */
  readonly pseudoInverseLimit?: number;
}

/**
 * Compares what the learner's rule would do with a batch to what the exact gradient would, projection by
 * projection, without noise that serves learning. Changes nothing. Costs about two updates.
 */
export function measureAlignment(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  step: number,
  options: AlignmentOptions = {},
): Readonly<Record<string, Alignment>> {
  const { pseudoInverseLimit = 1e6 } = options;
  const reference = learner.reference;
  const forward = learner.network.projections.filter(({ kind, plastic }) => kind === 'forward' && plastic);
  const result: Record<string, Alignment> = {};

  learner.estimate(batch, step, (terms) => {
    const updates = forward.map((projection) => {
      const update = compute.temporary(projection.weights.shape);
      materialise(compute, projection, update, terms.get(projection) ?? []);
      return update;
    });
    const compareWith = (exact?: (projection: Projection, gradient: Tensor) => void) => {
      for (const [index, projection] of forward.entries()) {
        compute.scope(() => {
          const gradient = compute.temporary(projection.weights.shape);
          exact?.(projection, gradient);
          const comparison = exact
            ? compareDirections(compute, updates[index] as Tensor, gradient)
            : { angle: null, normRatio: null };
          result[projection.id] = {
            ...comparison,
            ...compareFeedback(compute, projection, pseudoInverseLimit),
          };
        });
      }
    };
    if (!reference) {
      compareWith();
      return;
    }
    learner.estimate(
      batch,
      step,
      (exact) =>
        compareWith((projection, gradient) =>
          materialise(compute, projection, gradient, exact.get(projection) ?? []),
        ),
      reference,
    );
  });
  return result;
}

/** Where a projection has feedback weights B that answer its W: how near they are to Wᵀ and to W⁺. */
function compareFeedback(compute: Compute, projection: Projection, limit: number): Partial<Alignment> {
  const { feedback, weights } = projection;
  if (!feedback) return {};
  return compute.scope(() => {
    const other = compute.temporary(feedback.weights.shape);
    projection.exactFeedback(compute, other);
    const feedbackAngle = compareDirections(compute, feedback.weights, other).angle;
    // The pseudo-inverse is of the matrix that maps units to units: kernels are not that.
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

/** W⁺ (postsynaptic, presynaptic), row-major, in f64; undefined while weights are not finite. */
export function pseudoInverseOf(weights: Tensor): Float64Array | undefined {
  const { rows, columns } = weights;
  const values = Array.from(weights.data);
  if (!values.every(Number.isFinite)) return undefined;
  return Float64Array.from(pseudoInverse(Matrix.from1DArray(rows, columns, values)).to1DArray());
}
