import { feedforward } from '../../dynamics/index.ts';
import { backpropagate } from '../../dynamics/feedforward/feedforward.ts';
import { defineRule, noOptions } from '../../learning/rule.ts';

/**
 * Backpropagation: the exact gradient, with which every other rule is compared.
 *
 *   δ_L = ∂L/∂y ⊙ f′(a_L),   δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *
 * Errors cross the forward weights backwards, one area after the other, which no synapse can do.
 *
 * Source: Rumelhart, Hinton & Williams (1986), Nature 323.
 */
export const backpropagation = defineRule({
  id: 'backprop',
  family: 'Exact gradient',
  title: 'Backpropagation',
  summary: 'Sends errors down through the transposed forward weights, which gives the exact gradient.',
  equation: String.raw`\delta_l = \left(W_{l+1}^\top \delta_{l+1}\right) \odot f'(a_l), \qquad \Delta W_l = -\eta\, \delta_l\, h_{l-1}^\top`,
  cites: ['rumelhart1986'],
  options: noOptions,
  dynamics: feedforward,
  learn: backpropagate,
});
