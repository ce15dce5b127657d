import type { Config } from '../../config/config.ts';

/** Returns the id or path of the critic's rule: `control.critic.rule`, or else the rule of the actor. */
export const criticRule = ({ rule, control }: Config): string => control?.critic.rule ?? rule;

/** Returns the options of the critic's rule. Without a rule of its own, they override those of the actor. */
export function criticOptions({ ruleOptions, control }: Config): Record<string, unknown> {
  const own = control?.critic.ruleOptions ?? {};
  return control?.critic.rule === undefined ? { ...ruleOptions, ...own } : own;
}
