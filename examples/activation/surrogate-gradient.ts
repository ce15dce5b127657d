import { defineRule, descend, feedforward, noOptions } from 'apical/rules';

/**
 * Units that fire, trained by a surrogate gradient: where backpropagation has f′(u), which is 0, stands a slope that is
 * largest at the threshold θ. `descend` multiplies by it through `phase.slope`.
 *
 *   h_l = [ u_l ≥ θ ],   u_l = h_{l−1} W_l + b_l,   δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ σ′(u_l − θ)
 *
 * Source: Neftci, Mostafa & Zenke (2019), IEEE Signal Processing Magazine 36.
 *
 *   apical run examples/activation/surrogate-gradient.json
 */
export default defineRule({
  id: 'surrogate-gradient',
  family: 'Surrogate gradients',
  title: 'Surrogate gradient',
  summary: 'Backpropagation through units that fire, with a smooth slope in place of their derivative.',
  equation: String.raw`\delta_l = (W_{l+1}^\top \delta_{l+1}) \odot \sigma'(u_l - \theta)`,
  cites: [],
  options: noOptions,
  dynamics: feedforward,

  learn(step) {
    descend(step, step.run('forward'), (projection, above, below, beta) => {
      projection.sendBack(step.compute, below, above, beta);
    });
  },
});
