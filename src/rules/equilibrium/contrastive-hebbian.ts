import { z } from 'zod';
import { refuseAsymmetry, settlingRates } from '../../dynamics/index.ts';
import { emitContrast } from '../shared/contrast.ts';
import {
  heldOutputOptions,
  heldOutputPhase,
  refuseWithoutLevels,
  settleTwice,
  undoGain,
} from '../shared/held-outputs.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Contrastive Hebbian learning: let the network settle freely, then with its outputs held at their targets; what fires
 * together in the second phase is learned, what does in the first is unlearned.
 *
 *   dx_k/dt = −x_k + f( x_{k−1} W_k + γ x_{k+1} W_{k+1}ᵀ + b_k ),   free: x̌,   outputs held: x̂
 *   ΔW_k = η γ^(k−L) ( x̂_{k−1} x̂_k − x̌_{k−1} x̌_k ),     Δb_k = η γ^(k−L) ( x̂_k − x̌_k )
 *
 * This goes down the difference of the Lyapunov functions of the two phases. A weak feedback gain γ carries an error that
 * has shrunk to γ^(L−k) when it reaches level k, which γ^(k−L) undoes. As γ → 0
 *
 *   x̂_k − x̌_k → γ^(L−k) δ_k,     δ_k = f′ ⊙ ( δ_{k+1} W_{k+1}ᵀ ),     δ_L = x̂_L − x̌_L
 *
 * which is backpropagation, up to an error of the order of γ (held to it by test and claim).
 *
 * - Outputs are held at x̌_L − ∂C/∂x_L. With the squared error that is the target, as in the source (whose outputs are linear); with cross-entropy it
 *   is one step of descent from the potentials. δ_L thus leaves out the slope f′ of outputs that have one: for
 *   logistic outputs it is the gradient of their cross-entropy, for linear ones of the cost itself.
 * - γ^(k−L) needs levels: every projection (but those from the input, which is held in both phases) leads one level up, or stays in
 *   its area. γ = 1 is contrastive Hebbian learning as it was first given, and serves any wiring.
 * - The exact gradient that it is compared with is that of the cost at the free fixed point, feedback included.
 *
 * Source: Xie & Seung (2003), Neural Computation 15.
 */
export const contrastiveHebbian = defineRule({
  id: 'contrastive-hebbian',
  family: 'Energy and equilibrium',
  title: 'Contrastive Hebbian learning',
  summary:
    'Hebbian with outputs held at their targets, anti-Hebbian without; weak feedback makes it backpropagation.',
  equation: String.raw`\Delta W_k = \eta\, \gamma^{k-L} \left( \hat x_k \hat x_{k-1}^\top - \check x_k \check x_{k-1}^\top \right), \qquad \frac{dx_k}{dt} = -x_k + f\!\left( W_k x_{k-1} + \gamma W_{k+1}^\top x_{k+1} + b_k \right)`,
  cites: ['xie2003', 'hopfield1984'],
  options: z.strictObject(heldOutputOptions),
  dynamics: settlingRates,
  network: {
    refuses: (specification, options) =>
      refuseAsymmetry(specification) ?? refuseWithoutLevels(specification, options),
  },
  learning: {
    phase: (options, name) => heldOutputPhase(options, name),
  },

  learn(step) {
    const { free, clamped } = settleTwice(step);
    emitContrast(step, clamped, free, 1 / step.inputs.rows, undoGain(step));
  },
});
