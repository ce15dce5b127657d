import { sharesOf } from '../index.ts';
import type { Conductances } from '../index.ts';
import { descend } from '../step.ts';
import type { LearningStep } from '../step.ts';

/**
 * The exact gradient of a pass through cells that hear their basal dendrites alone, r = f( g_B/g · v_B ):
 *
 *   δ_l = g_B/g · (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(u_l)
 *
 * with δ that of the dendrite. It is the gradient of where cells rest as long as nothing comes down to their apical
 * dendrites, as in a microcircuit that predicts itself.
 */
export const backpropagateBasal =
  (conductances: Conductances) =>
  (step: LearningStep): void => {
    const phase = step.run('basal', { steps: 0, nudge: 0, conductances });
    descend(
      step,
      phase,
      (projection, above, below, beta) => projection.sendBack(step.compute, below, above, beta),
      (area) => sharesOf(area, conductances).basal,
    );
  };
