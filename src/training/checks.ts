/** Checks that compare a config with the network and the examples. */
import { ApicalError } from '../errors.ts';
import type { DataDescription } from '../datasets/dataset.ts';
import type { OptimiserSpecification } from '../network/optimiser.ts';
import type { Learner } from '../learning/learner.ts';
import type { Config } from '../config/config.ts';
import type { Examples } from './examples.ts';
import { withoutUndefined } from './of-config/network-of-config.ts';

/** Returns the optimiser settings of a parameter: the general ones, overridden for its projection, area or bias. */
export function optimiserFor(config: Config, id: string): OptimiserSpecification {
  const { projections, ...general } = config.optimiser;
  const area = id.replace(/(\.top-down)?\.bias$/, '');
  return {
    ...general,
    ...withoutUndefined({ ...projections[area], ...projections[id] }),
  } as OptimiserSpecification;
}

/** Throws `config.projection` if optimiser settings name a projection or area that does not exist. */
export function checkOverrides(config: Config, learner: Learner): void {
  const known = learner.network.parameters.flatMap(({ id }) => [id, id.replace(/(\.top-down)?\.bias$/, '')]);
  for (const key of Object.keys(config.optimiser.projections)) {
    if (!known.includes(key)) {
      throw new ApicalError(
        'config.projection',
        `optimiser.projections: no plastic projection or area is called "${key}". Use one of ${[...new Set(known)].map((id) => `"${id}"`).join(', ')}.`,
      );
    }
  }
}

/** Throws `config.time` if settings in time do not fit the data. */
export function checkTimeSettings({ task }: Config, { title, time }: DataDescription): void {
  const { window, washout = 0 } = task.time ?? {};
  const refuse = (key: string, value: number, reason: string) => {
    throw new ApicalError('config.time', `task.time.${key} is ${value}, but ${title} ${reason}.`, {
      [key]: value,
    });
  };
  if (!time) {
    const reason = 'has no time axis. Leave it out, or set task.time.from for pictures';
    if (window !== undefined) refuse('window', window, reason);
    if (washout > 0) refuse('washout', washout, reason);
  } else if (time.kind === 'sequences' && washout > 0) {
    refuse('washout', washout, 'holds sequences, whose mask says which steps are scored. Leave it out');
  }
}

/** Throws `config.examples` or `config.batch` if there are too few examples. */
export function checkCounts(config: Config, examples: Examples, trainCount: number): void {
  const { batch, task } = config;
  const { title } = examples.dataset;
  const available = examples.train.count - Math.round(examples.train.count * task.validation);
  if (task.trainExamples !== undefined && task.trainExamples > available) {
    throw new ApicalError(
      'config.examples',
      `task.trainExamples is ${task.trainExamples}, but ${title} has ${available} training examples${task.validation > 0 ? ' besides those for validation' : ''}. Lower it.`,
    );
  }
  if (trainCount === 0) {
    throw new ApicalError(
      'config.examples',
      `${title} leaves no training examples after validation: lower task.validation.`,
    );
  }
  if (batch > trainCount) {
    throw new ApicalError(
      'config.batch',
      `batch is ${batch}, but there are only ${trainCount} training examples: use a batch of at most ${trainCount}.`,
    );
  }
}
