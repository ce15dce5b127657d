/**
 * The parts of a rule, dynamics or task of your own: everything that the built-in ones use. Declare options with `z`.
 */
export * as z from 'zod';
export { ApicalError } from '../errors.ts';
export { openBackend } from '../backends/open.ts';
export type { BackendName, BackendOptions } from '../backends/open.ts';
export * from '../random/index.ts';
export * from '../tensor/index.ts';
export * from '../network/index.ts';
export * from '../dynamics/index.ts';
export * from '../references/index.ts';
export * from '../learning/index.ts';
export { actionSize, checkEnvironment } from '../environments/index.ts';
export type { Actions, Environment, State, Transition } from '../environments/index.ts';

export { RULES, ruleById } from '../rules/index.ts';
export { backpropagation } from '../rules/exact/backpropagation.ts';
export { recurrentBackpropagation } from '../rules/exact/recurrent-backpropagation.ts';
export { directFeedbackAlignment } from '../rules/feedback/direct-feedback-alignment.ts';
export { feedbackAlignment } from '../rules/feedback/feedback-alignment.ts';
export { kolenPollack } from '../rules/feedback/kolen-pollack.ts';
export { learnedFeedback } from '../rules/feedback/learned-feedback.ts';
export { signSymmetry } from '../rules/feedback/sign-symmetry.ts';
export { weightMirror } from '../rules/feedback/weight-mirror.ts';
export { forwardGradient } from '../rules/scalar/forward-gradient.ts';
export { nodePerturbation } from '../rules/scalar/node-perturbation.ts';
export { reinforce } from '../rules/scalar/reinforce.ts';
export { serialWeightPerturbation } from '../rules/scalar/serial-weight-perturbation.ts';
export { weightPerturbation } from '../rules/scalar/weight-perturbation.ts';
export { contrastiveHebbian } from '../rules/equilibrium/contrastive-hebbian.ts';
export { equilibriumPropagation } from '../rules/equilibrium/equilibrium-propagation.ts';
export { vectorFieldEquilibriumPropagation } from '../rules/equilibrium/vector-field-ep.ts';
export { autoencoder } from '../rules/generative/autoencoder.ts';
export { boltzmann } from '../rules/generative/boltzmann.ts';
export { contrastiveDivergence } from '../rules/generative/contrastive-divergence.ts';
export { deepBeliefNet } from '../rules/generative/deep-belief-net.ts';
export { wakeSleep } from '../rules/generative/wake-sleep.ts';
export { differenceTargetPropagation } from '../rules/targets/difference-target-propagation.ts';
export { localDifferenceReconstruction } from '../rules/targets/local-difference-reconstruction.ts';
export { simplifiedTargetPropagation } from '../rules/targets/simplified-target-propagation.ts';
export { generec } from '../rules/temporal-error/generec.ts';
export { recirculation } from '../rules/temporal-error/recirculation.ts';
export { twoPass } from '../rules/temporal-error/two-pass.ts';
export { dendriticMicrocircuit } from '../rules/dendrites/dendritic-microcircuit.ts';
export { predictiveCoding } from '../rules/dendrites/predictive-coding.ts';
export { segregatedDendrites } from '../rules/dendrites/segregated-dendrites.ts';
export { zeroDivergenceInference } from '../rules/dendrites/zero-divergence-inference.ts';

export * from '../rules/shared/chain.ts';
export * from '../rules/shared/contrast.ts';
export {
  withFeedback,
  withDirectFeedback,
  feedbackOptions,
  isFeedbackWeights,
  reciprocalFeedbackOptions,
  refuseDisjointWiring,
} from '../rules/shared/feedback.ts';
export type { FeedbackOptions } from '../rules/shared/feedback.ts';
export * from '../rules/shared/held-outputs.ts';
export * from '../rules/shared/inverses.ts';
export * from '../rules/shared/reconstruction.ts';
export * from '../rules/shared/settling.ts';
export * from '../rules/shared/targets.ts';
export * from '../rules/generative/readout.ts';
export * from '../rules/scalar/local-readouts.ts';
export * from '../rules/scalar/perturbation.ts';
