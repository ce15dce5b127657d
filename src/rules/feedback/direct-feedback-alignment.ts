import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withDirectFeedback, feedbackOptions } from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Direct feedback alignment: every hidden area receives the output error directly, through fixed random weights of its
 * own.
 *
 *   δ_output = ∂L/∂y ⊙ f′,   δ_l = (δ_output B_l) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *
 * B_l, (output units, units of area l), never changes. No error waits for the areas above. With one hidden area this is
 * feedback alignment. If several objectives lie above an area, the errors that they send add up.
 *
 * Source: Nøkland (2016), Advances in Neural Information Processing Systems 29.
 */
export const directFeedbackAlignment = defineRule({
  id: 'direct-feedback-alignment',
  family: 'Feedback pathways',
  title: 'Direct feedback alignment',
  summary: 'Sends the output error directly to every hidden area through fixed random feedback weights.',
  equation: String.raw`\delta_l = \left(B_l\, \delta_{\mathrm{output}}\right) \odot f'(a_l), \qquad \Delta W_l = -\eta\, \delta_l\, h_{l-1}^\top`,
  cites: ['nokland2016'],
  options: z.strictObject(feedbackOptions),
  dynamics: feedforward,
  network: {
    wire: withDirectFeedback,
  },

  learn(step) {
    const { compute, network, inputs } = step;
    const phase = step.run('forward');

    const outputErrors = new Map<Area, Tensor>();
    for (const objective of network.objectives) {
      const { area } = objective;
      const error = step.error(phase, objective);
      phase.slope(area, error, { out: error, gain: false });
      outputErrors.set(area, error);
    }

    for (const area of network.areas) {
      if (area.isInput) continue;
      let error: Tensor | undefined;
      for (const feedback of area.incoming) {
        const sent = outputErrors.get(feedback.from);
        if (feedback.kind !== 'feedback' || !sent) continue;
        const received: Tensor = error ?? step.like(area);
        feedback.send(compute, received, sent, error ? 1 : 0);
        error = received;
      }
      if (error) error = phase.slope(area, error);
      const own = outputErrors.get(area);
      if (error && own) compute.add(error, error, own);
      const post = error ?? own;
      if (post) emitIncoming(step, phase, area, post, 1 / inputs.rows);
    }
  },
});
