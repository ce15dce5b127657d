import { backpropagation } from './exact/backpropagation.ts';
import { equilibriumPropagation } from './equilibrium/equilibrium-propagation.ts';
import { recurrentBackpropagation } from './exact/recurrent-backpropagation.ts';
import { predictiveCoding } from './dendrites/predictive-coding.ts';
import { zeroDivergenceInference } from './dendrites/zero-divergence-inference.ts';
import { differenceTargetPropagation } from './targets/difference-target-propagation.ts';
import { simplifiedTargetPropagation } from './targets/simplified-target-propagation.ts';
import { localDifferenceReconstruction } from './targets/local-difference-reconstruction.ts';
import { recirculation } from './temporal-error/recirculation.ts';
import { twoPass } from './temporal-error/two-pass.ts';
import { generec } from './temporal-error/generec.ts';
import { contrastiveHebbian } from './equilibrium/contrastive-hebbian.ts';
import { dendriticMicrocircuit } from './dendrites/dendritic-microcircuit.ts';
import { deepBeliefNet } from './generative/deep-belief-net.ts';
import { directFeedbackAlignment } from './feedback/direct-feedback-alignment.ts';
import { feedbackAlignment } from './feedback/feedback-alignment.ts';
import { kolenPollack } from './feedback/kolen-pollack.ts';
import { learnedFeedback } from './feedback/learned-feedback.ts';
import { forwardGradient } from './scalar/forward-gradient.ts';
import { nodePerturbation } from './scalar/node-perturbation.ts';
import { reinforce } from './scalar/reinforce.ts';
import { segregatedDendrites } from './dendrites/segregated-dendrites.ts';
import { serialWeightPerturbation } from './scalar/serial-weight-perturbation.ts';
import { signSymmetry } from './feedback/sign-symmetry.ts';
import { vectorFieldEquilibriumPropagation } from './equilibrium/vector-field-ep.ts';
import { weightMirror } from './feedback/weight-mirror.ts';
import { weightPerturbation } from './scalar/weight-perturbation.ts';
import { autoencoder } from './generative/autoencoder.ts';
import { boltzmann } from './generative/boltzmann.ts';
import { contrastiveDivergence } from './generative/contrastive-divergence.ts';
import { wakeSleep } from './generative/wake-sleep.ts';
import type { Rule } from '../learning/rule.ts';

/** All rules of the library, in the order in which lists show them. */
export const RULES: readonly Rule[] = [
  backpropagation,
  recurrentBackpropagation,
  feedbackAlignment,
  directFeedbackAlignment,
  signSymmetry,
  kolenPollack,
  weightMirror,
  learnedFeedback,
  serialWeightPerturbation,
  weightPerturbation,
  nodePerturbation,
  forwardGradient,
  reinforce,
  contrastiveHebbian,
  equilibriumPropagation,
  recirculation,
  generec,
  twoPass,
  differenceTargetPropagation,
  simplifiedTargetPropagation,
  localDifferenceReconstruction,
  predictiveCoding,
  zeroDivergenceInference,
  segregatedDendrites,
  dendriticMicrocircuit,
  vectorFieldEquilibriumPropagation,
  boltzmann,
  contrastiveDivergence,
  deepBeliefNet,
  wakeSleep,
  autoencoder,
];

export {
  backpropagation,
  recurrentBackpropagation,
  feedbackAlignment,
  directFeedbackAlignment,
  signSymmetry,
  kolenPollack,
  weightMirror,
  learnedFeedback,
  serialWeightPerturbation,
  weightPerturbation,
  nodePerturbation,
  forwardGradient,
  reinforce,
  contrastiveHebbian,
  equilibriumPropagation,
  recirculation,
  generec,
  twoPass,
  differenceTargetPropagation,
  simplifiedTargetPropagation,
  localDifferenceReconstruction,
  predictiveCoding,
  zeroDivergenceInference,
  segregatedDendrites,
  dendriticMicrocircuit,
  vectorFieldEquilibriumPropagation,
  boltzmann,
  contrastiveDivergence,
  deepBeliefNet,
  wakeSleep,
  autoencoder,
};
