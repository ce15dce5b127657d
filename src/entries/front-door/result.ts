import { identityOf } from '../../config/identity.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Evaluation } from '../../training/evaluation.ts';
import type { HeldOutScore, Metrics, MetricsRecord, RunDocument, Score } from '../../training/records.ts';
import type { Task } from '../../training/task.ts';
import { TrainedNetwork } from '../../training/trained-network.ts';
import type { Training } from '../../training/training.ts';
import type { ConductedRun } from './conduct.ts';
import type { Data } from './options.ts';

/** What a run has come to. Errors are fractions of 1, losses means over examples, angles degrees. */
export interface RunMetrics {
  /** The training examples of the last epoch, as they were learned; null for an environment. */
  readonly train: Score | null;
  readonly validation?: HeldOutScore;
  /** Null where there are no test examples. */
  readonly test: HeldOutScore | null;
  /** By projection: the angle of the last probed update to the exact gradient; null where there is none. */
  readonly alignment: Readonly<Record<string, number | null>>;
  /** Named metrics besides, such as the mean `return` of an environment, or `passes`. */
  readonly named: Metrics;
}

/** What a result is made of. */
export interface ResultParts {
  readonly compute: Compute;
  readonly task: Task;
  readonly run: ConductedRun;
  readonly warnings: readonly string[];
  readonly startedAt: string;
  readonly evaluate: (network: TrainedNetwork, data: Data) => Promise<Evaluation>;
}

/** What `train` has made: the network that has learned, on a backend of its own, with what it came to. */
export class Result extends TrainedNetwork {
  /** What the run has come to. */
  readonly metrics: RunMetrics;
  /** Every record of the run, in order. */
  readonly records: readonly MetricsRecord[];
  /** The run in one document, as `apical run --json` prints it. */
  readonly document: RunDocument;
  /** What the run has to say about itself, each a sentence. */
  readonly warnings: readonly string[];
  /** ISO 8601. */
  protected readonly startedAt: string;
  protected readonly training: Training;
  readonly #evaluate: ResultParts['evaluate'];

  constructor({ compute, task, run, warnings, startedAt, evaluate }: ResultParts) {
    const { training, document, records } = run;
    const { config } = training;
    super(
      compute,
      {
        ...{ config, rule: training.learner.rule, data: task.data },
        ...{ identity: identityOf(config), step: training.step },
      },
      { ownsCompute: true, training },
    );
    this.records = records;
    this.document = document;
    this.warnings = warnings;
    this.startedAt = startedAt;
    this.training = training;
    this.#evaluate = evaluate;
    const { train, validation, test, alignment, metrics } = document;
    this.metrics = { train, ...(validation ? { validation } : {}), test, alignment, named: metrics };
  }

  /** Evaluates the network on other data; see `evaluate`. */
  evaluate(data: Data): Promise<Evaluation> {
    return this.#evaluate(this, data);
  }
}
