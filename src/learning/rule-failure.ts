import { ApicalError } from '../errors.ts';
import type { Rule } from './rule.ts';

/**
 * Returns an error that a rule threw, or that its terms caused in the library, as an error that names the rule. `when`
 * states the activity of the rule, such as "while learning".
 *
 * @example
 * ```ts
 * import { feedbackAlignment, ruleFailure } from 'apical/rules';
 *
 * const error = ruleFailure(feedbackAlignment, 'while learning', new Error('no idea'));
 * console.log(error.code); // run.rule-failed
 * ```
 */
export function ruleFailure(rule: Rule, when: string, error: unknown): ApicalError {
  if (error instanceof ApicalError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ApicalError(
    'run.rule-failed',
    `Rule "${rule.id}" failed ${when}: ${reason.replace(/[.\s]*$/, '')}. Fix its file and run again (APICAL_DEBUG=1 prints the stack).`,
    { rule: rule.id },
    error,
  );
}
