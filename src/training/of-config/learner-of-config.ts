import type { DataDescription } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import { Learner } from '../../learning/learner.ts';
import type { LearnerOptions } from '../../learning/learner.ts';
import { parseOptions } from '../../learning/rule.ts';
import { OWN_TARGET } from '../../network/objectives/targets.ts';
import type { Rule } from '../../learning/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Config } from '../../config/config.ts';
import { checkTimeSettings, optimiserFor } from '../checks.ts';
import type { Examples } from '../examples.ts';
import { networkFor } from './network-of-config.ts';

/** Ids of the built-in rules that learn data in time; a test compares them with the catalogue, which this file lies below. */
export const RULES_IN_TIME: readonly string[] = [];

/**
 * Returns the learner of a config: its network for the sizes of the data, its rule and its optimiser. Throws `config.…`,
 * `rule.options`, `network.…`, and `rule.network` if the rule does not learn data in time.
 */
export function learnerFor(
  compute: Compute,
  config: Config,
  examples: { dataset: DataDescription } & Pick<Examples, 'inputUnits' | 'loss'>,
  rule: Rule,
  others: Partial<Pick<LearnerOptions, 'examples' | 'streams' | 'exchange' | 'optimiserOf' | 'epochs'>> = {},
): Learner {
  checkTimeSettings(config, examples.dataset);
  checkInTime(rule, examples.dataset);
  const learner = new Learner(compute, {
    specification: networkFor(config, examples),
    rule,
    options: parseOptions(rule, config.ruleOptions),
    optimiserOf: ({ id }) => optimiserFor(config, id),
    seed: config.seed,
    epochs: config.epochs,
    ...others,
  });
  try {
    checkTargets(learner, examples.dataset);
  } catch (error) {
    learner.dispose();
    throw error;
  }
  return learner;
}

/** Throws `config.objective` if an objective compares an area with a target, and the data have none. */
function checkTargets({ network, rule }: Learner, { task, title }: DataDescription): void {
  if (task !== 'none') return;
  const objective = network.objectives.find(({ target }) => target === OWN_TARGET);
  if (!objective) return;
  throw new ApicalError(
    'config.objective',
    `The objective "${objective.loss.name}" of area "${objective.area.id}" compares it with targets, but ${title} has none. Give labels or targets (labels: […] beside inputs, y_train and y_test in a .npz file), or set objective to "none" and choose a rule that learns without one.`,
    { objective: objective.id, rule: rule.id },
  );
}

/** Throws `rule.network` if data have a time axis and the dynamics of a rule have none. */
function checkInTime({ id, dynamics }: Rule, { title, time }: DataDescription): void {
  if (!time || dynamics.inTime) return;
  const others =
    RULES_IN_TIME.length > 0
      ? `Use ${RULES_IN_TIME.join(', ')}, or a rule file whose dynamics run in time`
      : 'Use a rule file whose dynamics run in time, such as `recurrent`';
  throw new ApicalError(
    'rule.network',
    `Rule "${id}" does not learn data in time, and ${title} has ${time.steps} steps. ${others}.`,
    { rule: id },
  );
}
