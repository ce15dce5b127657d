import type { LearningStep } from '../../dynamics/index.ts';
import { ApicalError } from '../../errors.ts';
import { checkRule } from '../../learning/index.ts';
import { ruleById } from '../../rules/index.ts';
import type { Rule } from '../../learning/index.ts';
import { isUserFile } from '../../config/user-file.ts';
import { importUserFile } from './user-file.ts';

/**
 * The rule of that id, or the default export of a TypeScript or JavaScript file, which may import from
 * "apical" wherever it lies. Throws `rule.unknown`, `rule.file` (it does not load) or `rule.contract`.
 */
export async function loadRule(reference: string): Promise<Rule> {
  if (!isUserFile(reference)) return ruleById(reference);
  const exported = await importUserFile(reference, 'rule');
  return withPlainLearn(checkRule(exported, `The rule file "${reference}"`), reference);
}

/** Terms that come after the step are lost, so a `learn` that waits for something is refused. */
function withPlainLearn(rule: Rule, reference: string): Rule {
  const learn: (step: LearningStep) => unknown = rule.learn.bind(rule);
  return Object.assign(Object.create(rule) as Rule, {
    learn(step: LearningStep) {
      const returned = learn(step);
      if (!(returned instanceof Promise)) return;
      returned.catch(() => undefined);
      throw new ApicalError(
        'run.rule-failed',
        `The rule file "${reference}" has a learn that returns a promise. Make it a plain function: what is emitted after the step is lost.`,
      );
    },
  });
}
