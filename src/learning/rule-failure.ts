import { ApicalError } from '../errors.ts';
import type { Rule } from './rule.ts';

/** What a rule threw, or what its terms made the library throw, as an error with the rule's name. */
export function ruleFailure(rule: Rule, when: string, error: unknown): ApicalError {
  if (error instanceof ApicalError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ApicalError(
    'run.rule-failed',
    `The rule "${rule.id}" failed ${when}: ${reason.replace(/[.\s]*$/, '')}. Mend its file, then run it again; APICAL_DEBUG=1 shows where it was thrown.`,
    { rule: rule.id },
    error,
  );
}
