import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import {
  withFeedback,
  answeredProjections,
  reciprocalFeedbackOptions,
  refuseDisjointWiring,
} from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Kolen–Pollack: feedback weights change by the same amounts as the forward weights, and both decay.
 *
 *   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η (h_{l−1}ᵀ δ_l + λ W_l),   ΔB_l = −η (δ_lᵀ h_{l−1} + λ B_l)
 *
 * Both synapses between two units see the same two signals, h and δ, so no weight is transported. The difference between
 * the two synapses only decays: W − Bᵀ shrinks by the factor 1 − ηλ in every update, whatever the task and the optimiser,
 * because the decay is decoupled from the gradient. The `decay` of the run's optimiser is added to λ. B has the rate,
 * momentum and bounds of the projection that it answers. A max-norm bounds corresponding weights in W and B, so it cannot
 * drive the two apart.
 *
 * Source: Kolen & Pollack (1994), IEEE ICNN 3; Akrout, Wilson, Humphreys, Lillicrap & Tweed (2019), NeurIPS 32.
 */
export const kolenPollack = defineRule({
  id: 'kolen-pollack',
  family: 'Feedback pathways',
  title: 'Kolen–Pollack',
  summary:
    'Gives feedback weights the same changes and decay as the forward weights, so that the two converge.',
  equation: String.raw`\Delta W_l = -\eta \left(\delta_l\, h_{l-1}^\top + \lambda W_l\right), \qquad \Delta B_l = -\eta \left(h_{l-1}\, \delta_l^\top + \lambda B_l\right)`,
  cites: ['kolen1994', 'akrout2019'],
  options: z.strictObject({
    ...reciprocalFeedbackOptions,
    decay: z
      .number()
      .min(0)
      .max(1e6)
      .default(0.01)
      .describe(
        'decay λ: each update shrinks W, B and the difference between them by the share learning rate × λ',
      ),
  }),
  dynamics: feedforward,
  network: {
    refuses: refuseDisjointWiring,
    wire: (specification, options) => withFeedback(specification, options, true),
  },
  learning: {
    optimisers(network, optimiserOf, { decay }) {
      const answered = answeredProjections(network);
      return (parameter) => {
        const forward = answered.get(parameter);
        const optimiser = optimiserOf(forward ?? parameter);
        if (!forward && !('feedback' in parameter && parameter.feedback)) return optimiser;
        return {
          ...optimiser,
          decay: 0,
          decoupledDecay: optimiser.decay + decay,
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
