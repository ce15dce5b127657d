import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { scaleSchedule } from '../../network/schedule.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { answerForwardProjections, feedbackOptions, isFeedbackWeights } from '../shared/feedback.ts';
import { emitReconstruction, saidBy } from '../shared/reconstruction.ts';
import { defineRule } from '../../learning/rule.ts';

/** Updates over which a unit's mean activity is taken. */
const AVERAGING = 100;

/**
 * Feedback alignment whose top-down weights slowly learn to reconstruct the activity below, as in the wake phase of
 * wake–sleep, starting from random:
 *
 *   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *   ΔB_l = −η s · [ h̃_lᵀ (h̃_l B_l − h̃_{l−1}) + λ B_l ],   h̃ = h − ⟨h⟩
 *
 * with B_l (units above, units below), s its speed, λ its decay, and ⟨h⟩ each unit's running mean. While W holds
 * still B goes to the one fixed point, the ridge regression of the activity below on the activity above:
 *
 *   B_l → (Σ_l + λI)⁻¹ Σ_{l,l−1},   Σ the covariances.
 *
 * For linear units, h_l = h_{l−1} W, and C = Σ_{l−1}: B = (Wᵀ C W + λI)⁻¹ Wᵀ C. Where the activity below is white
 * this is the pseudo-inverse W⁺ without decay, and along Wᵀ as λ outweighs WᵀCW; before it is near its fixed
 * point, B has grown by η s t · WᵀC. Reconstruction alone thus sends down something like W⁺, not Wᵀ.
 *
 * - What is reconstructed, and from what, is what the areas sent, after dropout. A unit that dropout silences does
 *   so independently of all others, which adds p/(1−p)·diag⟨h²⟩ to Σ on both sides: the target comes nearer to
 *   white, the predictor brings a ridge of its own, and both turn B towards Wᵀ.
 * - Means are subtracted because rates are positive: the regression of raw rates is ruled by the one direction
 *   ⟨h_l⟩ ⊗ ⟨h_{l−1}⟩, through which an error would move every unit below alike. It is what thresholds of the
 *   reconstructing units would learn, at once. `centred: false` leaves it out.
 * - Areas under cross-entropy send their probabilities.
 * - B learns with the optimiser of the run at s times its rate, so that momentum amplifies W and B alike, and
 *   Adam, which is blind to the size of a term, heeds s too.
 *
 * Source: Hinton's lectures on how the brain might do backpropagation (2007–2016) for learned top-down weights; the
 * wake phase: Hinton, Dayan, Frey & Neal (1995), Science 268; the path of the error: Lillicrap et al. (2016).
 */
export const learnedFeedback = defineRule({
  id: 'learned-feedback',
  family: 'Feedback pathways',
  title: 'Learned feedback',
  summary: 'Feedback alignment through top-down weights that slowly learn to reconstruct the activity below.',
  equation: String.raw`\delta_l = \left(B_{l+1}\, \delta_{l+1}\right) \odot f'(a_l), \qquad \Delta B_l = -\eta s \left[ \left(B_l \tilde h_l - \tilde h_{l-1}\right) \tilde h_l^\top + \lambda B_l \right], \quad \tilde h = h - \langle h \rangle`,
  cites: ['hinton1995', 'lillicrap2016'],
  options: z.strictObject({
    ...feedbackOptions,
    speed: z
      .number()
      .positive()
      .max(1e3)
      .default(0.1)
      .describe('Learning rate of the feedback weights, as a multiple of the forward one'),
    delay: z.int().min(0).max(1e9).default(0).describe('Updates before the feedback weights start to learn'),
    decay: z
      .number()
      .min(0)
      .max(1e3)
      .default(0)
      .describe('Decay λ of the feedback weights: a ridge that turns them from W⁺ towards Wᵀ'),
    centred: z
      .boolean()
      .default(true)
      .describe('Whether deviations from the running means are reconstructed, or the raw activity'),
  }),
  dynamics: feedforward,
  network: {
    wire: (specification, options) => answerForwardProjections(specification, options, true),
  },
  learning: {
    optimisers:
      (_network, optimiserOf, { speed, decay }) =>
      (parameter) => {
        const its = optimiserOf(parameter);
        return isFeedbackWeights(parameter) ? { ...its, rate: scaleSchedule(its.rate, speed), decay } : its;
      },
    state: (network, { centred }) =>
      network.areas
        .filter((area) => centred && area !== network.input)
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
      if (!feedback?.plastic || feedback.to === network.input) continue;
      const from = signal(feedback.from);
      const target = signal(feedback.to);
      if (step.step < options.delay) continue; // the means are taken all the same
      emitReconstruction(step, feedback, { from, target, factor: 1 / inputs.rows });
    }
  },
});

/** The state holds −⟨h⟩, which is what is added to a signal. */
const meanOf = (area: Area) => `negative mean of ${area.id}`;

/** What an area sends up, (batch, units), and with `centred` its deviation from the running mean. */
function signalOf(step: LearningStep, phase: Phase, area: Area, centred: boolean): Tensor {
  const { compute } = step;
  const signal = saidBy(step, phase, area);
  if (!centred) return signal;
  // The mean of all batches so far, and of the recent ones later on.
  const share = Math.max(1 / (step.step + 1), 1 / AVERAGING);
  const negativeMean = step.state(meanOf(area));
  compute.sumRows(negativeMean, signal, -share / signal.rows, 1 - share);
  const deviation = compute.temporary(signal.shape);
  compute.activate(deviation, signal, negativeMean, 'linear');
  return deviation;
}
