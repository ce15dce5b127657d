import { isUserFile } from '../../config/user-file.ts';
import type { LearningStep } from '../../dynamics/index.ts';
import type { Rule } from '../../learning/index.ts';
import { ruleById } from '../../rules/index.ts';
import { checkOwnRule } from '../../training/own/own-rule.ts';
import { importUserFile } from './user-file.ts';
import { locating } from './user-place.ts';

/**
 * Returns the rule with that id, or the default export of a TypeScript or JavaScript file, which may import from "apical"
 * wherever it is. Errors of its `learn` name the line of the file. Throws `rule.unknown`, `rule.file` (it does not load) or
 * `rule.contract`.
 */
export async function loadRule(reference: string): Promise<Rule> {
  if (!isUserFile(reference)) return ruleById(reference);
  const rule = checkOwnRule(await importUserFile(reference, 'rule'), `The rule file "${reference}"`);
  const learn = rule.learn.bind(rule);
  return Object.assign(Object.create(rule) as Rule, {
    learn: (step: LearningStep) => locating(reference, () => learn(step)),
  });
}
