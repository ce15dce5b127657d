import { directedCouplings, refuseMaxima } from './couplings.ts';
import { relaxState } from './hopfield.ts';
import type { Dynamics } from '../phase.ts';
import { relax } from './relaxation.ts';
import type { Relaxation } from './relaxation.ts';

/**
 * States that follow a vector field which need not be the slope of an energy: every projection (forward, feedback and
 * lateral) carries signals its own way, by weights of its own,
 *
 *   ds_j/dt = ρ′(s_j) ( Σ_i ρ(s_i) W_ij + b_j − β ∂C/∂ρ_j ) − s_j
 *
 * With weights that are the same both ways it is the continuous Hopfield network, to the bit.
 *
 * Source: Scellier, Goyal, Binas, Mesnard & Bengio (2018), arXiv:1808.04873.
 */
export const vectorField: Dynamics = {
  id: 'vector-field',
  title: 'Vector field',
  activations: ['hard-sigmoid', 'logistic', 'tanh'],
  advice: 'take smaller steps with ruleOptions.stepSize',
  refuses: refuseMaxima,
  run: (setting, name, options) => relax(vectorFieldRelaxation, setting, name, options),
};

export const vectorFieldRelaxation: Relaxation = {
  settles: 'states',
  couplings: directedCouplings,
  update: relaxState,
};
