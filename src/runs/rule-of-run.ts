import { isUserFile } from '../config/user-file.ts';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../learning/index.ts';

/** The error for a network whose rule was an object of a program, which no file holds. */
export const ruleNeeded = (rule: string, from: string): ApicalError =>
  new ApicalError(
    'rule.needed',
    `${from} was learned by the rule "${rule}", an object of a program: hand that rule over, as loadNetwork(from, { rule }).`,
    { rule },
  );

/** Throws `rule.mismatch` where a network was learned by another rule than the one handed over. */
export function requireSameRule({ id }: Rule, learned: string, from: string): void {
  if (id === learned || isUserFile(learned)) return;
  throw new ApicalError(
    'rule.mismatch',
    `${from} was learned by the rule "${learned}", but the rule handed over is "${id}": hand over "${learned}".`,
    { learned, rule: id },
  );
}
