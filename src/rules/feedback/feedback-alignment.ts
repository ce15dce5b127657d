import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import { withFeedback, feedbackOptions } from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Feedback alignment: errors descend through fixed random feedback weights.
 *
 *   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *
 * B_{l+1}, (units above, units below), never changes. The forward weights align with B until it can replace W_{l+1}ᵀ.
 *
 * Source: Lillicrap, Cownden, Tweed & Akerman (2016), Nature Communications 7:13276.
 */
export const feedbackAlignment = defineRule({
  id: 'feedback-alignment',
  family: 'Feedback pathways',
  title: 'Feedback alignment',
  summary: 'Sends errors down through fixed random feedback weights, with which the forward weights align.',
  equation: String.raw`\delta_l = \left(B_{l+1}\, \delta_{l+1}\right) \odot f'(a_l), \qquad \Delta W_l = -\eta\, \delta_l\, h_{l-1}^\top`,
  cites: ['lillicrap2016'],
  options: z.strictObject(feedbackOptions),
  dynamics: feedforward,
  network: {
    wire: (specification, options) => withFeedback(specification, options),
  },

  learn(step) {
    const phase = step.run('forward');
    descend(step, phase, (projection, above, below, beta) => {
      projection.feedback?.send(step.compute, below, above, beta);
    });
  },
});
