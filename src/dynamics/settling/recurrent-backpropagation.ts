import type { LearningStep, Reference } from '../step.ts';
import type { SettlingDynamics, Relaxation } from './relaxation.ts';
import type { SettledPhase } from './options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { unwatched } from '../../tensor/watch.ts';
import { Linearisation } from './linearisation.ts';
import type { ByArea } from './linearisation.ts';

/** The largest number of steps of either relaxation. */
const MOST_STEPS = 2000;
/** Size of the adjoint's steps, in membrane time constants. */
const STEP_SIZE = 0.5;
const STEPS_A_CHECK = 10;
/** The speed below which a relaxation counts as settled, in the two precisions. */
const TOLERANCES = { f32: 1e-6, f64: 1e-12 } as const;

/**
 * Returns the exact gradient of the cost at the fixed point of a network that settles, by recurrent backpropagation.
 * Where F(s⁰) = 0, ds⁰/dθ = −J⁻¹ ∂F/∂θ with J = ∂F/∂s. So with λ the fixed point of a linear relaxation,
 *
 *   dλ/dt = Jᵀ λ + ∂C/∂s,     dC/dθ = λ · ∂F/∂θ:     dC/dW_ij = ρ_i δ_j,    dC/db_j = δ_j
 *
 * (`Linearisation` defines δ, F and J.) A symmetric coupling is one weight of both directions, so its gradient is the
 * sum of two such products. Where F is the slope of an energy, J is symmetric, and errors relax along the same
 * couplings as the activity; where weights differ, along the transposed ones. A unit at a bound does not move, so λ is
 * 0 there. Throws `objective.no-derivative` if an objective has none.
 *
 * Source: Almeida (1987), ICNN; Pineda (1987), Physical Review Letters 59. A test holds it to finite differences in
 * f64.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, recurrentBackpropagateBy, recurrentBackpropagation, vectorField } from 'apical/rules';
 *
 * // Recurrent backpropagation of the built-in rule, on other dynamics.
 * const rule = defineRule({
 *   ...recurrentBackpropagation,
 *   id: 'vector-field-backprop',
 *   dynamics: vectorField,
 *   learn: recurrentBackpropagateBy(vectorField),
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [4], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export const recurrentBackpropagateBy =
  (dynamics: SettlingDynamics): Reference =>
  (step) => {
    const tolerance = TOLERANCES[step.compute.backend.float];
    const free = step.run(dynamics, 'free', { steps: MOST_STEPS, tolerance });
    step.score(free);
    emitAdjoint(step, dynamics.relaxation, free);
  };

/** Emits the gradient's terms, from a free phase that has settled. */
export function emitAdjoint(step: LearningStep, relaxation: Relaxation, free: SettledPhase): void {
  const { compute, inputs } = step;
  const linear = new Linearisation(step, relaxation, free, free.settling.feedbackGain);
  const tolerance = TOLERANCES[compute.backend.float];
  const [lambda, delta, pull, change] = [linear.make(), linear.make(), linear.make(), linear.make()];
  linear.pull(pull);
  for (let taken = 1; taken <= MOST_STEPS; taken++) {
    linear.signals(lambda, delta);
    linear.transposed(lambda, delta, change);
    for (const [area, tensor] of change) compute.add(tensor, tensor, pull.get(area) as Tensor);
    linear.bound(change, (area) => free.rate(area));
    for (const [area, tensor] of lambda) {
      compute.addScaled(tensor, change.get(area) as Tensor, STEP_SIZE);
    }
    if (taken % STEPS_A_CHECK !== 0) continue;
    if (rootMeanSquare(step, change) <= tolerance * rootMeanSquare(step, lambda)) break;
  }
  linear.signals(lambda, delta);
  linear.emit(delta, 1 / inputs.rows);
}

/** Over all elements. Reads values back: a stopping test. */
function rootMeanSquare({ compute }: LearningStep, tensors: ByArea): number {
  return compute.scope(() => {
    const sum = compute.temporary([1], 'f64');
    let [square, count] = [0, 0];
    for (const tensor of tensors.values()) {
      compute.dot(sum, tensor, tensor);
      square += unwatched(sum.heap, () => sum.data[0] as number);
      count += tensor.size;
    }
    return Math.sqrt(square / count);
  });
}
