import { Matrix, pseudoInverse } from 'ml-matrix';
import type { Projection } from '../network/area.ts';
import { materialise } from '../network/terms.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { compareDirections } from './angle.ts';

/** Comparison of a rule's update with the exact gradient on one batch, for one projection. */
export interface Alignment {
  /** Degrees between the update and the exact gradient; null when either is zero or no exact gradient exists. */
  readonly angle: number | null;
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
 * Compares the update that the learner's rule makes on a batch with the exact gradient, projection by projection
 * and without noise that serves learning. Changes nothing. Costs about two updates.
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
