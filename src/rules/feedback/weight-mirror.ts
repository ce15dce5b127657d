import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import { plainDescent } from '../../network/optimiser.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { activationOf } from '../../tensor/activation.ts';
import type { Activation } from '../../tensor/activation.ts';
import {
  withFeedback,
  isFeedbackWeights,
  reciprocalFeedbackOptions,
  refuseDisjointWiring,
} from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';

/** Returns E f′(a) for small a of either sign with equal probability. */
function meanSlope({ value, slope }: Activation): number {
  const at = (x: number) => slope.at(slope.from === 'rate' ? value(x) : x);
  return (at(Number.MIN_VALUE) + at(-Number.MIN_VALUE)) / 2;
}

/** Returns why weights cannot be read off the response to small noise, worded to end a sentence. */
function refuseSurrogates({ areas }: NetworkSpecification): string | undefined {
  const surrogate = areas.find(({ activation }) => activation && activationOf(activation).surrogate);
  return surrogate
    ? `units with a surrogate slope ("${surrogate.id}") do not respond to small noise in proportion: choose another activation function. Rules that take them: kolen-pollack, feedback-alignment`
    : undefined;
}

/**
 * Weight mirror: between updates the areas send noise, one at a time, and the feedback weights learn from the response
 * of the area above.
 *
 *   x ~ N(0, σ²) below,  y = f(x W) above:   ΔB = r · [ ỹᵀ x / (n σ² f̄′) − B ],   ỹ = y − ⟨y⟩
 *   otherwise:   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *
 * over n noise samples. The noise is uncorrelated, so E[yᵀx] = σ² E[f′] Wᵀ, and B converges to Wᵀ. Biases are off in the
 * mirroring phase, so that f̄′ = E[f′] near 0 is the same for all units of an area. With linear units and m units below
 * that send noise, the relative error of one phase is √((m + 1)/n): the angle falls as 1/√n. Phase k has the rate
 * max(r, 1/(k+1)), so B is first the mean over all phases and later a mean over the last 1/r phases. This is the decay
 * that Akrout et al. require to keep B bounded.
 *
 * The update of B has a rate of its own and does not depend on the run's optimiser.
 *
 * Source: Akrout, Wilson, Humphreys, Lillicrap & Tweed (2019), NeurIPS 32, equation 7.
 */
export const weightMirror = defineRule({
  id: 'weight-mirror',
  family: 'Feedback pathways',
  title: 'Weight mirror',
  summary:
    'Lets areas send noise between updates, from which feedback weights learn the transposed forward weights.',
  equation: String.raw`x \sim \mathcal N(0, \sigma^2), \; y = f(W x): \quad \Delta B = r \left( \frac{x\, \tilde y^\top}{\sigma^2 \bar f'} - B \right), \quad \tilde y = y - \langle y \rangle`,
  cites: ['akrout2019'],
  options: z.strictObject({
    ...reciprocalFeedbackOptions,
    noise: z.number().positive().max(1e3).default(0.1).describe('standard deviation σ of the noise'),
    samples: z.int().min(2).max(1e6).default(100).describe('noise samples in a mirroring phase'),
    every: z
      .int()
      .min(1)
      .max(1e9)
      .default(1)
      .describe('number of updates from one mirroring phase to the next'),
    rate: z
      .number()
      .positive()
      .max(1)
      .default(0.01)
      .describe('rate r of the feedback weights per mirroring phase: a memory of the last 1/r phases'),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) => refuseDisjointWiring(specification) ?? refuseSurrogates(specification),
    wire: (specification, options) => withFeedback(specification, options, true),
  },
  learning: {
    optimisers: (_network, optimiserOf) => (parameter) =>
      isFeedbackWeights(parameter) ? plainDescent(1) : optimiserOf(parameter),
  },

  learn(step) {
    const { compute, network, options } = step;
    const phase = step.run('forward');
    descend(step, phase, (projection, above, below, beta) => {
      projection.feedback?.send(compute, below, above, beta);
    });

    const { noise, samples, every } = options;
    if (step.step % every !== 0) return;
    const rate = Math.max(options.rate, 1 / (step.step / every + 1));
    for (const projection of network.projections) {
      const { id, from, to, feedback } = projection;
      if (!feedback?.plastic || from.isInput) continue;
      const below = compute.temporary([samples, from.units]);
      compute.drawNormal(below, 0, noise, step.stream(`mirror ${id}`), step.step);
      const above = compute.temporary([samples, to.units]);
      projection.send(compute, above, below);
      compute.activate(above, above, undefined, to.activation);
      const negativeMean = compute.temporary([to.units]);
      compute.sumRows(negativeMean, above, -1 / samples, 0);
      compute.activate(above, above, negativeMean, 'linear');
      // Decay comes first, because it reads B before the update.
      step.emit(feedback, { kind: 'direction', direction: feedback.weights, factor: rate });
      const scale = samples * projection.sharing * noise ** 2 * meanSlope(to.activation);
      step.emit(feedback, { kind: 'outer', pre: above, post: below, factor: -rate / scale });
    }
  },
});
