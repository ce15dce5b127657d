import { z } from 'zod';
import { feedforward } from '../dynamics/index.ts';
import type { Projection } from '../network/projection.ts';
import { chainOf, refuseBranches } from './chain.ts';
import { feedbackOptions } from './feedback.ts';
import { inverseOptimisers, learnToInvert, withInverses } from './inverses.ts';
import { defineRule } from './rule.ts';
import { emitOutput, emitTowardsTargets, targetDownGradient } from './targets.ts';

/** Options of rules whose targets come down by learned inverses. */
export const inverseOptions = {
  feedback: feedbackOptions.feedback,
  scale: feedbackOptions.scale,
  density: feedbackOptions.density,
  noise: z
    .number()
    .positive()
    .max(1e3)
    .default(0.3)
    .describe(
      'σ of what is added to activity where the inverses learn, so that they hold beyond the examples',
    ),
  inverseRate: z
    .number()
    .positive()
    .max(1e3)
    .default(1)
    .describe('learning rate of the inverses, as a multiple of the forward one'),
  order: z
    .enum(['parallel', 'alternating'])
    .default('parallel')
    .describe(
      'whether inverses and forward weights change together, or inverses first, and targets come down by those',
    ),
};

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
    targetStep: z
      .number()
      .positive()
      .max(1e6)
      .default(0.1)
      .describe('η̂: how far the target of the last hidden area lies down the gradient'),
  }),
  dynamics: feedforward,
  refuses: (specification) =>
    refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
  wire: (specification, options) => withInverses(specification, options, { outputs: false }),
  optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),

  learn(step) {
    const { network, inputs, options } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (const projection of chain) {
      if (projection.feedback) learnToInvert(step, phase, projection, options.noise);
    }
    if (options.order === 'alternating') step.apply();

    const output = chain.at(-1) as Projection;
    const delta = emitOutput(step, phase, output);
    if (chain.length === 1) return;
    const top = targetDownGradient(step, phase, output, delta, options.targetStep);
    emitTowardsTargets(step, phase, chain, top, 1 / (options.targetStep * inputs.rows));
  },
});
