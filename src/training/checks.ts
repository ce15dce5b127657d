/** What a config says of training, held against the network and the examples that there are. */
import { ApicalError } from '../errors.ts';
import type { OptimiserSpecification } from '../network/optimiser.ts';
import type { Learner } from '../learning/learner.ts';
import type { Config } from '../config/config.ts';
import type { Examples } from './examples.ts';
import { withoutUndefined } from './network-of-config.ts';

/** What the optimiser does for one parameter: the default, overridden for its projection, or its area and bias. */
export function optimiserFor(config: Config, id: string): OptimiserSpecification {
  const { projections, ...general } = config.optimiser;
  const area = id.replace(/(\.top-down)?\.bias$/, '');
  return {
    ...general,
    ...withoutUndefined({ ...projections[area], ...projections[id] }),
  } as OptimiserSpecification;
}

/** Throws `config.projection` where the optimiser is to differ for a projection that is not there. */
export function checkOverrides(config: Config, learner: Learner): void {
  const known = learner.network.parameters.flatMap(({ id }) => [id, id.replace(/(\.top-down)?\.bias$/, '')]);
  for (const key of Object.keys(config.optimiser.projections)) {
    if (!known.includes(key)) {
      throw new ApicalError(
        'config.projection',
        `optimiser.projections: there is nothing plastic called "${key}". There are ${[...new Set(known)].map((id) => `"${id}"`).join(', ')}.`,
      );
    }
  }
}

/** Throws `config.examples` or `config.batch` where there are too few examples. */
export function checkCounts(config: Config, examples: Examples, trainCount: number): void {
  const { batch, task } = config;
  const { title } = examples.dataset;
  const available = examples.train.count - Math.round(examples.train.count * task.validation);
  if (task.trainExamples !== undefined && task.trainExamples > available) {
    throw new ApicalError(
      'config.examples',
      `task.trainExamples is ${task.trainExamples}, but ${title} has ${available} training examples${task.validation > 0 ? ' beside validation' : ''}.`,
    );
  }
  if (trainCount === 0) {
    throw new ApicalError(
      'config.examples',
      `${title} leaves no example to learn from: lower task.validation.`,
    );
  }
  if (batch > trainCount) {
    throw new ApicalError(
      'config.batch',
      `batch is ${batch}, but there are only ${trainCount} training examples: choose a batch of at most ${trainCount}.`,
    );
  }
}
