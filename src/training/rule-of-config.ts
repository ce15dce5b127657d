import type { Config } from '../config/config.ts';
import { isUserFile } from '../config/user-file.ts';
import type { Rule } from '../learning/rule.ts';
import { criticOptions, criticRule } from './control/critic-of-config.ts';

/**
 * Returns the config with `rule` as the rule that it names. The rule that learns is the only source of its id, so a run's
 * documents cannot name another. A path stays: it says where the rule came from.
 */
export function withRuleOf(config: Config, rule: Rule): Config {
  return names(config.rule, rule) ? config : { ...config, rule: rule.id };
}

/** Does the same for the rules of an actor and of its critic; the critic keeps the options that it had. */
export function withRulesOf(config: Config, rules: { readonly actor: Rule; readonly critic: Rule }): Config {
  const named = withRuleOf(config, rules.actor);
  const { control } = named;
  if (!control || names(criticRule(named), rules.critic)) return named;
  const critic = { ...control.critic, rule: rules.critic.id, ruleOptions: criticOptions(config) };
  return { ...named, control: { ...control, critic } };
}

const names = (reference: string, { id }: Rule): boolean => reference === id || isUserFile(reference);
