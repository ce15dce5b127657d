import { distance } from 'fastest-levenshtein';
import { ApicalError } from '../errors.ts';
import { RULES } from './catalogue.ts';
import type { Rule } from '../learning/rule.ts';

export { RULES } from './catalogue.ts';

/**
 * Returns the rule with this id. Throws `rule.unknown`, which suggests the nearest id.
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
  const [nearest] = RULES.map((candidate) => candidate.id).sort((a, b) => distance(a, id) - distance(b, id));
  throw new ApicalError(
    'rule.unknown',
    `There is no rule "${id}". Did you mean "${nearest ?? ''}"? \`apical rules\` lists all rules; name a rule file as ./my-rule.ts.`,
    { id, nearest },
  );
}
