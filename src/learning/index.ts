export { checkRule } from './check-rule.ts';
export { Learner } from './learner.ts';
export type {
  Batch,
  Exchange,
  LearnerOptions,
  Measurement,
  StepObserver,
  Tally,
  TaughtBatch,
} from './learner.ts';
export { defineRule, noOptions, parseOptions, runEvaluation } from './rule.ts';
export type {
  Fantasies,
  LearningHooks,
  NetworkHooks,
  Outcome,
  ReportHooks,
  Rule,
  StateDeclaration,
  StateScope,
} from './rule.ts';
export { ruleFailure } from './rule-failure.ts';
