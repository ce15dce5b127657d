import { z } from 'zod';
import { emitIncoming, predictiveInference as inference } from '../../dynamics/index.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Predictive coding: every area predicts the next one. The potentials settle until they agree with the predictions as
 * well as they can, and every synapse then reduces the remaining error of its postsynaptic unit.
 *
 *   ε_l = x_l − μ_l,   μ_l = f(x_{l−1}) W_l + b_l,   dx_l/dt = −ε_l + f′(x_l) ⊙ ( ε_{l+1} W_{l+1}ᵀ )
 *   ΔW_l = η Σ · f(x_{l−1})ᵀ ε_l,    ε_L = −(1/Σ) ∂C/∂μ_L
 *
 * Errors have units of their own beside those that hold x, and both are local; but the forward and feedback paths must
 * share their weights. Σ is the assumed variance of the outputs. As Σ grows, the errors become small compared with the
 * potentials, and the update tends to that of backpropagation, with a difference of order 1/Σ. With fixed predictions the
 * update equals that of backpropagation at every Σ, once the errors have settled.
 *
 * Source: Whittington & Bogacz (2017), Neural Computation 29; Millidge, Tschantz & Buckley (2022), Neural Computation 34,
 * for fixed predictions.
 */
export const predictiveCoding = defineRule({
  id: 'predictive-coding',
  family: 'Dendrites and prediction errors',
  title: 'Predictive coding',
  summary:
    'Lets potentials settle between predictions from below and the target, then reduces the remaining errors.',
  equation: String.raw`\Delta W_l = \eta\, \Sigma\, \varepsilon_l f(x_{l-1})^\top, \qquad \varepsilon_l = x_l - W_l f(x_{l-1}), \qquad \dot x_l = -\varepsilon_l + f'(x_l) \odot W_{l+1}^\top \varepsilon_{l+1}`,
  cites: ['whittington2017', 'millidge2022'],
  options: z.strictObject({
    variance: z
      .number()
      .positive()
      .max(1e9)
      .default(1)
      .describe('assumed variance Σ of the outputs; that of all other areas is 1'),
    steps: z.int().min(1).max(1e6).default(20).describe('number of inference steps'),
    stepSize: z.number().gt(0).max(1).default(0.1).describe('step size γ, in membrane time constants'),
    predictions: z
      .enum(['moving', 'fixed'])
      .default('moving')
      .describe('whether predictions follow the potentials, or stay as the forward pass made them'),
  }),
  dynamics: inference,
  learning: {
    phase: ({ steps, stepSize, predictions, variance }, name) =>
      name === 'inference'
        ? { steps, stepSize, fixedPredictions: predictions === 'fixed', nudge: 1 / variance }
        : {},
  },

  learn(step) {
    const { network, inputs, options } = step;
    const forward = step.run('forward');
    step.score(forward);
    const settled = step.run('inference', { start: forward });
    for (const area of network.areas) {
      if (area.isInput) continue;
      emitIncoming(step, settled, area, settled.compartment(area, 'error'), -options.variance / inputs.rows);
    }
  },
});
