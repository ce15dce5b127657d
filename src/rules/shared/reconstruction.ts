import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Parameter } from '../../network/parameter.ts';
import { hasActivation } from '../../tensor/activation.ts';
import type { ActivationReference } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The signals that a projection reconstructs, and the signals from which it does so. */
export interface Reconstruction {
  /** Signals that the projection carries, (batch, presynaptic). */
  readonly from: Tensor;
  /** Signals to reconstruct, (batch, postsynaptic). */
  readonly target: Tensor;
  /** Activation function of the reconstructing units; default: linear. */
  readonly activation?: ActivationReference;
  /** Bias of the reconstructing units, which learns as well. */
  readonly bias?: Parameter;
  /** Factor of the terms; 1 / batch for the mean over the examples. */
  readonly factor: number;
}

/**
 * Emits the delta rule of a projection B that reconstructs the signals below from those above, with units f:
 *
 *   r = f(h B + c),   terms: h ⊗ (r − target) of B, and (r − target) of c
 *
 * This is the wake phase of wake–sleep (Hinton, Dayan, Frey & Neal 1995). It is the gradient in B of the loss that
 * matches f, Σ F(h B + c) − target ⊙ (h B + c) with F′ = f: half the squared error for linear units, cross-entropy
 * for logistic units. That loss is convex in B for every non-decreasing f. For linear f, its mean gradient is 0 only
 * at the regression of the target on h, B = ⟨hᵀh⟩⁻¹ ⟨hᵀ target⟩.
 *
 * Returns the reconstruction error r − target, (batch, postsynaptic), as a temporary.
 *
 * @example
 * ```ts
 * import { emitReconstruction } from 'apical/rules';
 * import type { LearningStep } from 'apical/rules';
 *
 * // Trains all feedback weights to reconstruct the activity below from the activity above.
 * export function learn(step: LearningStep): void {
 *   const phase = step.run('forward');
 *   for (const { feedback } of step.network.projections) {
 *     if (!feedback?.plastic) continue;
 *     const [from, target] = [phase.activity(feedback.from), phase.activity(feedback.to)];
 *     emitReconstruction(step, feedback, { from, target, factor: 1 / step.inputs.rows });
 *   }
 * }
 * ```
 */
export function emitReconstruction(
  step: LearningStep,
  projection: Projection,
  { from, target, activation = 'linear', bias, factor }: Reconstruction,
): Tensor {
  const { compute } = step;
  const error = compute.temporary(target.shape);
  projection.send(compute, error, from);
  if (bias || !hasActivation({ activation }, 'linear'))
    compute.activate(error, error, bias?.values, activation);
  compute.subtract(error, error, target);
  step.emit(projection, { kind: 'outer', pre: from, post: error, factor });
  if (bias) step.emit(bias, { kind: 'outer', post: error, factor });
  return error;
}

/**
 * Returns whether an area has a cross-entropy objective, so that its output is the softmax of its activity.
 *
 * @example
 * ```ts
 * import { hasCrossEntropy } from 'apical/rules';
 * import type { LearningStep } from 'apical/rules';
 *
 * // Lists the areas whose output is a distribution over classes.
 * export const classifiers = ({ network }: LearningStep): string[] =>
 *   network.areas.filter((area) => hasCrossEntropy(network, area)).map(({ id }) => id);
 * ```
 */
export const hasCrossEntropy = ({ objectives }: Network, area: Area): boolean =>
  objectives.some((objective) => objective.area === area && objective.loss.name === 'cross-entropy');

/**
 * Returns the output of an area, (batch, units): its activity, or under cross-entropy its probabilities. The activity is
 * the phase's own tensor, which must not be changed.
 *
 * @example
 * ```ts
 * import { outputOf } from 'apical/rules';
 * import type { LearningStep } from 'apical/rules';
 *
 * // Emits, for each projection, the correlation of its input with the output of the area that it enters.
 * export function learn(step: LearningStep): void {
 *   const phase = step.run('forward');
 *   for (const projection of step.network.projections) {
 *     const [pre, post] = [phase.activity(projection.from), outputOf(step, phase, projection.to)];
 *     step.emit(projection, { kind: 'outer', pre, post, factor: -1 / step.inputs.rows });
 *   }
 * }
 * ```
 */
export function outputOf({ compute, network }: LearningStep, phase: Phase, area: Area): Tensor {
  const activity = phase.activity(area);
  if (!hasCrossEntropy(network, area)) return activity;
  const probabilities = compute.temporary(activity.shape);
  compute.softmax(probabilities, activity);
  return probabilities;
}
