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
 * Contrastive Hebbian learning: the network settles freely, then with its outputs held at their targets. Synapses change
 * by the difference of two local products: Hebbian in the second phase, anti-Hebbian in the first.
 *
 *   dx_k/dt = −x_k + f( x_{k−1} W_k + γ x_{k+1} W_{k+1}ᵀ + b_k ),   free: x̌,   outputs held: x̂
 *   ΔW_k = η γ^(k−L) ( x̂_{k−1} x̂_k − x̌_{k−1} x̌_k ),     Δb_k = η γ^(k−L) ( x̂_k − x̌_k )
 *
 * This descends the difference of the Lyapunov functions of the two phases. A weak feedback gain γ attenuates the error
 * at level k by γ^(L−k), and the factor γ^(k−L) undoes this. As γ → 0
 *
 *   x̂_k − x̌_k → γ^(L−k) δ_k,     δ_k = f′ ⊙ ( δ_{k+1} W_{k+1}ᵀ ),     δ_L = x̂_L − x̌_L
 *
 * which is backpropagation, up to an error of order γ (compared by test and claim).
 *
 * - Outputs are held at x̌_L − ∂C/∂x_L. With the squared error this is the target, as in the source, whose outputs are
 *   linear. With cross-entropy it is one step of descent from the potentials. δ_L thus omits the slope f′ of nonlinear
 *   outputs: for logistic outputs it is the gradient of their cross-entropy, for linear outputs that of the cost.
 * - γ^(k−L) needs levels: every projection leads one level up or stays within its area. Projections from the input are
 *   exempt, because the input is clamped in both phases. γ = 1 is the original rule, and works with any wiring.
 * - The reference gradient is that of the cost at the free fixed point, feedback included.
 *
 * Source: Xie & Seung (2003), Neural Computation 15.
 */
export const contrastiveHebbian = defineRule({
  id: 'contrastive-hebbian',
  family: 'Energy and equilibrium',
  title: 'Contrastive Hebbian learning',
  summary:
    'Hebbian with outputs held at their targets, anti-Hebbian without; equals backpropagation for weak feedback.',
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
