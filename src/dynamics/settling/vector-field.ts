import { directedCouplings, refuseMaxima } from './couplings.ts';
import { settlingDynamics } from './dynamics.ts';
import type { SettlingDynamics } from './relaxation.ts';
import { relaxState } from './hopfield.ts';
import { RELAXATION_OPTIONS } from './options.ts';

/**
 * States that follow a vector field, which need not be the gradient of an energy: every projection (forward, feedback
 * and lateral) carries signals in its own direction, by weights of its own,
 *
 *   ds_j/dt = ρ′(s_j) ( Σ_i ρ(s_i) W_ij + b_j − β ∂C/∂ρ_j ) − s_j
 *
 * With the same weights in both directions it equals the continuous Hopfield network to the bit.
 *
 * Source: Scellier, Goyal, Binas, Mesnard & Bengio (2018), arXiv:1808.04873.
 */
export const vectorField: SettlingDynamics = settlingDynamics({
  id: 'vector-field',
  title: 'Vector field',
  accepts: RELAXATION_OPTIONS,
  activations: ['hard-sigmoid', 'logistic', 'tanh'],
  takesBounded: true,
  hint: 'take smaller steps (ruleOptions.stepSize)',
  refuses: refuseMaxima,
  relaxation: { settles: 'states', couplings: directedCouplings, update: relaxState },
});
