import { z } from 'zod';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../learning/rule.ts';
import { explainIssues } from '../config/explain.ts';

/** Throws `rule.options`, in the words of a config's errors. */
export function checkOptions(rule: Rule, options: unknown): void {
  const { success, error } = rule.options.safeParse(options);
  if (success || !(rule.options instanceof z.ZodType)) return;
  const { message } = explainIssues(rule.options, options, error, `the ruleOptions of "${rule.id}"`);
  throw new ApicalError('rule.options', message, { rule: rule.id });
}
