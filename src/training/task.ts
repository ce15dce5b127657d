import { audit } from '../analysis/audit/audit.ts';
import type { Audit } from '../analysis/audit/audit.ts';
import { amountOf, describeData } from '../datasets/dataset.ts';
import type { DataDescription, DataTask } from '../datasets/dataset.ts';
import type { Batch } from '../learning/learner.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Config } from '../config/config.ts';
import type { DataTrainingOptions } from './data-training.ts';
import { ExampleTraining } from './example-training.ts';
import type { Examples } from './examples.ts';
import { learnerFor } from './of-config/learner-of-config.ts';
import type { MetricsRecord } from './records.ts';
import { StreamTraining } from './time/stream-training.ts';
import type { Together, Training } from './training.ts';

/** The rules of a run: of the network that learns, and of its critic if it has one. */
export interface RunRules {
  readonly rule: Rule;
  /** Default: `rule`. */
  readonly critic?: Rule | undefined;
}

/** The facts about a task that a report shows. */
export interface TaskDescription {
  /** Whether the data have labels or values; absent for an environment. */
  readonly taskKind?: DataTask;
  readonly imageShape?: readonly [height: number, width: number];
  readonly classNames?: readonly string[];
  /** Mean return at which the task counts as solved. */
  readonly solvedAt?: number;
}

/** A task for the runs of a session, which share it: a data set or an environment on a backend. */
export interface Task {
  readonly id: string;
  readonly title: string;
  /** One line for the user about the examples or the environment. */
  readonly about: string;
  readonly description: TaskDescription;
  /** Meaning of the networks' inputs and outputs. */
  readonly data: DataDescription;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** Returns a run at its beginning. Throws `config.…`, `rule.…` and `network.…` errors. */
  begin(
    config: Config,
    rules: RunRules,
    record: (record: MetricsRecord) => void,
    together?: Together,
  ): Training;
  /** The examples of a data set, of which worker threads may have copies; absent for an environment. */
  readonly examples?: Examples;
  /** Audits one step of a rule on the networks of a config: the locality of each synapse, and the cost. */
  audit(config: Config, rules: RunRules): Audit;
  dispose(): void;
}

/** Returns the task of learning the examples of a data set. */
export function exampleTask(compute: Compute, examples: Examples): Task {
  const { dataset, train, test } = examples;
  const [height, width] = pictureShape(examples) ?? [];
  const amounts =
    dataset.time === undefined
      ? `${train.count} training and ${test.count} test examples`
      : `for training ${amountOf(train, dataset)}, for testing ${amountOf(test, dataset)}`;
  return {
    id: dataset.id,
    title: dataset.title,
    about: `${amounts} (${dataset.source})`,
    description: {
      taskKind: dataset.task,
      ...(height !== undefined && width !== undefined ? { imageShape: [height, width] as const } : {}),
      ...(dataset.classNames ? { classNames: dataset.classNames } : {}),
    },
    data: describeData(dataset),
    cites: [],
    begin: (config, { rule }, record, together) =>
      beginOnData({ compute, examples, config, rule, record, together }),
    examples,
    audit(config, { rule }) {
      const count = Math.min(AUDITED, train.count);
      const learner = learnerFor(compute, config, examples, rule, { epochs: 1, examples: count });
      try {
        return compute.scope(() => audit(compute, learner, firstBatch(compute, examples)));
      } finally {
        learner.dispose();
      }
    },
    dispose: () => examples.dispose(),
  };
}

/** Returns a run at its beginning that learns from examples, from sequences or from a stream. */
export const beginOnData = (options: DataTrainingOptions): Training =>
  options.examples.dataset.time?.kind === 'stream'
    ? new StreamTraining(options)
    : new ExampleTraining(options);

/** Examples, or steps of a stream, in the batch of an audit. */
const AUDITED = 8;

/** Gathers the first examples, or the first steps of a stream, for an audit. Call it inside a scope. */
function firstBatch(compute: Compute, { train, dataset }: Examples): Batch {
  if (dataset.time?.kind === 'stream') {
    const steps = Math.min(AUDITED, train.steps);
    return train.gatherStreams([0], { first: 0, steps, continues: false });
  }
  const count = Math.min(AUDITED, train.count);
  return train.gather(
    compute.temporary([count], 'i32').set(Array.from({ length: count }, (_, index) => index)),
  );
}

/** Returns height and width of an example as a picture; a sequence is one of steps × values. */
export function pictureShape({
  dataset,
  train,
  inputUnits,
}: Examples): readonly [number, number] | undefined {
  const { inputShape, time } = dataset;
  if (time) return time.kind === 'sequences' ? [train.steps, inputUnits] : undefined;
  const [height, width] = inputShape;
  return inputShape.length === 2 ? [height as number, width as number] : undefined;
}
