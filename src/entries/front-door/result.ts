import { identityOf } from '../../config/identity.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Evaluation } from '../../training/evaluation.ts';
import type {
  HeldOutScore,
  Metrics,
  MetricsRecord,
  ReadoutScores,
  RunDocument,
  Score,
} from '../../training/records.ts';
import type { Task } from '../../training/task.ts';
import { TrainedNetwork } from '../../training/trained-network.ts';
import type { Training } from '../../training/training.ts';
import type { ConductedRun } from './conduct.ts';
import type { Data } from './options.ts';

/** The final metrics of a run. Errors are fractions of 1, losses are means over examples, angles are in degrees. */
export interface RunMetrics {
  /** Score of the training examples in the last epoch, measured as they were learned; null if there is none. */
  readonly train: Score | null;
  readonly validation?: HeldOutScore;
  /** Null without test examples or without a loss. */
  readonly test: HeldOutScore | null;
  /** Last scores of the readout; absent without one. */
  readonly readout?: ReadoutScores;
  /** By projection: the angle between the last probed update and the exact gradient; null if there is none. */
  readonly alignment: Readonly<Record<string, number | null>>;
  /** Further metrics by name, such as `passes` or, for an environment, the mean `return`. */
  readonly named: Metrics;
}

/** The parts of a result. */
export interface ResultParts {
  readonly compute: Compute;
  readonly task: Task;
  readonly run: ConductedRun;
  readonly warnings: readonly string[];
  readonly startedAt: string;
  readonly evaluate: (network: TrainedNetwork, data: Data) => Promise<Evaluation>;
}

/** The result of `train`: the trained network on its own backend, with its metrics and records. */
export class Result extends TrainedNetwork {
  /** The final metrics of the run. */
  readonly metrics: RunMetrics;
  /** Every record of the run, in order. */
  readonly records: readonly MetricsRecord[];
  /** The document of the run, as `apical run --json` prints it. */
  readonly document: RunDocument;
  /** Warnings and hints about the run, each a sentence. */
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
    const { train, validation, test, readout, alignment, metrics } = document;
    this.metrics = {
      train,
      ...(validation ? { validation } : {}),
      test,
      ...(readout ? { readout } : {}),
      alignment,
      named: metrics,
    };
  }

  /** Evaluates the network on other data; see `evaluate`. */
  evaluate(data: Data): Promise<Evaluation> {
    return this.#evaluate(this, data);
  }
}
