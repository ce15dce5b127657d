import { audit } from '../analysis/audit/audit.ts';
import type { Audit } from '../analysis/audit/audit.ts';
import { describeData } from '../datasets/dataset.ts';
import type { DataDescription } from '../datasets/dataset.ts';
import { Learner } from '../learning/learner.ts';
import { parseOptions } from '../learning/rule.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Config } from '../config/config.ts';
import type { Examples } from './examples.ts';
import type { MetricsRecord } from './records.ts';
import { networkFor } from './network-of-config.ts';
import { optimiserFor } from './checks.ts';
import { ExampleTraining } from './example-training.ts';
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
  readonly taskKind?: 'classification' | 'regression';
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
  const [height, width] = dataset.inputShape;
  return {
    id: dataset.id,
    title: dataset.title,
    about: `${train.count} training and ${test.count} test examples (${dataset.source})`,
    description: {
      taskKind: dataset.task,
      ...(dataset.inputShape.length === 2
        ? { imageShape: [height as number, width as number] as const }
        : {}),
      ...(dataset.classNames ? { classNames: dataset.classNames } : {}),
    },
    data: describeData(dataset),
    cites: [],
    begin: (config, { rule }, record, together) =>
      new ExampleTraining({ compute, examples, config, rule, record, together }),
    examples,
    audit(config, { rule }) {
      const count = Math.min(8, train.count);
      const learner = new Learner(compute, {
        specification: networkFor(config, examples),
        rule,
        options: parseOptions(rule, config.ruleOptions),
        optimiserOf: ({ id }) => optimiserFor(config, id),
        seed: config.seed,
        epochs: 1,
        examples: count,
      });
      const indices = compute
        .allocate([count], 'i32')
        .set(Array.from({ length: count }, (_, index) => index));
      try {
        return compute.scope(() => audit(compute, learner, train.gather(indices)));
      } finally {
        compute.free(indices);
        learner.dispose();
      }
    },
    dispose: () => examples.dispose(),
  };
}
