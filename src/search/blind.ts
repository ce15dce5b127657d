import { openBackend } from '../backends/open.ts';
import { withoutExamples } from '../datasets/dataset.ts';
import type { Dataset } from '../datasets/index.ts';
import type { Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { Examples } from '../training/examples.ts';
import { loadActivations } from '../runs/files/activation-file.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { openDataOf } from '../runs/open-task.ts';
import { exampleTask } from '../training/task.ts';
import type { Task } from '../training/task.ts';

/** The task that trials train on: no test examples, and a backend with one thread. */
export interface BlindTask {
  readonly compute: Compute;
  readonly task: Task;
  readonly dataset: Examples['dataset'];
  /** Number of examples for training and validation together. */
  readonly count: number;
  dispose(): void;
}

/**
 * Opens the data set, the objective and the backend of a config, without test examples. Throws `dataset.…`,
 * `objective.…` and `blas.…` errors.
 */
export async function openBlind(config: Config, blasPath?: string): Promise<BlindTask> {
  await loadActivations(config);
  const loss = await loadObjective(config);
  const dataset = withoutTest(await openDataOf(config));
  const compute = await openBackend({
    backend: config.backend,
    threads: 1,
    ...(blasPath === undefined ? {} : { blasPath }),
  });
  const examples = new Examples(compute, dataset, loss);
  const task = exampleTask(compute, examples);
  return {
    compute,
    task,
    dataset: examples.dataset,
    count: dataset.time?.kind === 'stream' ? examples.train.steps : examples.train.count,
    dispose: () => {
      task.dispose();
      compute.dispose();
    },
  };
}

/** Returns the data set with an empty test split, so that no choice can depend on test examples. */
export function withoutTest(dataset: Dataset): Dataset {
  return { ...dataset, test: withoutExamples(dataset.test) };
}
