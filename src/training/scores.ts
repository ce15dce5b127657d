import type { DataDescription } from '../datasets/dataset.ts';
import type { Tally } from '../learning/learner.ts';
import type { Network } from '../network/network.ts';
import { hasLoss } from '../network/objectives/objective.ts';
import type { Objective } from '../network/objectives/objective.ts';
import { OWN_TARGET } from '../network/objectives/targets.ts';
import type { HeldOutScore, Metrics, Score } from './records.ts';

/** What the objectives of a network tell of examples. */
export interface Scored {
  /** Whether there is a loss; without it there is no score. */
  readonly hasLoss: boolean;
  /** The fraction of wrong answers, or the squared error normalised by the targets; undefined if nothing is compared. */
  readonly error: 'rate' | 'normalised' | undefined;
}

type Targets = Pick<DataDescription, 'task' | 'named'>;

/** Returns what the objectives of a network tell of examples with these targets. */
export function scoredBy({ objectives }: Pick<Network, 'objectives'>, data: Targets): Scored {
  const own = objectives.filter(({ auxiliary }) => !auxiliary);
  const kind = data.task === 'regression' ? 'normalised' : 'rate';
  return {
    hasLoss: own.some(hasLoss),
    error: own.some((objective) => tellsAnswers(objective, data)) ? kind : undefined,
  };
}

/** Returns whether an objective compares its area with a target of the kind that the data have. */
function tellsAnswers({ target, loss }: Objective, { task, named }: Targets): boolean {
  if (task === 'none' || typeof target !== 'string') return false;
  if (target === OWN_TARGET) return true;
  return named?.[target]?.task === task || loss.wrong !== undefined;
}

/** Returns the mean loss of a tally and its error; undefined without a loss, or if no example was scored. */
export function scoreOf({ loss, wrong, examples, power }: Tally, scored: Scored): Score | undefined {
  if (!scored.hasLoss || examples === 0) return undefined;
  const mean = loss / examples;
  if (!scored.error) return { loss: mean };
  // A black-box objective does not tell the power of the targets.
  return { loss: mean, error: scored.error === 'normalised' ? loss / (power || examples) : wrong / examples };
}

/** Returns the score of `count` examples from the tally after `sweep`; undefined without a loss. */
export function heldOutScoreOf(tally: Tally, count: number, scored: Scored): HeldOutScore | undefined {
  const score = scoreOf(tally, scored);
  return score && { ...score, errors: scored.error === 'rate' ? tally.wrong : 0, count };
}

/** Returns the mean metrics of a rule, in the form of a record; empty if the rule reports none. */
export function metricsOf({ measures }: Tally): { metrics?: Metrics } {
  const means = Object.entries(measures).flatMap(([name, [sum, examples]]): [string, number][] =>
    examples > 0 ? [[name, sum / examples]] : [],
  );
  return means.length === 0 ? {} : { metrics: Object.fromEntries(means) };
}
