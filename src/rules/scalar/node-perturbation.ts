import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { localObjective, withLocalReadouts } from './local-readouts.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Node perturbation: noise is added to the input of every unit, and the change of the loss reinforces or weakens it.
 *
 *   a_l = h_{l−1} W_l + ξ_l,   ξ ~ N(0, σ²),   ΔW_l = −η · [ L(ξ) − L(0) ] / σ² · h_{l−1} ⊗ ξ_l
 *
 * with h the activity of the clean pass. The estimate of the gradient is unbiased as σ → 0; its variance grows with the
 * number of units, not of synapses. All samples of a batch are one product per projection.
 *
 * Without the clean pass, h is the activity of the noisy pass, and the baseline is the mean loss of the other samples
 * of the same example. There must then be at least two samples.
 *
 * With local losses, every hidden area has a readout of its own that is trained towards the same target. The area learns
 * from the readout's loss instead of the network's: one scalar per layer. It follows the gradient of that local loss,
 * which the areas above, and the noise in them, do not affect.
 *
 * Source: Williams (1992), Machine Learning 8; Fiete & Seung (2006), Physical Review Letters 97;
 * Werfel, Xie & Seung (2005), Neural Computation 17; Ren, Kornblith, Liao & Hinton (2023), ICLR, for local losses.
 */
export const nodePerturbation = defineRule({
  id: 'node-perturbation',
  family: 'Credit from one scalar',
  title: 'Node perturbation',
  summary: 'Adds noise to the input of every unit and reinforces the noise that lowered the loss.',
  equation: String.raw`\Delta W_l = -\eta\, \frac{L(\xi) - L(0)}{\sigma^2}\, \xi_l\, h_{l-1}^\top, \qquad a_l = W_l h_{l-1} + \xi_l,\; \xi \sim \mathcal N(0, \sigma^2)`,
  cites: ['williams1992', 'fiete2006', 'werfel2005', 'ren2023'],
  options: z
    .strictObject({
      noise: z.number().positive().max(1e3).default(1e-2).describe('standard deviation σ of the noise'),
      samples: z.int().min(1).max(1e5).default(1).describe('number of noisy passes per example'),
      baseline: z
        .enum(['clean', 'mean'])
        .default('clean')
        .describe(
          'baseline of the loss: the loss of a pass without noise, or the mean loss of the other samples',
        ),
      losses: z
        .enum(['global', 'local'])
        .default('global')
        .describe('loss from which a unit learns: that of the network, or that of a readout of its area'),
    })
    .refine(({ samples, baseline }) => baseline === 'clean' || samples > 1, {
      message: 'baseline "mean" compares samples with each other, so samples must be at least 2',
      path: ['samples'],
    }),
  dynamics: feedforward,
  network: {
    wire: (specification, { losses }) =>
      losses === 'local' ? withLocalReadouts(specification) : specification,
  },

  learn(step) {
    const { compute, network, options, inputs } = step;
    const { noise, samples, baseline, losses } = options;
    const batch = inputs.rows;
    const clean = baseline === 'clean' ? step.run('clean') : undefined;

    // Row s·batch + e of the noise is sample s of example e; draws are keyed by row.
    const noisyStep = step.repeated(samples);
    const jitters = new Map<Area, Tensor>();
    for (const area of network.areas) {
      if (area.isInput) continue;
      const jitter = noisyStep.like(area);
      compute.drawNormal(jitter, 0, noise, step.stream(`jitter ${area.id}`), step.step);
      jitters.set(area, jitter);
    }
    const noisy = noisyStep.run('jittered', { drive: (area) => jitters.get(area) });

    /** L(ξ) minus the baseline, (samples × batch), by objective; undefined stands for all objectives. */
    const rewards = new Map<Objective | undefined, Tensor>();
    const rewardFor = (objective?: Objective): Tensor => {
      let reward = rewards.get(objective);
      if (!reward) {
        const noisyLosses = noisyStep.losses(noisy, objective).reshape([samples, batch]);
        reward = subtractBaseline(compute, noisyLosses, clean && step.losses(clean, objective));
        rewards.set(objective, reward);
      }
      return reward;
    };

    const factor = 1 / (noise * noise * samples * batch);
    for (const area of network.areas) {
      const jitter = jitters.get(area);
      if (!jitter) continue;
      const reward = rewardFor(losses === 'local' ? localObjective(network, area) : undefined);
      compute.scaleRows(jitter, jitter, reward, 1, 0);
      let post = jitter;
      if (clean) {
        // All samples share h, so their jitters are summed first: one product instead of `samples`.
        post = step.like(area);
        compute.sumRows(
          post.reshape([batch * area.units]),
          jitter.reshape([samples, batch * area.units]),
          1,
          0,
        );
      }
      emitIncoming(step, clean ?? noisy, area, post, factor);
    }
  },
});

/** Returns losses(samples, batch) minus the loss of the clean pass, (batch), or minus the mean of the other samples. */
function subtractBaseline(compute: Compute, losses: Tensor, clean: Tensor | undefined): Tensor {
  const { rows: samples, columns: batch } = losses;
  let baseline = clean;
  if (!baseline) {
    baseline = compute.temporary([batch]);
    compute.sumRows(baseline, losses, 1 / samples, 0);
  }
  for (let sample = 0; sample < samples; sample++) {
    const row = losses.rowRange(sample, 1);
    compute.subtract(row, row, baseline);
  }
  // L_s − mean of the other samples = samples/(samples−1) · (L_s − mean of all samples).
  if (!clean) compute.scale(losses, losses, samples / (samples - 1));
  return losses.reshape([samples * batch]);
}
