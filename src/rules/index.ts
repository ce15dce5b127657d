import { distance } from 'fastest-levenshtein';
import { ApicalError } from '../errors.ts';
import { backpropagation } from './backpropagation.ts';
import { directFeedbackAlignment } from './direct-feedback-alignment.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { kolenPollack } from './kolen-pollack.ts';
import { learnedFeedback } from './learned-feedback.ts';
import { forwardGradient } from './forward-gradient.ts';
import { nodePerturbation } from './node-perturbation.ts';
import { reinforce } from './reinforce.ts';
import type { Rule } from './rule.ts';
import { serialWeightPerturbation } from './serial-weight-perturbation.ts';
import { signSymmetry } from './sign-symmetry.ts';
import { weightMirror } from './weight-mirror.ts';
import { weightPerturbation } from './weight-perturbation.ts';

export { checkRule, defineRule, noOptions, parseOptions } from './rule.ts';
export type { Rule, StateDeclaration, StateScope } from './rule.ts';
export { Learner } from './learner.ts';
export type { Batch, Exchange, LearnerOptions, Measurement, StepObserver, Tally } from './learner.ts';

/** Every rule of the library. A new rule is its file and a line here. */
export const RULES: readonly Rule[] = [
  backpropagation,
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
];

/** The rule of that id. Throws `rule.unknown`, with the nearest id. */
export function ruleById(id: string): Rule {
  const rule = RULES.find((candidate) => candidate.id === id);
  if (rule) return rule;
  const [nearest] = RULES.map((candidate) => candidate.id).sort((a, b) => distance(a, id) - distance(b, id));
  throw new ApicalError(
    'rule.unknown',
    `There is no rule "${id}". Did you mean "${nearest ?? ''}"? \`apical rules\` lists them; a file is given as ./my-rule.ts.`,
    { id, nearest },
  );
}
