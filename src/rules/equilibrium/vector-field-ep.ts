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
 * Equilibrium propagation without symmetric weights: forward and feedback synapses each have weights of their own, and
 * each changes by what it sends times the change of what it reaches.
 *
 *   free:    ds/dt = μ(s)               →  s⁰
 *   nudged:  ds/dt = μ(s) − β ∂C/∂s     →  s^β, from s⁰
 *   ΔW_ij = (η/β) ρ_i⁰ ( ρ_j^β − ρ_j⁰ ),     Δb_j = (η/β) ( ρ_j^β − ρ_j⁰ )
 *
 * As β → 0 this is η ν with
 *
 *   ν = C_s (μ_sᵀ)⁻¹ μ_W,     while the gradient is     dC/dW = −C_s (μ_s)⁻¹ μ_W
 *
 * (both held to the formulas by test and claim). So it descends the cost as far as the Jacobian μ_s is symmetric, and
 * with feedback that equals the forward weights transposed the changes of both add up to equilibrium propagation's.
 * Feedback learns by the same rule, at the same rate, which keeps it near them. Sides, particles and the continual form
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
    'Equilibrium propagation with feedback weights of their own: each synapse changes by what it sends times the change of what it reaches.',
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
      // Within an area a symmetric matrix has one weight for both directions of a pair.
      if (isSymmetric) step.emit(projection, { kind: 'outer', pre: post, post: pre, factor: -factor });
    }
    emitBiases(step, change, () => -factor);
  },
});
