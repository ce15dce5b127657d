import type { Setting } from '../phase.ts';
import type { Accepts } from '../step.ts';
import { answeredCouplings, refuseMaxima } from './couplings.ts';
import { settlingDynamics } from './dynamics.ts';
import type { SettlingDynamics, SettlingArea } from './relaxation.ts';
import { RELAXATION_OPTIONS } from './options.ts';
import type { FeedbackGainOptions } from './options.ts';

/**
 * Rates that approach what they would be in a feedforward pass, with feedback signals added:
 *
 *   dx_k/dt = −x_k + f( x_{k−1} W_k + γ x_{k+1} W_{k+1}ᵀ + b_k ),     x ← x + ε dx/dt
 *
 * γ is the feedback gain. As it falls to 0 the fixed point becomes the feedforward pass. Where a feedback projection
 * answers W, the feedback is γ x_{k+1} B_{k+1}. With one matrix in both directions, an increasing f and areas in levels,
 * x descends a Lyapunov function:
 *
 *   E = Σ_k γ^(k−L) ( Σ_i F(x_ki) − x_{k−1} W_k x_kᵀ − b_k x_kᵀ ),     F′ = f⁻¹
 *
 * Source: Xie & Seung (2003), Neural Computation 15, equation 2.3; Hopfield (1984), PNAS 81.
 */
export const settlingRates: SettlingDynamics<FeedbackGainOptions> = settlingDynamics({
  id: 'settling-rates',
  title: 'Rates that settle',
  accepts: { ...RELAXATION_OPTIONS, feedbackGain: true } satisfies Accepts<FeedbackGainOptions>,
  hint: 'take smaller steps (ruleOptions.stepSize) or less feedback (ruleOptions.gain)',
  refuses: refuseMaxima,
  relaxation: { settles: 'rates', couplings: answeredCouplings, update: approachRate },
});

/** x ← (1 − ε) x + ε f(received + drive). */
function approachRate({ compute }: Setting, settling: SettlingArea, size: number): void {
  const { area, rate, received, drive, potential } = settling;
  compute.add(received, received, drive);
  if (potential) compute.copy(potential, received);
  compute.activate(received, received, undefined, area.activation);
  compute.combine(rate, rate, received, 1 - size, size);
}
