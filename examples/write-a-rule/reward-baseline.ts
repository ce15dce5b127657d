import { defineRule, emitIncoming, feedforward, z } from 'apical/rules';

/**
 * Node perturbation with a remembered baseline: every unit adds noise ξ to its potential, and what it added is reinforced
 * by how much the loss fell below its running mean L̄, the rule's own state:
 *
 *   ΔW_l = −(η/σ²) ( L − L̄ ) h_{l−1} ⊗ ξ_l,     L̄ ← (1 − α) L̄ + α ⟨L⟩,     ξ ~ N(0, σ²)
 *
 * Source: Williams (1992), Machine Learning 8, on reinforcement baselines.
 */
export default defineRule({
  id: 'reward-baseline',
  family: 'Credit from one scalar',
  title: 'Node perturbation with a running baseline',
  summary: 'Reinforces its own noise by how much better than its running mean the loss was.',
  equation: String.raw`\Delta W_l = -\frac{\eta}{\sigma^2} \left( L - \bar L \right) \xi_l\, h_{l-1}^\top, \qquad \bar L \leftarrow (1 - \alpha) \bar L + \alpha L`,
  cites: [],
  options: z.strictObject({
    noise: z.number().positive().default(0.1).describe('σ: standard deviation of the noise'),
    forgetting: z.number().gt(0).max(1).default(0.05).describe('α: share of the newest loss in the baseline'),
  }),
  dynamics: feedforward,
  learning: {
    // Saved in checkpoints, so a resumed run goes on to the bit.
    state: () => [{ name: 'baseline', shape: [1], scope: 'run' }],
  },

  learn(step) {
    const { compute, network, inputs } = step;
    const { noise, forgetting } = step.options;
    const noises = new Map(
      network.areas
        .filter((area) => area !== network.input)
        .map((area) => {
          const drawn = step.like(area);
          compute.drawNormal(drawn, 0, noise, step.stream(`noise ${area.id}`), step.step);
          return [area, drawn];
        }),
    );
    const phase = step.run('noisy', { drive: (area) => noises.get(area) });

    const losses = step.losses(phase).reshape([inputs.rows, 1]);
    const baseline = step.state('baseline');
    const advantage = compute.temporary([inputs.rows, 1]);
    compute.addRow(advantage, losses, baseline, -1);
    for (const [area, drawn] of noises) {
      compute.scaleRows(drawn, drawn, advantage);
      emitIncoming(step, phase, area, drawn, 1 / (noise ** 2 * inputs.rows));
    }
    compute.sumRows(baseline, losses, forgetting / inputs.rows, 1 - forgetting);
  },
});
