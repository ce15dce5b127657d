import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import process from 'node:process';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../rules/index.ts';
import type { Compute } from '../tensor/index.ts';
import type { Config } from './config.ts';
import { drive } from './drive.ts';
import { readDocuments } from './folder/documents.ts';
import { identityOf } from './folder/identity.ts';
import type { RunFolder } from './folder/index.ts';
import type { EvaluationRecord, MetricsRecord, Mistake, RunDocument, RunStatus } from './records.ts';
import type { RunRules, Task } from './task.ts';
import type { Training } from './training-contract.ts';
import { startFromWeights } from './weights-file.ts';
import { WorkerPool } from './workers/pool.ts';

const now = () => performance.now() / 1000;

export interface RunOptions {
  readonly compute: Compute;
  readonly task: Task;
  readonly config: Config;
  readonly rules: RunRules;
  /** What it is called where its rule takes part more than once. */
  readonly variant?: string | undefined;
  /** For the backends of workers. */
  readonly blasPath?: string | undefined;
  /** Where it is kept; without one nothing is written. */
  readonly folder?: RunFolder | undefined;
  /** Go on from the folder's latest checkpoint. */
  readonly resume?: boolean;
  /** Stops there with a checkpoint, as if interrupted, so that it can go on later. */
  readonly stopAtEpoch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

export interface RunProgress {
  readonly training: Training;
  readonly latest: MetricsRecord | undefined;
}

/** A run that has ended, one way or another, with what a report needs. */
export interface FinishedRun {
  readonly document: RunDocument;
  readonly metrics: readonly MetricsRecord[];
  readonly mistakes: readonly Mistake[];
  readonly error?: unknown;
}

/**
 * Does one run from where it stands to its end, with records, checkpoints and status kept in its folder. A
 * failure of learning (`run.diverged`) or of the folder (`folder.full`) ends it as failed and is returned, not
 * thrown, so that the other runs of a comparison go on; the last good checkpoint stays. Wrong configs throw.
 */
export async function executeRun(options: RunOptions): Promise<FinishedRun> {
  const { compute, task, config, rules, variant, folder, signal, onProgress, onWarning } = options;
  const metrics: MetricsRecord[] = [];
  const pool = openPool(options);
  const record = (its: MetricsRecord) => {
    metrics.push(its);
    folder?.record(its);
  };
  const training = beginTraining(task, config, rules, record, pool);
  for (const warning of training.learner.network.warnings()) onWarning?.(warning);
  let wallSeconds = 0;
  let lastCheckpoint = now();
  const save = () => {
    const { tensors, position } = training.snapshot();
    folder?.checkpoint(tensors, position);
    lastCheckpoint = now();
  };

  let isRestored = false;
  try {
    if (options.resume && folder) {
      const found = folder.latest();
      for (const warning of found?.warnings ?? []) onWarning?.(warning);
      if (found) {
        folder.restoreInto(training.snapshot().tensors, found);
        training.restore(found.position);
        isRestored = true;
        metrics.push(...folder.readMetrics());
        wallSeconds = readDocuments(folder.path).run.document?.wallSeconds ?? 0;
      }
    }
    if (!isRestored) startFromWeights(training.learner.network, config);
    const document = (status: RunStatus, error?: unknown): RunDocument =>
      describe({
        ...{ training, workers, metrics, status, wallSeconds, folder, compute, task, error },
        variant,
      });
    let workers = config.workers;
    let status: RunStatus = 'running';
    let failure: unknown;
    folder?.status({ status, document: document(status) });
    let savedEpoch = Math.floor(training.epoch);
    let sliceStart = now();
    try {
      if (!training.done) await pool?.start(training, signal);
      status = await drive(training, {
        now,
        until: options.stopAtEpoch === undefined ? undefined : options.stopAtEpoch * training.stepsPerEpoch,
        signal,
        pause: async () => {
          wallSeconds += now() - sliceStart;
          await setImmediate();
          sliceStart = now();
        },
        onSlice: () => {
          onProgress?.({ training, latest: metrics.at(-1) });
          const epoch = Math.floor(training.epoch);
          const due = config.checkpointSeconds > 0 && now() - lastCheckpoint > config.checkpointSeconds;
          if (epoch > savedEpoch || due) save();
          savedEpoch = epoch;
        },
      });
      if (status === 'interrupted') save();
    } catch (error) {
      status = 'failed';
      failure = ruleFailure(rules.rule, `at step ${training.step}`, error);
    }
    workers = pool?.size ?? 1;
    await pool?.close();
    const mistakes = status === 'done' ? training.mistakes(24) : [];
    const final = document(status, failure);
    folder?.status({ status, document: final });
    return { document: final, metrics, mistakes, ...(failure === undefined ? {} : { error: failure }) };
  } finally {
    await pool?.close();
    training.dispose();
  }
}

/** Workers for a run that asks for them, and whose samples can be shared. */
function openPool({ compute, task, config, blasPath, onWarning }: RunOptions): WorkerPool | undefined {
  const { examples } = task;
  if (config.workers === 1 || !examples) return undefined;
  return new WorkerPool({ config, examples, backend: compute.backend.name, blasPath, onWarning });
}

/**
 * Throws what is wrong with a config before anything is written or learned. A run that is resumed has weights of its own,
 * so the file that it started from may be gone.
 */
export function checkRun(task: Task, config: Config, rules: RunRules, isResumed = false): void {
  const training = beginTraining(task, config, rules, () => undefined);
  try {
    if (!isResumed) startFromWeights(training.learner.network, config);
  } finally {
    training.dispose();
  }
}

function beginTraining(task: Task, ...parts: Parameters<Task['begin']>): Training {
  try {
    return task.begin(...parts);
  } catch (error) {
    throw ruleFailure(parts[1].rule, 'before its first step', error);
  }
}

/** What a rule threw, or what its terms made the library throw, as an error with the rule's name. */
export function ruleFailure(rule: Rule, when: string, error: unknown): ApicalError {
  if (error instanceof ApicalError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ApicalError(
    'run.rule-failed',
    `The rule "${rule.id}" failed ${when}: ${reason.replace(/[.\s]*$/, '')}. Mend its file, then run it again; APICAL_DEBUG=1 shows where it was thrown.`,
    { rule: rule.id },
    error,
  );
}

interface Described {
  readonly training: Training;
  readonly workers: number;
  readonly variant: string | undefined;
  readonly metrics: readonly MetricsRecord[];
  readonly status: RunStatus;
  readonly wallSeconds: number;
  readonly folder: RunFolder | undefined;
  readonly compute: Compute;
  readonly task: Task;
  readonly error: unknown;
}

function describe({
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
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    folder: folder?.path ?? null,
    status,
    ...(error instanceof ApicalError ? { failure: { code: error.code, message: error.message } } : {}),
  };
}
