import type { Config } from '../../config/config.ts';
import { isUserFile } from '../../config/user-file.ts';
import type { Rule } from '../../learning/rule.ts';
import { criticOptions, criticRule } from '../control/critic-of-config.ts';

/**
 * Returns the config with the id of `rule` as its rule, so that a run's documents name the rule that learned. A path to
 * a file stays, because it gives the origin of the rule.
 */
export function withRuleOf(config: Config, rule: Rule): Config {
  return names(config.rule, rule) ? config : { ...config, rule: rule.id };
}

/** Returns the config with the rules of an actor and its critic. The critic keeps its options. */
export function withRulesOf(config: Config, rules: { readonly actor: Rule; readonly critic: Rule }): Config {
  const named = withRuleOf(config, rules.actor);
  const { control } = named;
  if (!control || names(criticRule(named), rules.critic)) return named;
  const critic = { ...control.critic, rule: rules.critic.id, ruleOptions: criticOptions(config) };
  return { ...named, control: { ...control, critic } };
}

const names = (reference: string, { id }: Rule): boolean => reference === id || isUserFile(reference);
