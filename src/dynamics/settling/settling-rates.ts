import { answeredCouplings, refuseMaxima } from './couplings.ts';
import type { Dynamics, Setting } from '../phase.ts';
import { relax } from './relaxation.ts';
import type { Relaxation, SettlingArea } from './relaxation.ts';

/**
 * Rates that are drawn towards what they would be in a feedforward pass, with signals that also come back:
 *
 *   dx_k/dt = −x_k + f( x_{k−1} W_k + γ x_{k+1} W_{k+1}ᵀ + b_k ),     x ← x + ε dx/dt
 *
 * γ is the feedback gain. As it falls to 0 the fixed point becomes the feedforward pass. Where feedback of its own answers
 * W, what comes back is γ x_{k+1} B_{k+1}. With one matrix both ways, f that rises, and whole levels of areas, x goes down
 * a Lyapunov function:
 *
 *   E = Σ_k γ^(k−L) ( Σ_i F(x_ki) − x_{k−1} W_k x_kᵀ − b_k x_kᵀ ),     F′ = f⁻¹
 *
 * Source: Xie & Seung (2003), Neural Computation 15, equation 2.3; Hopfield (1984), PNAS 81.
 */
export const settlingRates: Dynamics = {
  id: 'settling-rates',
  title: 'Rates that settle',
  advice: 'take smaller steps with ruleOptions.stepSize, or less feedback with ruleOptions.gain',
  refuses: refuseMaxima,
  run: (setting, name, options) => relax(ratesRelaxation, setting, name, options),
};

/** x ← (1 − ε) x + ε f(received + drive). */
function drawRate({ compute }: Setting, settling: SettlingArea, size: number): void {
  const { area, rate, received, drive } = settling;
  compute.combine(received, received, drive, 1, 1);
  compute.activate(received, received, undefined, area.activation);
  compute.combine(rate, rate, received, 1 - size, size);
}

export const ratesRelaxation: Relaxation = {
  settles: 'rates',
  couplings: answeredCouplings,
  update: drawRate,
};
