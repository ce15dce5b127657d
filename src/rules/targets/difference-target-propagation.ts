import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import { chainOf, refuseBranches } from '../shared/chain.ts';
import {
  hintsOnInverses,
  inverseOptimisers,
  inversionErrors,
  measureInverses,
  inverseOptions,
  learnToInvert,
  withInverses,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitDownGradient, targetStep } from '../shared/targets.ts';

/**
 * Difference target propagation: no error comes down, but a target for every area, by inverses that are learned, and
 * corrected for what they do not invert.
 *
 *   ĥ_{L−1} = h_{L−1} − η̂ ∂L/∂h_{L−1},   ĥ_{l−1} = h_{l−1} − g_l(h_l) + g_l(ĥ_l),   g_l(h) = f( h V_l + c_l )
 *   ΔW_l = −(η/η̂) h_{l−1}ᵀ [ (h_l − ĥ_l) ⊙ f′ ]
 *   inverses: the gradient of ½ ‖ g_l( f_l(h_{l−1} + ε) ) − (h_{l−1} + ε) ‖²,   ε ~ N(0, σ²)
 *
 * Only the last hidden area's target is made from a gradient, through the output's own weights. For a small η̂ the
 * target differs from h by −η̂ times what the inverses' Jacobians make of that gradient: where they are the transposes of
 * the forward ones it is backpropagation's, where they are the inverses it is a Gauss–Newton step's
 * (Bengio 2020; Meulemans et al. 2020). Divided by η̂, updates are of the gradient's size.
 *
 * Source: Lee, Zhang, Fischer & Bengio (2015), ECML; parallel and alternating: Bartunov et al. (2018), NeurIPS 31.
 */
export const differenceTargetPropagation = defineRule({
  id: 'difference-target-propagation',
  family: 'Target propagation',
  title: 'Difference target propagation',
  summary: 'Sends targets instead of errors down, by learned inverses and what they fail to invert.',
  equation: String.raw`\Delta W_l = -\frac{\eta}{\hat\eta} \left[ (h_l - \hat h_l) \odot f' \right] h_{l-1}^\top, \qquad \hat h_{l-1} = h_{l-1} - g_l(h_l) + g_l(\hat h_l)`,
  cites: ['lee2015', 'bartunov2018', 'meulemans2020'],
  options: z.strictObject({
    ...inverseOptions,
    targetStep,
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) => withInverses(specification, options, { outputs: false }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: hintsOnInverses,
    measures: inversionErrors,
    evaluate: (step, phase) => measureInverses(step, phase, chainOf(step.network)),
  },

  learn(step) {
    const { network, options } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (const projection of chain) {
      if (projection.feedback) learnToInvert(step, phase, projection, options.noise);
    }
    if (options.order === 'alternating') step.apply();
    emitDownGradient(step, phase, chain, options.targetStep);
  },
});
