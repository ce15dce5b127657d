import type { LearningStep } from '../../dynamics/index.ts';
import { ApicalError } from '../../errors.ts';
import { checkRule } from '../../learning/index.ts';
import { ruleById } from '../../rules/index.ts';
import type { Rule } from '../../learning/index.ts';
import { importUserFile, isUserFile } from './user-file.ts';
import { locating } from './user-place.ts';

/**
 * Returns the rule with that id, or the default export of a TypeScript or JavaScript file, which may import from
 * "apical" wherever it is. Throws `rule.unknown`, `rule.file` (it does not load) or `rule.contract`.
 */
export async function loadRule(reference: string): Promise<Rule> {
  if (!isUserFile(reference)) return ruleById(reference);
  const exported = await importUserFile(reference, 'rule');
  return withPlainLearn(checkRule(exported, `The rule file "${reference}"`), reference);
}

/**
 * Returns the rule with a `learn` that refuses to wait, since terms that come after the step are lost, and whose errors
 * name the line of the user's file from which they come.
 */
function withPlainLearn(rule: Rule, reference: string): Rule {
  const learn: (step: LearningStep) => unknown = rule.learn.bind(rule);
  return Object.assign(Object.create(rule) as Rule, {
    learn(step: LearningStep) {
      const returned = locating(reference, () => learn(step));
      if (!(returned instanceof Promise)) return;
      returned.catch(() => undefined);
      throw new ApicalError(
        'run.rule-failed',
        `The learn function of the rule file "${reference}" returns a promise. Make it synchronous, because terms emitted after the step are lost.`,
      );
    },
  });
}
