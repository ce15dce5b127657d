import type { LearningStep } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { checkRule } from '../learning/index.ts';
import type { Rule } from '../learning/index.ts';

/** What `checkOwnRule` was given, by what it returned. */
const originals = new WeakMap<Rule, Rule>();

/** Returns the rule as its author made it. */
export const originalOf = (rule: Rule): Rule => originals.get(rule) ?? rule;

/**
 * Returns a user's rule after checking it; `from` begins the messages ("The rule file ./mine.ts"). Terms that come after
 * the step are lost, so a `learn` that waits for something is refused when it runs. Throws `rule.contract`.
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
        `${from} has a learn that returns a promise. Make it a plain function: what is emitted after the step is lost.`,
      );
    },
  });
  originals.set(checked, rule);
  return checked;
}
