import { ruleById } from '../../rules/index.ts';
import type { Rule } from '../../learning/index.ts';
import { checkOwnRule } from '../../training/own-rule.ts';
import { isUserFile } from '../../config/user-file.ts';
import { importUserFile } from './user-file.ts';

/**
 * The rule of that id, or the default export of a TypeScript or JavaScript file, which may import from
 * "apical" wherever it lies. Throws `rule.unknown`, `rule.file` (it does not load) or `rule.contract`.
 */
export async function loadRule(reference: string): Promise<Rule> {
  if (!isUserFile(reference)) return ruleById(reference);
  return checkOwnRule(await importUserFile(reference, 'rule'), `The rule file "${reference}"`);
}
