import type { Setting } from '../phase.ts';
import { refuseAsymmetry, symmetricCouplings } from './couplings.ts';
import { settlingDynamics } from './dynamics.ts';
import type { SettlingDynamics, SettlingArea } from './relaxation.ts';
import { RELAXATION_OPTIONS } from './options.ts';

/**
 * The continuous Hopfield network: states descend an energy while clamped areas stay fixed,
 *
 *   E(s) = ½ Σ_i s_i² − Σ_{i<j} W_ij ρ(s_i) ρ(s_j) − Σ_i b_i ρ(s_i),     F = E + β C
 *   ds/dt = −∂F/∂s = ρ′(s) ⊙ ( ρ(s) W + b − β ∂C/∂ρ ) − s,     s ← s + ε ds/dt within the bounds of ρ
 *
 * Every forward and lateral projection couples its ends by one matrix, used in both directions. Objectives evaluate
 * ρ(s). Hard sigmoids are kept in [0, 1], where ρ′ is 1, the bounds included. Units that dropout silences for a step are
 * silent in all phases of the step: ρ ⊙ gain replaces ρ in E.
 *
 * Source: Hopfield (1984), PNAS 81; Scellier & Bengio (2017), Frontiers in Computational Neuroscience 11, section 2.
 */
export const hopfield: SettlingDynamics = settlingDynamics({
  id: 'hopfield',
  title: 'Continuous Hopfield network',
  accepts: RELAXATION_OPTIONS,
  activations: ['hard-sigmoid', 'logistic', 'tanh'],
  takesBounded: true,
  hint: 'take smaller steps (ruleOptions.stepSize)',
  refuses: refuseAsymmetry,
  relaxation: { settles: 'states', couplings: symmetricCouplings, update: relaxState },
});

/** s ← s + ε( ρ′(s) ⊙ (received + drive) − s ), one fused pass. */
export function relaxState({ compute }: Setting, settling: SettlingArea, size: number): void {
  const { area, state, rate, received, drive } = settling;
  compute.relax(state, rate, received, drive, size, area.activation);
}
