import { descend } from '../passes.ts';
import type { Dynamics, Reference } from '../step.ts';

/**
 * Returns the exact gradient of dynamics that make one feedforward pass, by the chain rule:
 *
 *   δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(a_l)
 *
 * Source: Rumelhart, Hinton & Williams (1986), Nature 323. A test holds it to finite differences in f64.
 */
export const backpropagateBy =
  (dynamics: Dynamics): Reference =>
  (step) => {
    const phase = step.run(dynamics, 'forward');
    descend(step, phase, (projection, above, below, beta) =>
      projection.sendBack(step.compute, below, above, beta),
    );
  };
