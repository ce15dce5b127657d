import type { LearningStep } from '../step.ts';
import { descend } from '../step.ts';

/**
 * The exact gradient of a feedforward pass by the chain rule:
 *
 *   δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(a_l)
 *
 * (Rumelhart, Hinton & Williams 1986). Held to finite differences in f64 by test.
 */
export function backpropagate(step: LearningStep): void {
  const phase = step.run('forward');
  descend(step, phase, (projection, above, below, beta) =>
    projection.sendBack(step.compute, below, above, beta),
  );
}
