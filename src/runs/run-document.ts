import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';
import { identityOf } from '../config/identity.ts';
import type { EvaluationRecord, MetricsRecord, RunDocument, RunStatus } from '../training/records.ts';
import type { Task } from '../training/task.ts';
import type { Training } from '../training/training.ts';

/** Input of `describeRun`. */
export interface RunState {
  readonly training: Training;
  readonly workers: number;
  /** Name of the run, if its rule takes part more than once. */
  readonly variant?: string | undefined;
  readonly metrics: readonly MetricsRecord[];
  readonly status: RunStatus;
  readonly wallSeconds: number;
  /** Path of the run folder; undefined if nothing is saved. */
  readonly folder: string | undefined;
  readonly compute: Compute;
  readonly task: Pick<Task, 'id'>;
  readonly error?: unknown;
  readonly peakMemoryBytes: number;
}

/** Returns the document of a run, as `--json` prints it and `run.json` saves it. */
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
}: RunState): RunDocument {
  const { config } = training;
  const evaluation = metrics.findLast((record): record is EvaluationRecord => record.kind === 'evaluation');
  const probe = metrics.findLast((record) => record.kind === 'probe');
  const { validation, test, train } = evaluation ?? {};
  const readout = metrics.flatMap((record) => (record.kind === 'evaluation' && record.readout) || []).at(-1);
  const probed = Object.entries(probe?.projections ?? {});
  const reasons = probed.flatMap(([id, { reason }]) => (reason ? [[id, reason] as const] : []));
  const sparse = training.learner.network.projections
    .filter(({ storage }) => storage === 'sparse')
    .map(({ id, storage }) => [id, storage] as const);
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
    train: train ?? null,
    ...(validation ? { validation } : {}),
    test: test ?? null,
    ...(readout ? { readout } : {}),
    alignment: Object.fromEntries(probed.map(([id, { angle }]) => [id, angle])),
    ...(reasons.length > 0 ? { withoutAngle: Object.fromEntries(reasons) } : {}),
    ...(sparse.length > 0 ? { storage: Object.fromEntries(sparse) } : {}),
    metrics: { passes: training.passes, ...evaluation?.metrics },
    examplesPerSecond: training.trainedSeconds > 0 ? training.examplesSeen / training.trainedSeconds : 0,
    wallSeconds,
    peakMemoryBytes,
    folder: folder ?? null,
    status,
    ...(error instanceof ApicalError ? { failure: { code: error.code, message: error.message } } : {}),
  };
}
