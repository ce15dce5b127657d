import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Activation } from '../../tensor/kernels.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** What a projection is to reconstruct, and from what. */
export interface Reconstruction {
  /** Signals that the projection sends, (batch, presynaptic). */
  readonly from: Tensor;
  /** What should arrive, (batch, postsynaptic). */
  readonly target: Tensor;
  /** Of the reconstructing units; linear when absent. */
  readonly activation?: Activation;
  /** Bias of the reconstructing units, which learn as well. */
  readonly bias?: Parameter;
  /** Scales the terms; 1 / batch for the mean over the examples. */
  readonly factor: number;
}

/**
 * The delta rule for a projection B that reconstructs what is below from what is above, with units f:
 *
 *   r = f(h B + c),   terms: h ⊗ (r − target) of B, and (r − target) of c
 *
 * This is the wake phase of wake–sleep (Hinton, Dayan, Frey & Neal 1995). It is the gradient in B of the loss that
 * matches f, Σ F(h B + c) − target ⊙ (h B + c) with F′ = f: half the squared error for linear units, cross-entropy
 * for logistic ones. That loss is convex in B for every f that never falls. For linear f the one place where its
 * mean gradient is 0 is the regression of the target on h, B = ⟨hᵀh⟩⁻¹ ⟨hᵀ target⟩.
 *
 * Returns r − target, (batch, postsynaptic).
 */
export function emitReconstruction(
  step: LearningStep,
  projection: Projection,
  { from, target, activation = 'linear', bias, factor }: Reconstruction,
): Tensor {
  const { compute } = step;
  const error = compute.temporary(target.shape);
  projection.send(compute, error, from);
  if (bias || activation !== 'linear') compute.activate(error, error, bias?.values, activation);
  compute.subtract(error, error, target);
  step.emit(projection, { kind: 'outer', pre: from, post: error, factor });
  if (bias) step.emit(bias, { kind: 'outer', post: error, factor });
  return error;
}

/** Whether an area is judged by cross-entropy, so that what it says is the softmax of what it sends. */
export const isClassified = ({ objectives }: Network, area: Area): boolean =>
  objectives.some((objective) => objective.area === area && objective.kind === 'cross-entropy');

/** What an area says, (batch, units): its activity, and under cross-entropy its probabilities. */
export function saidBy({ compute, network }: LearningStep, phase: Phase, area: Area): Tensor {
  const activity = phase.activity(area);
  if (!isClassified(network, area)) return activity;
  const probabilities = compute.temporary(activity.shape);
  compute.softmax(probabilities, activity);
  return probabilities;
}
