import { datasetIds } from '../datasets/index.ts';
import type { Dataset } from '../datasets/index.ts';
import { checkEnvironment, environmentById } from '../environments/index.ts';
import type { Environment } from '../environments/index.ts';
import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { openDataset } from './files/datasets.ts';
import type { DatasetReference } from './files/datasets.ts';
import { inTimeOf } from '../training/time/data-in-time.ts';
import { Examples } from '../training/examples.ts';
import { isContentsId } from '../training/own/own-data.ts';
import { loadObjective } from './files/objective-file.ts';
import { controlTask } from '../training/control/control-task.ts';
import { exampleTask } from '../training/task.ts';
import type { Task } from '../training/task.ts';
import { isUserFile } from '../config/user-file.ts';
import { importUserFile } from './files/user-file.ts';

/**
 * Finds the task of a config. Resolves to a function that creates it on a backend. Throws `dataset.…`,
 * `environment.…`, `objective.file` and `config.labels`.
 */
export async function findTask(config: Config): Promise<(compute: Compute) => Task> {
  const { environment, options } = config.task;
  if (environment !== undefined) {
    const found = await openEnvironment(environment, options);
    return (compute) => controlTask(compute, found);
  }
  const loss = await loadObjective(config);
  const dataset = await openDataOf(config);
  return (compute) => exampleTask(compute, new Examples(compute, dataset, loss));
}

/**
 * Returns the environment with that id, or the default export of a file. Throws `environment.unknown`,
 * `environment.option`, `environment.file` (it does not load), `environment.contract` or `environment.step`.
 */
export async function openEnvironment(
  reference: string,
  options: Readonly<Record<string, number>> = {},
): Promise<Environment> {
  if (!isUserFile(reference)) return environmentById(reference, options);
  const [unused] = Object.keys(options);
  if (unused !== undefined) {
    throw new ApicalError(
      'environment.option',
      `task.options.${unused} cannot be used with the environment file "${reference}", which takes no options. Leave it out.`,
    );
  }
  const source = `The environment file "${reference}"`;
  return checkEnvironment(await importUserFile(reference, 'environment'), source);
}

/** Opens the data set of a config, in time as `task.time` asks. Throws `dataset.…` and `config.…` errors. */
export async function openDataOf(config: Pick<Config, 'task'>): Promise<Dataset> {
  return inTimeOf(await openDataset(requestFor(config)), config.task.time);
}

/** Returns the reference to a config's data set: an id with options, or a path. Throws `config.…` errors. */
export function requestFor({ task }: Pick<Config, 'task'>): DatasetReference {
  const { dataset, environment, options, labels } = task;
  const time = task.time?.kind;
  if (dataset === undefined) {
    throw new ApicalError(
      'config.task',
      `The task is the environment "${environment ?? ''}", which has no examples. Set task.dataset instead.`,
    );
  }
  if (labels !== undefined && !/\.[ct]sv$/i.test(dataset)) {
    throw new ApicalError(
      'config.labels',
      `task.labels is ${JSON.stringify(labels)}, but only .csv and .tsv files have a label column to name, and task.dataset is "${dataset}". Leave task.labels out.`,
    );
  }
  if (isContentsId(dataset)) {
    throw new ApicalError(
      'dataset.arrays',
      `The data set "${dataset}" stands for arrays that were given to train in a program, and these are not saved. Use the network by loadNetwork or \`apical predict\`, or train again in that program.`,
      { dataset },
    );
  }
  if ((datasetIds as readonly string[]).includes(dataset)) return { id: dataset, options };
  if (labels !== undefined) return { path: dataset, options, time, csv: { label: labels } };
  return /[\\/.]/.test(dataset) ? { path: dataset, options, time } : dataset;
}
