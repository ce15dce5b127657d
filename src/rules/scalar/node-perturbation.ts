import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Objective } from '../../network/objective.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { localObjective, withLocalReadouts } from './local-readouts.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Node perturbation: jitter the input of every unit, and reinforce each unit's jitter by the change of the loss.
 *
 *   a_l = h_{l−1} W_l + ξ_l,   ξ ~ N(0, σ²),   ΔW_l = −η · [ L(ξ) − L(0) ] / σ² · h_{l−1} ⊗ ξ_l
 *
 * with h the activity of the clean pass. Unbiased for the gradient as σ → 0; its variance grows with the number
 * of units, not of synapses. All samples of a batch are one product for each projection.
 *
 * Without the clean pass the baseline is the mean loss of the other samples of the same example, and h that of
 * the noisy pass (two samples at least).
 *
 * With local losses every hidden area has a readout of its own, trained towards the same target, and hears of that
 * readout's loss instead of the network's: a scalar for each layer. It then follows the gradient of its own loss, to
 * which what lies above does not matter, and the noise above no longer disturbs it.
 *
 * Source: Williams (1992), Machine Learning 8; Fiete & Seung (2006), Physical Review Letters 97;
 * Werfel, Xie & Seung (2005), Neural Computation 17; local losses: Ren, Kornblith, Liao & Hinton (2023), ICLR.
 */
export const nodePerturbation = defineRule({
  id: 'node-perturbation',
  family: 'Credit from one scalar',
  title: 'Node perturbation',
  summary: 'Jitters the input of every unit and reinforces the jitter by the change of the loss.',
  equation: String.raw`\Delta W_l = -\eta\, \frac{L(\xi) - L(0)}{\sigma^2}\, \xi_l\, h_{l-1}^\top, \qquad a_l = W_l h_{l-1} + \xi_l,\; \xi \sim \mathcal N(0, \sigma^2)`,
  cites: ['williams1992', 'fiete2006', 'werfel2005', 'ren2023'],
  options: z
    .strictObject({
      noise: z.number().positive().max(1e3).default(1e-2).describe('standard deviation σ of the jitter'),
      samples: z.int().min(1).max(1e5).default(1).describe('noisy passes an example'),
      baseline: z
        .enum(['clean', 'mean'])
        .default('clean')
        .describe(
          'what a loss is compared with: that of a pass without noise, or the mean over the other samples',
        ),
      losses: z
        .enum(['global', 'local'])
        .default('global')
        .describe('whose loss a unit hears of: that of the network, or that of a readout of its own area'),
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

    // Row s·batch + e of every noise is sample s of example e, keyed by that row.
    const noisyStep = step.repeated(samples);
    const jitters = new Map<Area, Tensor>();
    for (const area of network.areas) {
      if (area === network.input) continue;
      const jitter = compute.temporary([batch * samples, area.units]);
      compute.drawNormal(jitter, 0, noise, step.stream(`jitter ${area.id}`), step.step);
      jitters.set(area, jitter);
    }
    const noisy = noisyStep.run('jittered', { drive: (area) => jitters.get(area) });

    /** (samples × batch): L(ξ) less its baseline, of all objectives or of one. */
    const rewards = new Map<Objective | undefined, Tensor>();
    const rewardFor = (objective?: Objective): Tensor => {
      let reward = rewards.get(objective);
      if (!reward) {
        const noisyLosses = noisyStep.losses(noisy, objective).reshape([samples, batch]);
        reward = lessBaseline(compute, noisyLosses, clean && step.losses(clean, objective));
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
        // h does not differ between samples, so their jitters may be summed first: one product, not `samples`.
        post = compute.temporary([batch, area.units]);
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

/** losses(samples, batch) less the loss of the clean pass (batch), or less the mean of the other samples. */
function lessBaseline(compute: Compute, losses: Tensor, clean: Tensor | undefined): Tensor {
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
  // L_s − mean of the others = samples/(samples−1) · (L_s − mean of all).
  if (!clean) compute.scale(losses, losses, samples / (samples - 1));
  return losses.reshape([samples * batch]);
}
