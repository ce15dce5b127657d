import { audit } from '../analysis/audit.ts';
import type { Audit } from '../analysis/audit.ts';
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

/** The rules of a run: that of what learns, and of its critic where there is one. */
export interface RunRules {
  readonly rule: Rule;
  /** Default: the same rule. */
  readonly critic?: Rule | undefined;
}

/** What a report must know of a task. */
export interface TaskDescription {
  /** Whether errors are shares of wrong answers; absent where there are no errors. */
  readonly taskKind?: 'classification' | 'regression';
  readonly imageShape?: readonly [height: number, width: number];
  readonly classNames?: readonly string[];
  /** Mean return from which it counts as solved. */
  readonly solvedAt?: number;
}

/** What the runs of a session learn: opened once, shared by all of them. */
export interface Task {
  readonly id: string;
  readonly title: string;
  /** One line for whoever watches: what there is to learn from. */
  readonly about: string;
  readonly description: TaskDescription;
  /** What inputs and outputs of a network that learns it mean. */
  readonly data: DataDescription;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** A run at its beginning. Throws what is wrong with a config. */
  begin(
    config: Config,
    rules: RunRules,
    record: (record: MetricsRecord) => void,
    together?: Together,
  ): Training;
  /** What there is to learn from, where workers can take the same steps on copies of it. */
  readonly examples?: Examples;
  /** What one step of a rule brings to each synapse and costs, on the networks of a config. */
  audit(config: Config, rules: RunRules): Audit;
  dispose(): void;
}

/** To learn the examples of a data set. */
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
      const learner = new Learner(compute, {
        specification: networkFor(config, examples),
        rule,
        options: parseOptions(rule, config.ruleOptions),
        optimiserOf: ({ id }) => optimiserFor(config, id),
        seed: config.seed,
        epochs: 1,
      });
      const count = Math.min(8, train.count);
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
