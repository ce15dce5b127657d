import { objectiveAt } from '../../network/objectives/objective.ts';
import { z } from 'zod';
import { emitIncoming } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { activateInverse, inversePotential } from './inverses.ts';
import type { SecondInput } from './inverses.ts';
import { outputOf } from './reconstruction.ts';

/** ĥ − h: the target of an area minus its output. */
export interface TargetDifference {
  /** (batch, units). */
  readonly values: Tensor;
  /** The factors of the same values if they come from an output's errors: factor · δ Wᵀ, with δ of shape (batch, outputs). */
  readonly fromOutput?: { readonly output: Projection; readonly delta: Tensor; readonly factor: number };
}

/**
 * Returns g(h + difference) − g(h), the difference target of the area below, where g is the inverse of a projection
 * onto h. Its values have the shape (batch, units below). The difference itself is passed on, which preserves the
 * precision of a small one. A second input of g is the same in both terms.
 *
 * Source: Lee, Zhang, Fischer & Bengio (2015), ECML.
 *
 * @example
 * ```ts
 * import { differenceBelow, type LearningStep, type Phase, type Projection } from 'apical/rules';
 *
 * // A squared error's first target is the label itself: ĥ − h = −∂L/∂h.
 * export function targetBelowOutput(step: LearningStep, phase: Phase, output: Projection) {
 *   const objective = step.network.objectives[0]!;
 *   const values = step.error(phase, objective);
 *   step.compute.scale(values, values, -1);
 *   return differenceBelow(step, phase, output, { values }).values;
 * }
 * ```
 */
export function differenceBelow(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  difference: TargetDifference,
  second?: SecondInput,
): TargetDifference {
  const { compute } = step;
  const inverse = projection.feedback as Projection;
  const current = inversePotential(step, projection, outputOf(step, phase, projection.to), second);
  const target = compute.temporary(current.shape);
  compute.copy(target, current);
  sendDifference(step, target, inverse, difference);
  for (const potential of [current, target]) activateInverse(step, projection, potential);
  compute.subtract(target, target, current);
  return { values: target };
}

/**
 * Adds a difference, sent through an inverse V, to potentials. If the difference comes from few outputs, δ (Wᵀ V)
 * replaces (δ Wᵀ) V, which takes fewer products.
 */
function sendDifference(
  { compute }: LearningStep,
  potential: Tensor,
  inverse: Projection,
  { values, fromOutput }: TargetDifference,
): void {
  const outputs = fromOutput?.output.to.units ?? Infinity;
  if (!fromOutput || outputs * (inverse.from.units + values.rows) >= values.rows * inverse.from.units) {
    inverse.send(compute, potential, values, 1);
    return;
  }
  const { output, delta, factor } = fromOutput;
  const labels = compute.temporary([outputs], 'i32');
  labels.set(Array.from({ length: outputs }, (_, unit) => unit));
  const identity = compute.temporary([outputs, outputs]);
  compute.oneHot(identity, labels);
  const transposed = compute.temporary([outputs, output.from.units]);
  output.sendBack(compute, transposed, identity);
  const product = compute.temporary([outputs, inverse.to.units]);
  inverse.send(compute, product, transposed);
  compute.matmul(potential, delta, product, { alpha: factor, beta: 1 });
}

/**
 * Emits the gradient of an output area's own weights and bias and returns δ = ∂L/∂y ⊙ f′, (batch, units). Throws an
 * `Error` if the area has no objective.
 *
 *   ΔW = −η h ⊗ δ,   Δb = −η δ
 *
 * @example
 * ```ts
 * import { chainOf, defineRule, emitOutputGradient, feedforward, noOptions } from 'apical/rules';
 *
 * export default defineRule({
 *   id: 'output-only',
 *   family: 'Baselines',
 *   title: 'Output only',
 *   summary: 'Only the projection onto the output learns.',
 *   equation: '\\Delta W_L = -\\eta\\, \\delta_L\\, h_{L-1}^\\top',
 *   cites: [],
 *   options: noOptions,
 *   dynamics: feedforward,
 *   learn(step) {
 *     emitOutputGradient(step, step.run('forward'), chainOf(step.network).at(-1)!);
 *   },
 * });
 * ```
 */
export function emitOutputGradient(step: LearningStep, phase: Phase, output: Projection): Tensor {
  const { network, inputs } = step;
  const area = output.to;
  const error = step.error(phase, objectiveOf(network, area));
  phase.slope(area, error, { out: error, gain: false });
  emitIncoming(step, phase, area, error, 1 / inputs.rows);
  return error;
}

/** Step size η̂ of the first target, an option of rules that derive this target from a gradient. */
export const targetStep = z
  .number()
  .positive()
  .max(1e6)
  .default(0.1)
  .describe('η̂: step down the gradient from the last hidden area to its target');

/**
 * Returns −∂L/∂y of an output area, (batch, units): the target minus the output. Throws an `Error` if the area has no
 * objective.
 *
 * @example
 * ```ts
 * import { descentOf, type LearningStep, type Phase } from 'apical/rules';
 *
 * // For a squared error: y + t (target − y).
 * export function blend(step: LearningStep, phase: Phase, t: number) {
 *   const { area } = step.network.objectives[0]!;
 *   const blended = step.like(area);
 *   step.compute.combine(blended, phase.output(area), descentOf(step, phase, area), 1, t);
 *   return blended;
 * }
 * ```
 */
export function descentOf(step: LearningStep, phase: Phase, area: Area): Tensor {
  const error = step.error(phase, objectiveOf(step.network, area));
  step.compute.scale(error, error, -1);
  return error;
}

/** Returns the objective of an area. */
function objectiveOf(network: Network, area: Area): Objective {
  const objective = objectiveAt(network, area);
  if (!objective) throw new Error(`Area "${area.id}" has no objective. Choose an area that has one.`);
  return objective;
}
