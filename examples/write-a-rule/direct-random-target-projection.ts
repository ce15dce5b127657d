import { defineRule, emitIncoming, feedbackOptions, feedforward, withDirectFeedback, z } from 'apical/rules';

/**
 * Direct random target projection: hidden areas learn from a fixed random projection of the target itself, before the
 * output is known. For one-hot targets y* it replaces the error by its sign at the right class, up to a constant:
 *
 *   ΔW_l = η h_{l−1} ⊗ ( (y* B_l) ⊙ f′(a_l) ),     the output by its own error: ΔW_L = −η h_{L−1} ⊗ ∂L/∂a_L
 *
 * Source: Frenkel, Lefebvre & Bol (2021), Frontiers in Neuroscience 15.
 */
export default defineRule({
  id: 'direct-random-target-projection',
  family: 'Feedback pathways',
  title: 'Direct random target projection',
  summary: 'Hidden areas learn from fixed random projections of the target instead of an error.',
  equation: String.raw`\Delta W_l = \eta\, (B_l\, y^*) \odot f'(a_l)\, h_{l-1}^\top`,
  cites: [],
  options: z.strictObject(feedbackOptions),
  dynamics: feedforward,
  network: { wire: withDirectFeedback },

  learn(step) {
    const { compute, network, inputs } = step;
    const phase = step.run('forward');
    for (const objective of network.objectives) {
      const error = phase.slope(objective.area, step.error(phase, objective));
      emitIncoming(step, phase, objective.area, error, 1 / inputs.rows);
      if (objective.loss.target === 'none') continue;
      for (const feedback of network.projections.filter(
        ({ kind, from }) => kind === 'feedback' && from === objective.area,
      )) {
        const projected = step.like(feedback.to);
        feedback.send(compute, projected, step.target(objective));
        emitIncoming(step, phase, feedback.to, phase.slope(feedback.to, projected), -1 / inputs.rows);
      }
    }
  },
});
