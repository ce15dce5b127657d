import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { scaleSchedule } from '../../network/schedule.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withFeedback, feedbackOptions, isFeedbackWeights } from '../shared/feedback.ts';
import { emitReconstruction, outputOf } from '../shared/reconstruction.ts';
import { defineRule } from '../../learning/rule.ts';

/** Number of updates that the running mean of a unit's activity covers. */
const AVERAGING = 100;

/**
 * Learned feedback: feedback alignment whose feedback weights start at random and slowly learn to reconstruct the
 * activity below, as in the wake phase of wake–sleep:
 *
 *   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *   ΔB_l = −η s · [ h̃_lᵀ (h̃_l B_l − h̃_{l−1}) + λ B_l ],   h̃ = h − ⟨h⟩
 *
 * B_l has the shape (units above, units below), speed s and decay λ; ⟨h⟩ is the running mean of each unit. While W is
 * constant, B converges to the only fixed point, the ridge regression of the activity below on the activity above:
 *
 *   B_l → (Σ_l + λI)⁻¹ Σ_{l,l−1},   Σ the covariances.
 *
 * For linear units, h_l = h_{l−1} W, and C = Σ_{l−1}: B = (Wᵀ C W + λI)⁻¹ Wᵀ C. If the activity below is white, this is
 * the pseudo-inverse W⁺ without decay, and proportional to Wᵀ as λ outweighs WᵀCW. Early on, far from the fixed point, B
 * grows by η s t · WᵀC. Reconstruction alone therefore makes B resemble W⁺, not Wᵀ.
 *
 * - Predictor and target of the reconstruction are activities after dropout. Dropout silences units independently, which
 *   adds p/(1−p)·diag⟨h²⟩ to Σ on both sides. The target becomes nearer to white, the predictor gains a ridge, and both
 *   turn B towards Wᵀ.
 * - Means are subtracted because rates are positive. The regression of raw rates is dominated by the single direction
 *   ⟨h_l⟩ ⊗ ⟨h_{l−1}⟩, along which an error would move all units below alike. Subtracting the means does at once what a
 *   bias of the reconstructing units would learn. `centred: false` reconstructs the raw activity.
 * - The output of an area under cross-entropy is its probabilities.
 * - B learns with the run's optimiser at s times the learning rate. Momentum thus amplifies W and B alike, and Adam,
 *   which ignores the size of a term, respects s too.
 *
 * Source: Hinton's lectures on how the brain might do backpropagation (2007–2016) for learned feedback weights; Hinton,
 * Dayan, Frey & Neal (1995), Science 268, for the wake phase; Lillicrap et al. (2016) for the path of the error.
 */
export const learnedFeedback = defineRule({
  id: 'learned-feedback',
  family: 'Feedback pathways',
  title: 'Learned feedback',
  summary: 'Sends errors down through feedback weights that slowly learn to reconstruct the activity below.',
  equation: String.raw`\delta_l = \left(B_{l+1}\, \delta_{l+1}\right) \odot f'(a_l), \qquad \Delta B_l = -\eta s \left[ \left(B_l \tilde h_l - \tilde h_{l-1}\right) \tilde h_l^\top + \lambda B_l \right], \quad \tilde h = h - \langle h \rangle`,
  cites: ['hinton1995', 'lillicrap2016'],
  options: z.strictObject({
    ...feedbackOptions,
    speed: z
      .number()
      .positive()
      .max(1e3)
      .default(0.1)
      .describe('learning rate of the feedback weights, as a multiple of that of the forward weights'),
    delay: z
      .int()
      .min(0)
      .max(1e9)
      .default(0)
      .describe('number of updates before the feedback weights start to learn'),
    decay: z
      .number()
      .min(0)
      .max(1e3)
      .default(0)
      .describe('decay λ of the feedback weights: a ridge that turns them from W⁺ towards Wᵀ'),
    centred: z
      .boolean()
      .default(true)
      .describe('whether deviations from the running means are reconstructed, instead of the raw activity'),
  }),
  dynamics: feedforward,
  network: {
    wire: (specification, options) => withFeedback(specification, options, true),
  },
  learning: {
    optimisers:
      (_network, optimiserOf, { speed, decay }) =>
      (parameter) => {
        const optimiser = optimiserOf(parameter);
        if (!isFeedbackWeights(parameter)) return optimiser;
        return { ...optimiser, rate: scaleSchedule(optimiser.rate, speed), decay };
      },
    state: (network, { centred }) =>
      network.areas
        .filter((area) => centred && !area.isInput)
        .map((area) => ({ name: meanOf(area), shape: [area.units], scope: 'run' })),
  },

  learn(step) {
    const { network, options, inputs } = step;
    const phase = step.run('forward');
    descend(step, phase, (projection, above, below, beta) => {
      projection.feedback?.send(step.compute, below, above, beta);
    });

    const signals = new Map<Area, Tensor>();
    const signal = (area: Area): Tensor => {
      let known = signals.get(area);
      if (!known) signals.set(area, (known = signalOf(step, phase, area, options.centred)));
      return known;
    };
    for (const { feedback } of network.projections) {
      if (!feedback?.plastic || feedback.to.isInput) continue;
      const from = signal(feedback.from);
      const target = signal(feedback.to);
      if (step.step < options.delay) continue; // the running means have been updated
      emitReconstruction(step, feedback, { from, target, factor: 1 / inputs.rows });
    }
  },
});

/** Names the state that holds −⟨h⟩ of an area: negative, because it is added to a signal. */
const meanOf = (area: Area) => `negative mean of ${area.id}`;

/** Returns an area's output, (batch, units); with `centred`, updates the running mean and returns the deviation from it. */
function signalOf(step: LearningStep, phase: Phase, area: Area, centred: boolean): Tensor {
  const { compute } = step;
  const signal = outputOf(step, phase, area);
  if (!centred) return signal;
  // The mean over all batches at first, and over recent batches later.
  const share = Math.max(1 / (step.step + 1), 1 / AVERAGING);
  const negativeMean = step.state(meanOf(area));
  compute.sumRows(negativeMean, signal, -share / signal.rows, 1 - share);
  const deviation = step.like(area);
  compute.activate(deviation, signal, negativeMean, 'linear');
  return deviation;
}
