import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import { perturbedValues } from './perturbation.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Parallel weight perturbation: noise is added to all synapses at once, and the change of the loss reinforces or weakens
 * it.
 *
 *   ψ ~ N(0, σ²),   ΔW = −η · [ L(W + ψ) − L(W) ] / σ² · ψ        (one-sided)
 *   ΔW = −η · [ L(W + ψ) − L(W − ψ) ] / 2σ² · ψ                    (two-sided: no second-order error)
 *
 * The estimate of the gradient is unbiased as σ → 0; its variance grows with the number of synapses. A synapse needs only
 * its own noise and one number that reaches all synapses.
 *
 * Source: Werfel, Xie & Seung (2005), Neural Computation 17, who compare it with node perturbation.
 */
export const weightPerturbation = defineRule({
  id: 'weight-perturbation',
  family: 'Credit from one scalar',
  title: 'Weight perturbation',
  summary: 'Adds noise to all synapses at once and reinforces the noise that lowered the loss.',
  equation: String.raw`\Delta W = -\eta\, \frac{L(W+\psi) - L(W)}{\sigma^2}\, \psi, \qquad \psi \sim \mathcal N(0, \sigma^2)`,
  cites: ['werfel2005'],
  options: z.strictObject({
    noise: z.number().positive().max(1e3).default(1e-3).describe('standard deviation σ of the noise'),
    samples: z.int().min(1).max(1e5).default(1).describe('number of noise samples averaged per update'),
    twoSided: z
      .boolean()
      .default(false)
      .describe('whether the loss is measured at W + ψ and W − ψ, instead of W + ψ and W'),
  }),
  dynamics: feedforward,
  learning: {
    sharedSamples: ({ samples }) => samples,
  },

  learn(step) {
    const { compute, network, options, stream } = step;
    const { noise, samples, twoSided } = options;
    const { parameters } = network;
    const baseline = twoSided ? 0 : step.loss(step.run('clean'));

    // Σ over samples of jitter × effect, so that memory does not grow with the number of samples.
    const sums = parameters.map((parameter) => {
      const sum = compute.temporary(parameter.values.shape);
      compute.fill(sum, 0);
      return sum;
    });
    step.samples(samples, (sample) => {
      const key = step.step * samples + sample;
      const jitters = parameters.map((parameter) => {
        const jitter = compute.temporary(parameter.values.shape);
        compute.drawNormal(jitter, 0, noise, stream(`jitter ${parameter.id}`), key);
        if (parameter.mask) compute.multiply(jitter, jitter, parameter.mask);
        return jitter;
      });
      const lossAt = (sign: number) =>
        compute.scope(() =>
          step.loss(step.run('jittered', { values: perturbedValues(compute, parameters, jitters, sign) })),
        );
      return {
        measure: () => (twoSided ? (lossAt(1) - lossAt(-1)) / 2 : lossAt(1) - baseline),
        use: (change) => {
          for (const [index, sum] of sums.entries()) {
            const jitter = jitters[index];
            if (jitter) compute.addScaled(sum, jitter, change);
          }
        },
      };
    });
    const factor = 1 / (noise * noise * samples);
    for (const [index, parameter] of parameters.entries()) {
      const direction = sums[index];
      if (direction) step.emit(parameter, { kind: 'direction', direction, factor });
    }
  },
});
