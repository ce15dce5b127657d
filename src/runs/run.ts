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
import { networkFor } from '../training/of-config/network-of-config.ts';
import { pretrainingConfig, takeOver } from '../training/pretraining.ts';
import type { MetricsRecord, Mistake, PictureGrid, RunDocument, RunStatus } from '../training/records.ts';
import { describeRun } from './run-document.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { checkOptions } from '../training/of-config/rule-options.ts';
import type { RunRules, Task } from '../training/task.ts';
import type { Training } from '../training/training.ts';
import { startFromWeights } from './files/weights-file.ts';
import { WorkerPool } from './workers/pool.ts';

const now = () => performance.now() / 1000;

/** Options of `executeRun`. */
export interface RunOptions {
  readonly compute: Compute;
  readonly task: Task;
  readonly config: Config;
  readonly rules: RunRules;
  /** Name of the run, if its rule takes part more than once. */
  readonly variant?: string | undefined;
  /** Path of the BLAS library, for the backends of workers. */
  readonly blasPath?: string | undefined;
  /** Folder to save to; without one nothing is written. */
  readonly folder?: RunFolder | undefined;
  /** Resume from the folder's latest checkpoint. */
  readonly resume?: boolean;
  /** Stops after this epoch with a checkpoint, as if interrupted, so that the run can be resumed. */
  readonly stopAtEpoch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Receives the finished training before it is disposed of. */
  readonly onDone?: ((training: Training) => void) | undefined;
}

/** The state of a running training. */
export interface RunProgress {
  readonly training: Training;
  readonly latest: MetricsRecord | undefined;
}

/** A run that has ended, whatever its status, with everything that a report needs. */
export interface FinishedRun {
  readonly document: RunDocument;
  readonly metrics: readonly MetricsRecord[];
  readonly mistakes: readonly Mistake[];
  readonly fantasies?: PictureGrid | undefined;
  readonly error?: unknown;
}

/**
 * Executes one run to its end and saves its records, checkpoints and status in its folder. If learning fails
 * (`run.diverged`) or the folder does (`folder.full`), the run ends as failed and the error is returned, not thrown, so
 * that other runs of a comparison continue. The last good checkpoint stays. Invalid configs throw.
 */
export async function executeRun(options: RunOptions): Promise<FinishedRun> {
  const { compute, task, config, rules, variant, folder, signal, onProgress, onWarning } = options;
  const metrics: MetricsRecord[] = [];
  const pool = openPool(options);
  const record = (entry: MetricsRecord) => {
    metrics.push(entry);
    folder?.record(entry);
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
        // First the position, whose errors say more than those of tensors that do not fit.
        training.restore(found.position);
        folder.restoreInto(training.snapshot().tensors, found);
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
      const pretraining = isRestored ? 'done' : await pretrain(options, training);
      if (!training.done && pretraining === 'done') await pool?.start(training, signal);
      status = await drive(training, {
        now,
        until: pretraining === 'done' ? stopAt(options, training) : 0,
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
      if (status === 'interrupted' && pretraining === 'done') save();
    } catch (error) {
      status = 'failed';
      failure = ruleFailure(rules.rule, `at step ${training.step}`, error);
    }
    if (status === 'done') {
      const measured = metrics.findLast((entry) => entry.kind === 'evaluation')?.metrics ?? {};
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
 * Executes the pretraining of a config, if it has one, and copies the weights into the network. Pretraining is a run of
 * its own in the subfolder `pretraining`, and is resumed if it was interrupted. Throws its error.
 */
async function pretrain(options: RunOptions, training: Training): Promise<'done' | 'interrupted'> {
  const { compute, task, folder } = options;
  const config = pretrainingOf(options);
  if (!config) return 'done';
  const subfolder = folder && openSubfolder(folder, 'pretraining', config, compute);
  try {
    const { document, error } = await executeRun({
      ...{ compute, task, config, rules: { rule: ruleById(config.rule) } },
      ...{ blasPath: options.blasPath, folder: subfolder, resume: true },
      ...{ signal: options.signal, onProgress: options.onProgress },
      onDone: ({ learner }) => takeOver(compute, learner.network, training.learner.network),
    });
    if (error instanceof Error) throw error;
    return document.status === 'done' ? 'done' : 'interrupted';
  } finally {
    subfolder?.close();
  }
}

/** Returns the config of the pretraining run; undefined if there is none. Throws `config.pretraining`. */
function pretrainingOf({ config, task }: Pick<RunOptions, 'config' | 'task'>): Config | undefined {
  const { pretraining } = config;
  if (!pretraining || !task.examples) return undefined;
  return pretrainingConfig({ ...config, pretraining }, networkFor(config, task.examples));
}

function openSubfolder(folder: RunFolder, name: string, config: Config, compute: Compute): RunFolder {
  const subfolder = path.join(folder.path, name);
  const { backend } = compute;
  return RunFolder.exists(subfolder)
    ? RunFolder.open(subfolder, { config, backend })
    : RunFolder.create(subfolder, { config, command: `started by the run in ${folder.path}`, backend });
}

/** Creates workers if the config asks for them and the task has examples. */
function openPool({ compute, task, config, blasPath, onWarning }: RunOptions): WorkerPool | undefined {
  const { examples } = task;
  if (config.workers === 1 || !examples) return undefined;
  return new WorkerPool({ config, examples, backend: compute.backend.name, blasPath, onWarning });
}

/**
 * Throws if a config is invalid, before anything is written or trained. A resumed run has weights of its own, so the
 * file that it started from may be gone.
 */
export function checkRun(
  task: Task,
  config: Config,
  rules: RunRules,
  isResumed = false,
  look?: (training: Training) => void,
): void {
  const pretraining = pretrainingOf({ config, task });
  if (pretraining) {
    const rule = ruleById(pretraining.rule);
    checkOptions(rule, pretraining.ruleOptions);
    checkRun(task, pretraining, { rule }, isResumed);
  }
  const training = beginTraining(task, config, rules, () => undefined);
  try {
    if (!isResumed) startFromWeights(training.learner.network, config);
    look?.(training);
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
