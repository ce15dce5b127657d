import type { Config } from '../../config/config.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Compute } from '../../tensor/compute.ts';
import { inTimeOf } from '../../training/time/data-in-time.ts';
import { Examples } from '../../training/examples.ts';
import { exampleTask } from '../../training/task.ts';
import type { Task } from '../../training/task.ts';
import type { Host } from './host.ts';

/**
 * Opens the task of a config, or takes the given data set, and returns a function that puts it on a backend. Throws
 * `dataset.…`, `environment.…` and `objective.file`.
 */
export async function findTask(
  host: Host,
  config: Config,
  given: Dataset | undefined,
): Promise<(compute: Compute) => Task> {
  const { environment, options } = config.task;
  if (environment !== undefined) {
    // Loaded here, so that pages that learn from examples do not fetch it.
    const { controlTask } = await import('../../training/control/control-task.ts');
    const found = await host.openEnvironment(environment, options);
    return (compute) => controlTask(compute, found);
  }
  const loss = await host.loadObjective(config);
  const dataset = inTimeOf(given ?? (await host.openDataset(config)), config.task.time);
  return (compute) => exampleTask(compute, new Examples(compute, dataset, loss));
}
