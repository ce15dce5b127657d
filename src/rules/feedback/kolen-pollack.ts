import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import {
  answerForwardProjections,
  answeredBy,
  reciprocalFeedbackOptions,
  refuseDisjointWiring,
} from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Kolen–Pollack: feedback weights that get the change of the forward weights, and decay like them.
 *
 *   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η (h_{l−1}ᵀ δ_l + λ W_l),   ΔB_l = −η (δ_lᵀ h_{l−1} + λ B_l)
 *
 * Both synapses of a pair of units see the same two signals, h and δ, so no weight is transported. What differs
 * between them only decays: W − Bᵀ shrinks by 1 − ηλ in every update, whatever is learned and by whatever
 * optimiser, since the decay is kept apart from the gradient (a run's own `decay` counts too). Rate, momentum and
 * bounds of B are those of the projection that it answers; a max-norm bounds in B the weights that answer the ones it
 * bounds in W, which cannot drive the two apart.
 *
 * Source: Kolen & Pollack (1994), IEEE ICNN 3; Akrout, Wilson, Humphreys, Lillicrap & Tweed (2019), NeurIPS 32.
 */
export const kolenPollack = defineRule({
  id: 'kolen-pollack',
  family: 'Feedback pathways',
  title: 'Kolen–Pollack',
  summary:
    'Gives feedback weights the change and the decay of the forward ones, so that the two become alike.',
  equation: String.raw`\Delta W_l = -\eta \left(\delta_l\, h_{l-1}^\top + \lambda W_l\right), \qquad \Delta B_l = -\eta \left(h_{l-1}\, \delta_l^\top + \lambda B_l\right)`,
  cites: ['kolen1994', 'akrout2019'],
  options: z.strictObject({
    ...reciprocalFeedbackOptions,
    decay: z
      .number()
      .min(0)
      .max(1e6)
      .default(0.01)
      .describe('λ: an update takes learning rate × λ from W and B, and from what differs between them'),
  }),
  dynamics: feedforward,
  network: {
    refuses: refuseDisjointWiring,
    wire: (specification, options) => answerForwardProjections(specification, options, true),
  },
  learning: {
    optimisers(network, optimiserOf, { decay }) {
      const answered = answeredBy(network);
      return (parameter) => {
        const forward = answered.get(parameter);
        const its = optimiserOf(forward ?? parameter);
        if (!forward && !('feedback' in parameter && parameter.feedback)) return its;
        return {
          ...its,
          decay: 0,
          decoupledDecay: its.decay + decay,
          boundedWeights: forward ? 'outgoing' : 'incoming',
        };
      };
    },
  },

  learn(step) {
    const { compute, network, inputs } = step;
    const phase = step.run('forward');
    const errorOf = descend(step, phase, (projection, above, below, beta) => {
      projection.feedback?.send(compute, below, above, beta);
    });
    for (const { kind, plastic, from, to, feedback } of network.projections) {
      const error = errorOf(to);
      if (kind !== 'forward' || !plastic || !feedback?.plastic || !error) continue;
      step.emit(feedback, { kind: 'outer', pre: error, post: phase.activity(from), factor: 1 / inputs.rows });
    }
  },
});
