import { backpropagation } from './backpropagation.ts';
import { equilibriumPropagation } from './equilibrium-propagation.ts';
import { recurrentBackpropagation } from './recurrent-backpropagation.ts';
import { predictiveCoding } from './predictive-coding.ts';
import { zeroDivergenceInference } from './zero-divergence-inference.ts';
import { differenceTargetPropagation } from './difference-target-propagation.ts';
import { simplifiedTargetPropagation } from './simplified-target-propagation.ts';
import { localDifferenceReconstruction } from './local-difference-reconstruction.ts';
import { recirculation } from './recirculation.ts';
import { twoPass } from './two-pass.ts';
import { generec } from './generec.ts';
import { contrastiveHebbian } from './contrastive-hebbian.ts';
import { dendriticMicrocircuit } from './dendritic-microcircuit.ts';
import { deepBeliefNet } from './deep-belief-net.ts';
import { directFeedbackAlignment } from './direct-feedback-alignment.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { kolenPollack } from './kolen-pollack.ts';
import { learnedFeedback } from './learned-feedback.ts';
import { forwardGradient } from './forward-gradient.ts';
import { nodePerturbation } from './node-perturbation.ts';
import { reinforce } from './reinforce.ts';
import { segregatedDendrites } from './segregated-dendrites.ts';
import { serialWeightPerturbation } from './serial-weight-perturbation.ts';
import { signSymmetry } from './sign-symmetry.ts';
import { vectorFieldEquilibriumPropagation } from './vector-field-ep.ts';
import { weightMirror } from './weight-mirror.ts';
import { weightPerturbation } from './weight-perturbation.ts';
import { autoencoder } from './autoencoder.ts';
import { boltzmann } from './boltzmann.ts';
import { contrastiveDivergence } from './contrastive-divergence.ts';
import { wakeSleep } from './wake-sleep.ts';
import type { Rule } from './rule.ts';

/** Every rule of the library. A new rule is its file and a line here. */
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
