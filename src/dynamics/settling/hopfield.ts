import { refuseAsymmetry, symmetricCouplings } from './couplings.ts';
import type { Dynamics, Setting } from '../phase.ts';
import { relax } from './relaxation.ts';
import type { Relaxation, SettlingArea } from './relaxation.ts';

/**
 * The continuous Hopfield network: states go down an energy, clamped areas held,
 *
 *   E(s) = ½ Σ_i s_i² − Σ_{i<j} W_ij ρ(s_i) ρ(s_j) − Σ_i b_i ρ(s_i),     F = E + β C
 *   ds/dt = −∂F/∂s = ρ′(s) ⊙ ( ρ(s) W + b − β ∂C/∂ρ ) − s,     s ← s + ε ds/dt within the bounds of ρ
 *
 * Every forward and lateral projection couples its ends by one matrix, used both ways. Objectives judge ρ(s). Hard
 * sigmoids are kept in [0, 1], where ρ′ is 1, the bounds included. Units that dropout silences for a step are
 * silent in all its phases: ρ ⊙ gain takes the place of ρ in E.
 *
 * Source: Hopfield (1984), PNAS 81; Scellier & Bengio (2017), Frontiers in Computational Neuroscience 11, section 2.
 */
export const hopfield: Dynamics = {
  id: 'hopfield',
  title: 'Continuous Hopfield network',
  activations: ['hard-sigmoid', 'logistic', 'tanh'],
  advice: 'take smaller steps with ruleOptions.stepSize',
  refuses: refuseAsymmetry,
  run: (setting, name, options) => relax(hopfieldRelaxation, setting, name, options),
};

/** s ← s + ε( ρ′(s) ⊙ (received + drive) − s ), one fused pass. */
export function relaxState({ compute }: Setting, settling: SettlingArea, size: number): void {
  const { area, state, rate, received, drive } = settling;
  compute.relax(state, rate, received, drive, size, area.activation);
}

export const hopfieldRelaxation: Relaxation = {
  settles: 'states',
  couplings: symmetricCouplings,
  update: relaxState,
};
