import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';
import { identityOf } from '../config/identity.ts';
import type { EvaluationRecord, MetricsRecord, RunDocument, RunStatus } from '../training/records.ts';
import type { Task } from '../training/task.ts';
import type { Training } from '../training/training.ts';

export interface Described {
  readonly training: Training;
  readonly workers: number;
  /** Its name among variants of one rule, where it is one. */
  readonly variant?: string | undefined;
  readonly metrics: readonly MetricsRecord[];
  readonly status: RunStatus;
  readonly wallSeconds: number;
  /** Its folder's path; undefined where nothing is kept. */
  readonly folder: string | undefined;
  readonly compute: Compute;
  readonly task: Pick<Task, 'id'>;
  readonly error?: unknown;
  readonly peakMemoryBytes: number;
}

/** What a run has come to, as `--json` prints and `run.json` keeps it. */
export function describeRun({
  training,
  workers,
  variant,
  metrics,
  status,
  wallSeconds,
  folder,
  compute,
  task,
  error,
  peakMemoryBytes,
}: Described): RunDocument {
  const { config } = training;
  const evaluation = metrics.findLast((record): record is EvaluationRecord => record.kind === 'evaluation');
  const probe = metrics.findLast((record) => record.kind === 'probe');
  const { validation, test, train } = evaluation ?? {};
  return {
    version: 1,
    kind: 'run',
    id: identityOf(config),
    rule: training.learner.rule.id,
    ...(variant === undefined ? {} : { variant }),
    task: task.id,
    backend: compute.backend.name,
    threads: compute.backend.threads,
    ...(config.workers > 1 ? { workers } : {}),
    seed: config.seed,
    epochs: config.epochs,
    // A rule that asks for no error has none to show.
    train: train && Number.isFinite(train.loss) ? train : null,
    ...(validation ? { validation } : {}),
    test: test ?? null,
    alignment: Object.fromEntries(
      Object.entries(probe?.projections ?? {}).map(([id, { angle }]) => [id, angle]),
    ),
    metrics: { passes: training.passes, ...evaluation?.metrics },
    examplesPerSecond: training.trainedSeconds > 0 ? training.examplesSeen / training.trainedSeconds : 0,
    wallSeconds,
    peakMemoryBytes,
    folder: folder ?? null,
    status,
    ...(error instanceof ApicalError ? { failure: { code: error.code, message: error.message } } : {}),
  };
}
