import { descend } from '../passes.ts';
import type { Dynamics, Reference } from '../step.ts';

/**
 * Returns the exact gradient of dynamics that make one feedforward pass, by the chain rule:
 *
 *   δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(a_l)
 *
 * Every phase of the dynamics must give the rates of the areas. Throws `objective.no-derivative` if an objective has
 * none.
 *
 * Source: Rumelhart, Hinton & Williams (1986), Nature 323. A test holds it to finite differences in f64.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBy, backpropagation, defineRule, feedforward } from 'apical/rules';
 * import type { Dynamics, FeedforwardOptions } from 'apical/rules';
 *
 * // Dynamics of your own, by way of the built-in ones, and the gradient with which the run compares its updates.
 * const pass: Dynamics<FeedforwardOptions> = {
 *   ...feedforward,
 *   id: 'my-pass',
 *   reference: () => backpropagateBy(pass),
 * };
 * const rule = defineRule({ ...backpropagation, id: 'my-rule', dynamics: pass, learn: backpropagateBy(pass) });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export const backpropagateBy =
  (dynamics: Dynamics): Reference =>
  (step) => {
    const phase = step.run(dynamics, 'forward');
    descend(step, phase, (projection, above, below, beta) =>
      projection.sendBack(step.compute, below, above, beta),
    );
  };
