import { isUserFile } from '../config/user-file.ts';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../learning/index.ts';

/** Returns the error for a network that learned by a rule object. */
export const ruleNeeded = (rule: string, from: string): ApicalError =>
  new ApicalError(
    'rule.needed',
    `The network in ${from} learned by the rule object "${rule}". Give that rule: loadNetwork(…, { rule }).`,
    { rule },
  );

/** Throws `rule.mismatch` if the network learned by another rule than the given one. */
export function requireSameRule({ id }: Rule, learned: string, from: string): void {
  if (id === learned || isUserFile(learned)) return;
  throw new ApicalError(
    'rule.mismatch',
    `The network in ${from} learned by the rule "${learned}", but the rule "${id}" is given. Give "${learned}".`,
    { learned, rule: id },
  );
}
