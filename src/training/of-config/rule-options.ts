import { z } from 'zod';
import { ApicalError } from '../../errors.ts';
import type { Rule } from '../../learning/rule.ts';
import { explainIssues } from '../../config/explain.ts';

/** Checks the options of a rule. Throws `rule.options`, worded like the errors of a config. */
export function checkOptions(rule: Rule, options: unknown): void {
  const { success, error } = rule.options.safeParse(options);
  if (success || !(rule.options instanceof z.ZodType)) return;
  const { message } = explainIssues(rule.options, options, error, `the ruleOptions of "${rule.id}"`);
  throw new ApicalError('rule.options', message, { rule: rule.id });
}
