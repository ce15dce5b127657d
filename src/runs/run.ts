import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import process from 'node:process';
import { ruleById } from '../rules/index.ts';
import type { Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { drive } from '../training/drive.ts';
import { readDocuments } from './folder/documents.ts';
import { RunFolder } from './folder/index.ts';
import { networkFor } from '../training/network-of-config.ts';
import { pretrainingConfig, takeOver } from '../training/pretraining.ts';
import type { MetricsRecord, Mistake, PictureGrid, RunDocument, RunStatus } from '../training/records.ts';
import { describeRun } from './run-document.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { checkOptions } from '../training/rule-options.ts';
import type { RunRules, Task } from '../training/task.ts';
import type { Training } from '../training/training.ts';
import { startFromWeights } from './files/weights-file.ts';
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
  /** Sees what has learned to its end, before it is disposed of. */
  readonly onDone?: ((training: Training) => void) | undefined;
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
  readonly fantasies?: PictureGrid | undefined;
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
      describeRun({
        ...{ training, workers, variant, metrics, status, wallSeconds, compute, task, error },
        folder: folder?.path,
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      });
    let workers = config.workers;
    let status: RunStatus = 'running';
    let failure: unknown;
    folder?.status({ status, document: document(status) });
    let savedEpoch = Math.floor(training.epoch);
    let sliceStart = now();
    try {
      const before = isRestored ? 'done' : await pretrain(options, training);
      if (!training.done && before === 'done') await pool?.start(training, signal);
      status = await drive(training, {
        now,
        until: before === 'done' ? stopAt(options, training) : 0,
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
      if (status === 'interrupted' && before === 'done') save();
    } catch (error) {
      status = 'failed';
      failure = ruleFailure(rules.rule, `at step ${training.step}`, error);
    }
    if (status === 'done') {
      const measured = metrics.findLast((its) => its.kind === 'evaluation')?.metrics ?? {};
      for (const hint of training.learner.hints({ kind: 'finished', measured })) onWarning?.(hint);
    }
    workers = pool?.size ?? 1;
    await pool?.close();
    if (status === 'done') options.onDone?.(training);
    const mistakes = status === 'done' ? training.mistakes(24) : [];
    const fantasies = status === 'done' ? training.fantasies(60) : undefined;
    const final = document(status, failure);
    folder?.status({ status, document: final });
    return {
      document: final,
      metrics,
      mistakes,
      fantasies,
      ...(failure === undefined ? {} : { error: failure }),
    };
  } finally {
    await pool?.close();
    training.dispose();
  }
}

const stopAt = ({ stopAtEpoch }: RunOptions, { stepsPerEpoch }: Training): number | undefined =>
  stopAtEpoch === undefined ? undefined : stopAtEpoch * stepsPerEpoch;

/**
 * Does the run that comes before this one, where its config asks for one, and gives its network what that has found. It
 * is kept in the folder `pretraining` inside, as a run of its own, and gone on with where it was interrupted. Throws its error.
 */
async function pretrain(options: RunOptions, training: Training): Promise<'done' | 'interrupted'> {
  const { compute, task, folder } = options;
  const config = configBefore(options);
  if (!config) return 'done';
  const kept = folder && openInside(folder, 'pretraining', config, compute);
  try {
    const { document, error } = await executeRun({
      ...{ compute, task, config, rules: { rule: ruleById(config.rule) } },
      ...{ blasPath: options.blasPath, folder: kept, resume: true },
      ...{ signal: options.signal, onProgress: options.onProgress },
      onDone: ({ learner }) => takeOver(compute, learner.network, training.learner.network),
    });
    if (error instanceof Error) throw error;
    return document.status === 'done' ? 'done' : 'interrupted';
  } finally {
    kept?.close();
  }
}

/** The run that comes before, as a config; undefined where none does. Throws `config.pretraining`. */
function configBefore({ config, task }: Pick<RunOptions, 'config' | 'task'>): Config | undefined {
  const { pretraining } = config;
  if (!pretraining || !task.examples) return undefined;
  return pretrainingConfig({ ...config, pretraining }, networkFor(config, task.examples));
}

function openInside(folder: RunFolder, name: string, config: Config, compute: Compute): RunFolder {
  const where = path.join(folder.path, name);
  const { backend } = compute;
  return RunFolder.exists(where)
    ? RunFolder.open(where, { config, backend })
    : RunFolder.create(where, { config, command: `begun by the run in ${folder.path}`, backend });
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
  const before = configBefore({ config, task });
  if (before) {
    const rule = ruleById(before.rule);
    checkOptions(rule, before.ruleOptions);
    checkRun(task, before, { rule }, isResumed);
  }
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
