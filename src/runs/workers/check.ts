import { ApicalError } from '../../errors.ts';
import { parseOptions } from '../../learning/index.ts';
import { RULES } from '../../rules/index.ts';
import type { Rule } from '../../learning/index.ts';
import type { Config } from '../../config/config.ts';

/** Returns the number of samples per step that workers can share; 0 if the rule has none. */
const samplesOf = (rule: Rule, config: Config): number =>
  rule.learning?.sharedSamples?.(parseOptions(rule, config.ruleOptions)) ?? 0;

/**
 * Returns the configs of a session with workers that their rules can use. In a comparison, a rule with too few samples
 * trains on one worker, with a warning. Throws `config.workers` if no rule of the session can use its workers, and
 * `config.threads` if a config sets both threads and workers.
 */
export function withWorkers(
  configs: readonly Config[],
  rules: ReadonlyMap<string, Rule>,
  warn: (message: string) => void,
): readonly Config[] {
  const ruleOf = (config: Config) => rules.get(config.rule) as Rule;
  const hasTooFew = (config: Config) => config.workers > Math.max(1, samplesOf(ruleOf(config), config));
  for (const { threads, workers } of configs) {
    if (workers === 1 || threads <= 1) continue;
    throw new ApicalError(
      'config.threads',
      `threads is ${threads} and workers is ${workers}, but each worker uses one thread, so that the result does not depend on their number. Leave threads out.`,
    );
  }
  const inEnvironment = configs.find(({ task, workers }) => task.environment !== undefined && workers > 1);
  if (inEnvironment) {
    throw new ApicalError(
      'config.workers',
      `workers is ${inEnvironment.workers}, but workers cannot share a run in the environment "${inEnvironment.task.environment ?? ''}". Leave workers out.`,
    );
  }
  const limited = configs.filter(hasTooFew);
  const [first] = limited;
  if (!first) return configs;
  if (limited.length === configs.length) throw tooManyWorkers(ruleOf(first), first);
  for (const rule of new Set(limited.map(ruleOf))) {
    const reason = rule.learning?.sharedSamples
      ? 'has fewer samples per step than there are workers'
      : 'shares no samples';
    warn(`The rule "${rule.id}" ${reason}, so it trains on one worker.`);
  }
  return configs.map((config) => (hasTooFew(config) ? { ...config, workers: 1 } : config));
}

function tooManyWorkers(rule: Rule, config: Config): ApicalError {
  const { workers } = config;
  const samples = samplesOf(rule, config);
  if (samples > 0) {
    return new ApicalError(
      'config.workers',
      `workers is ${workers}, but "${rule.id}" measures ${samples === 1 ? '1 sample' : `${samples} samples`} per step with these options, and each worker needs at least one. ` +
        `Raise the samples with --set ruleOptions.… (see \`apical rules ${rule.id}\`), or ${samples === 1 ? 'leave workers out' : `use at most ${samples} workers`}.`,
      { rule: rule.id, workers, samples },
    );
  }
  const capable = RULES.flatMap(({ id, learning }) => (learning?.sharedSamples ? [`"${id}"`] : []));
  return new ApicalError(
    'config.workers',
    `workers is ${workers}, but the rule "${rule.id}" has no samples that workers could share. Leave workers out, or choose ${capable.join(' or ')}.`,
    { rule: rule.id, workers },
  );
}
