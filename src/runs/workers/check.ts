import { ApicalError } from '../../errors.ts';
import { parseOptions } from '../../learning/index.ts';
import { RULES } from '../../rules/index.ts';
import type { Rule } from '../../learning/index.ts';
import type { Config } from '../../config/config.ts';

/** Samples of a step that workers may share: 0 for a rule that has none. */
const samplesOf = (rule: Rule, config: Config): number =>
  rule.learning?.sharedSamples?.(parseOptions(rule, config.ruleOptions)) ?? 0;

/**
 * The configs of a session as they can be run. In a comparison a rule that shares too few samples trains on one worker,
 * and `warn` is told so. Throws `config.workers` where no rule of the session can do with its workers, and
 * `config.threads` for threads beside workers.
 */
export function withWorkers(
  configs: readonly Config[],
  rules: ReadonlyMap<string, Rule>,
  warn: (message: string) => void,
): readonly Config[] {
  const ruleOf = (config: Config) => rules.get(config.rule) as Rule;
  const isShort = (config: Config) => config.workers > Math.max(1, samplesOf(ruleOf(config), config));
  for (const { threads, workers } of configs) {
    if (workers === 1 || threads <= 1) continue;
    throw new ApicalError(
      'config.threads',
      `threads is ${threads} and workers is ${workers}, but each worker computes on one thread, so that the result does not depend on their number: leave threads out.`,
    );
  }
  const acting = configs.find(({ task, workers }) => task.environment !== undefined && workers > 1);
  if (acting) {
    throw new ApicalError(
      'config.workers',
      `workers is ${acting.workers}, but an actor of "${acting.task.environment ?? ''}" acts in one place: leave workers out.`,
    );
  }
  const short = configs.filter(isShort);
  const [first] = short;
  if (!first) return configs;
  if (short.length === configs.length) throw tooMany(ruleOf(first), first);
  for (const rule of new Set(short.map(ruleOf))) {
    const few = rule.learning?.sharedSamples ? 'has fewer samples a step than there are workers' : 'shares no samples';
    warn(`The rule "${rule.id}" ${few}: it trains on one worker.`);
  }
  return configs.map((config) => (isShort(config) ? { ...config, workers: 1 } : config));
}

function tooMany(rule: Rule, config: Config): ApicalError {
  const { workers } = config;
  const samples = samplesOf(rule, config);
  if (samples > 0) {
    return new ApicalError(
      'config.workers',
      `workers is ${workers}, but "${rule.id}" measures ${samples === 1 ? '1 sample' : `${samples} samples`} a step with these options, and a worker needs one at least: ` +
        `raise them by --set ruleOptions.… (see \`apical rules ${rule.id}\`), or ${samples === 1 ? 'leave workers out' : `use at most ${samples} workers`}.`,
      { rule: rule.id, workers, samples },
    );
  }
  const able = RULES.flatMap(({ id, learning }) => (learning?.sharedSamples ? [`"${id}"`] : []));
  return new ApicalError(
    'config.workers',
    `workers is ${workers}, but the rule "${rule.id}" measures no samples that workers could share. Leave workers out, or choose ${able.join(' or ')}.`,
    { rule: rule.id, workers },
  );
}
