import { z } from 'zod';
import { vectorField } from '../../dynamics/index.ts';
import { changesBetween, emitBiases, plasticProjections } from '../shared/contrast.ts';
import { withFeedback, feedbackOptions } from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';
import {
  continualHasOneSide,
  nudge,
  nudgeContinually,
  nudgingOptions,
  nudgingPhase,
  particleOptions,
  particles,
  settleFreely,
  settlingOptions,
} from '../shared/settling.ts';

/**
 * Equilibrium propagation without symmetric weights: forward and feedback synapses have separate weights, and each
 * changes by its presynaptic rate times the change of its postsynaptic rate.
 *
 *   free:    ds/dt = μ(s)               →  s⁰
 *   nudged:  ds/dt = μ(s) − β ∂C/∂s     →  s^β, from s⁰
 *   ΔW_ij = (η/β) ρ_i⁰ ( ρ_j^β − ρ_j⁰ ),     Δb_j = (η/β) ( ρ_j^β − ρ_j⁰ )
 *
 * As β → 0 this is η ν with
 *
 *   ν = C_s (μ_sᵀ)⁻¹ μ_W,     while the gradient is     dC/dW = −C_s (μ_s)⁻¹ μ_W
 *
 * (test and claim compare both with the formulas). The rule descends the cost as far as the Jacobian μ_s is symmetric. If
 * feedback weights equal the transposed forward weights, both changes add up to that of equilibrium propagation.
 * Feedback learns by the same rule at the same rate, which keeps it near the transpose. Sides, particles and the
 * continual form
 *
 *   dW_ij/dt = (η/β) ρ_i dρ_j/dt
 *
 * (spike-timing-dependent plasticity, written in rates) are those of equilibrium propagation.
 *
 * Source: Scellier, Goyal, Binas, Mesnard & Bengio (2018), arXiv:1808.04873.
 */
export const vectorFieldEquilibriumPropagation = defineRule({
  id: 'vector-field-ep',
  family: 'Energy and equilibrium',
  title: 'Equilibrium propagation of a vector field',
  summary:
    'Equilibrium propagation with separate feedback weights: presynaptic rate times postsynaptic change.',
  equation: String.raw`\Delta W_{ij} = \frac{\eta}{\beta}\, \rho_i^0 \left( \rho_j^\beta - \rho_j^0 \right), \qquad \frac{ds}{dt} = \mu(s) - \beta \frac{\partial C}{\partial s}`,
  cites: ['scellier2018', 'scellier2017'],
  options: z
    .strictObject({ ...nudgingOptions, ...settlingOptions, ...particleOptions, ...feedbackOptions })
    .refine(...continualHasOneSide),
  dynamics: vectorField,
  network: {
    wire: (specification, options) => withFeedback(specification, options, true),
  },
  learning: {
    phase: (options, name) => nudgingPhase(options, name),
    state: (network, options) => particles(network, options),
  },

  learn(step) {
    const free = settleFreely(step);
    if (step.options.update === 'continual') {
      nudgeContinually(step, free, 'one-way');
      return;
    }
    const { positive, negative, factor } = nudge(step, free);
    const change = changesBetween(step, positive, negative);
    for (const projection of plasticProjections(step)) {
      const { from, to, isSymmetric } = projection;
      const [pre, post] = [free.activity(from), change(to)];
      if (!post) continue;
      step.emit(projection, { kind: 'outer', pre, post, factor: -factor });
      // A symmetric matrix within an area has one weight for both directions of a pair.
      if (isSymmetric) step.emit(projection, { kind: 'outer', pre: post, post: pre, factor: -factor });
    }
    emitBiases(step, change, () => -factor);
  },
});
