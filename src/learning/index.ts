export { checkRule, defineRule, noOptions, parseOptions } from './rule.ts';
export type { Rule, StateDeclaration, StateScope } from './rule.ts';
export { Learner } from './learner.ts';
export type { Batch, Exchange, LearnerOptions, Measurement, StepObserver, Tally } from './learner.ts';
