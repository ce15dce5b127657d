import type { LearningStep } from '../../dynamics/index.ts';
import { ApicalError } from '../../errors.ts';
import { checkRule } from '../../learning/index.ts';
import type { Rule } from '../../learning/index.ts';

/** Maps each result of `checkOwnRule` to its argument. */
const originals = new WeakMap<Rule, Rule>();

/** Returns the rule as its author made it. */
export const originalOf = (rule: Rule): Rule => originals.get(rule) ?? rule;

/**
 * Checks a user's rule and returns it, with a `learn` that throws if it returns a promise, because terms emitted after the
 * step are lost. `from` ("The rule file ./mine.ts") begins the messages. Throws `rule.contract`.
 */
export function checkOwnRule(candidate: unknown, from: string): Rule {
  const rule = checkRule(candidate, from);
  const learn: (step: LearningStep) => unknown = rule.learn.bind(rule);
  const checked = Object.assign(Object.create(rule) as Rule, {
    learn(step: LearningStep) {
      const returned = learn(step);
      if (!(returned instanceof Promise)) return;
      returned.catch(() => undefined);
      throw new ApicalError(
        'run.rule-failed',
        `The learn function of ${from.charAt(0).toLowerCase()}${from.slice(1)} returns a promise. Make it synchronous, because terms emitted after the step are lost.`,
      );
    },
  });
  originals.set(checked, rule);
  return checked;
}
