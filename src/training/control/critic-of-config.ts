import type { Config } from '../../config/config.ts';

/** Returns what names the rule of the critic: `control.critic.rule`, or else the rule of the actor. */
export const criticRule = ({ rule, control }: Config): string => control?.critic.rule ?? rule;

/** Returns the options of the critic's rule: its own, on top of the actor's where it has no rule of its own. */
export function criticOptions({ ruleOptions, control }: Config): Record<string, unknown> {
  const own = control?.critic.ruleOptions ?? {};
  return control?.critic.rule === undefined ? { ...ruleOptions, ...own } : own;
}
