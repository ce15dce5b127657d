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

export * from '../rules/catalogue.ts';
export { ruleById } from '../rules/index.ts';

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
