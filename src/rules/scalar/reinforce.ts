import { z } from 'zod';
import { emitIncoming, isStochastic, stochastic } from '../../dynamics/index.ts';
import type { LearningStep } from '../../dynamics/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * REINFORCE: units send random draws, and every unit makes its draw likelier if the loss was lower than expected.
 *
 *   h_l ~ Bernoulli(p_l),   ΔW_l = −η (L − b) · h_{l−1} ⊗ (h_l − p_l)
 *
 * h − p is the derivative of ln P(h) with respect to the unit's potential, both for logistic units and for a softmax
 * choice. The update is therefore an unbiased estimate of the gradient of the expected loss. It differentiates nothing,
 * so any loss will do. The baseline b changes only the variance of the estimate, not its mean. It is 0, the running mean
 * of the loss, or a critic, which learns to predict the loss of each example from the input:
 *
 *   b(x) = mean + c·x,   c ← c + rate · (L − b) x, with steps scaled by their root mean square.
 *
 * Source: Williams (1992), Machine Learning 8, sections 4 to 6.
 */
export const reinforce = defineRule({
  id: 'reinforce',
  family: 'Credit from one scalar',
  title: 'REINFORCE',
  summary: 'Lets stochastic units make their draws likelier if the loss was lower than expected.',
  equation: String.raw`\Delta W_l = -\eta\, (L - b)\, (h_l - p_l)\, h_{l-1}^\top, \qquad h_l \sim \mathrm{Bernoulli}(p_l)`,
  cites: ['williams1992'],
  options: z.strictObject({
    baseline: z
      .enum(['none', 'mean', 'critic'])
      .default('mean')
      .describe('baseline of the loss: none, the running mean, or a prediction from the input'),
    baselineRate: z
      .number()
      .gt(0)
      .max(1)
      .default(0.05)
      .describe('learning rate of the running mean and the critic'),
    samples: z.int().min(1).max(1e5).default(1).describe('number of draws per example'),
  }),
  dynamics: stochastic,
  learning: {
    state: (network, { baseline }) => {
      const critic = (name: string) =>
        ({ name, shape: [network.input.units, 1], scope: 'parameter' }) as const;
      return [
        ...(baseline === 'none' ? [] : [{ name: 'mean loss', shape: [1], scope: 'run' } as const]),
        ...(baseline === 'critic' ? [critic('critic'), critic('critic mean square')] : []),
      ];
    },
  },

  learn(step) {
    const { compute, network, options } = step;
    const drawn = step.repeated(options.samples);
    const phase = drawn.run('drawn', { sample: true });
    const surprise = subtractBaseline(drawn, drawn.losses(phase));

    const { rows } = drawn.inputs;
    for (const area of network.areas) {
      if (area.isInput || !isStochastic(network, area)) continue;
      const post = drawn.like(area);
      compute.subtract(post, phase.output(area), phase.rate(area));
      compute.scaleRows(post, post, surprise, 1, 0);
      emitIncoming(step, phase, area, post, 1 / rows);
    }
  },
});

type Options = Readonly<{ baseline: 'none' | 'mean' | 'critic'; baselineRate: number }>;

/** Returns L − b, (rows), and lets the baseline learn from it. */
function subtractBaseline(
  { compute, inputs, options, state }: LearningStep<Options>,
  losses: Tensor,
): Tensor {
  const { baseline, baselineRate } = options;
  if (baseline === 'none') return losses;
  const { rows, columns } = inputs;
  const mean = state('mean loss');
  const surprise = compute.temporary([rows, 1]);
  const observed = compute.temporary([1]);
  compute.sumRows(observed, losses.reshape([rows, 1]), 1 / rows, 0);
  compute.fill(surprise, 1);
  compute.scaleColumns(surprise, surprise, mean, -1, 0);
  compute.add(surprise, losses.reshape([rows, 1]), surprise);
  compute.combine(mean, mean, observed, 1 - baselineRate, baselineRate);
  if (baseline === 'critic') {
    const critic = state('critic');
    compute.matmul(surprise, inputs, critic, { alpha: -1, beta: 1 });
    const gradient = compute.temporary(critic.shape);
    compute.matmul(gradient, inputs, surprise, { transposeA: true, alpha: -1 / rows });
    compute.rmspropStep(critic, state('critic mean square'), gradient, baselineRate / columns, 0.99, 1e-8);
  }
  return surprise.reshape([rows]);
}
