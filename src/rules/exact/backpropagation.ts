import { feedforward } from '../../dynamics/index.ts';
import { backpropagate } from '../../dynamics/feedforward/feedforward.ts';
import { defineRule, noOptions } from '../../learning/rule.ts';

/**
 * Backpropagation: the exact gradient, and the measure of every other rule.
 *
 *   δ_L = ∂L/∂y ⊙ f′(a_L),   δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *
 * Each error crosses the forward weights backwards, which no synapse can do, one area after the other.
 *
 * Source: Rumelhart, Hinton & Williams (1986), Nature 323.
 */
export const backpropagation = defineRule({
  id: 'backprop',
  family: 'Exact gradient',
  title: 'Backpropagation',
  summary: 'Sends the error down through the transposed forward weights: the exact gradient.',
  equation: String.raw`\delta_l = \left(W_{l+1}^\top \delta_{l+1}\right) \odot f'(a_l), \qquad \Delta W_l = -\eta\, \delta_l\, h_{l-1}^\top`,
  cites: ['rumelhart1986'],
  options: noOptions,
  dynamics: feedforward,
  learn: backpropagate,
});
