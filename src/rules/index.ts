import { ApicalError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { RULES } from './catalogue.ts';
import type { Rule } from '../learning/rule.ts';

export { RULES } from './catalogue.ts';

/**
 * Returns the rule with this id. Throws `rule.unknown`, which suggests a similar id.
 *
 * @example
 * ```ts
 * import { ruleById } from 'apical/rules';
 *
 * console.log(ruleById('feedback-alignment').title); // Feedback alignment
 * ```
 */
export function ruleById(id: string): Rule {
  const rule = RULES.find((candidate) => candidate.id === id);
  if (rule) return rule;
  const hint = didYouMean(
    id,
    RULES.map((candidate) => candidate.id),
  );
  throw new ApicalError(
    'rule.unknown',
    `There is no rule "${id}".${hint} \`apical rules\` lists all rules; name a rule file as ./my-rule.ts.`,
    { id },
  );
}
