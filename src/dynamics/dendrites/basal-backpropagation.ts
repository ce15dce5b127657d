import { descend } from '../passes.ts';
import type { Reference } from '../step.ts';
import { sharesOf } from './cells.ts';
import type { Conductances } from './cells.ts';
import { dendrites } from './dendrites.ts';

/**
 * Returns the exact gradient of a pass through cells that receive from their basal dendrites alone,
 * r = f( g_B/g · v_B ):
 *
 *   δ_l = g_B/g · (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(u_l)
 *
 * with δ that of the dendrite. It is the gradient of the cells at rest as long as their apical dendrites have no input,
 * as in a microcircuit that predicts its own top-down input.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBasal, backpropagation, CONDUCTANCES, defineRule, dendrites } from 'apical/rules';
 *
 * // The baseline of every rule for cells with dendrites.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'basal-backprop',
 *   dynamics: dendrites,
 *   learn: backpropagateBasal(CONDUCTANCES),
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], activation: 'softplus' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export const backpropagateBasal =
  (conductances: Conductances): Reference =>
  (step) => {
    const phase = step.run(dendrites, 'basal', { steps: 0, nudge: 0, conductances });
    descend(
      step,
      phase,
      (projection, above, below, beta) => projection.sendBack(step.compute, below, above, beta),
      (area) => sharesOf(area, conductances).basal,
    );
  };
