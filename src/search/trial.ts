import { setTimeout } from 'node:timers/promises';
import { ApicalError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { RunFolder } from '../runs/folder/index.ts';
import type { EvaluationRecord } from '../training/records.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { executeRun } from '../runs/run.ts';
import type { BlindTask } from './blind.ts';

/** A trial on one seed and the rung up to which it trains. */
export interface TrialWork {
  readonly config: Config;
  readonly folder: string;
  readonly stopAtEpoch: number;
  readonly command: string;
}

/** The outcome of a trial on one seed. */
export type TrialOutcome =
  | {
      readonly kind: 'scored';
      /** Validation error and loss at the rung's epoch. */
      readonly error: number;
      readonly loss: number;
      readonly trainedSeconds: number;
      /** Number of examples passed through the network so far, over all phases of all steps. */
      readonly passes: number;
    }
  | { readonly kind: 'diverged' | 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'interrupted' };

/** Callbacks for the progress of a trial. */
export interface TrialListener {
  progress?(epoch: number): void;
  warning?(message: string): void;
}

/** Time to wait for a folder locked by an orphaned worker, which stops after a checkpoint. */
const LOCK_SECONDS = 20;

/** Trains one trial in its run folder up to its rung, from the start or from its last checkpoint. */
export async function runTrial(
  { compute, task }: BlindTask,
  { config, folder, stopAtEpoch, command }: TrialWork,
  signal: AbortSignal,
  listener: TrialListener = {},
): Promise<TrialOutcome> {
  const rule = await loadRule(config.rule);
  const open = () =>
    RunFolder.exists(folder)
      ? RunFolder.open(folder, { config, backend: compute.backend })
      : RunFolder.create(folder, { config, command, backend: compute.backend });
  const runFolder = await whenUnlocked(open);
  try {
    const { document, metrics } = await executeRun({
      compute,
      task,
      config,
      rules: { rule },
      folder: runFolder,
      resume: true,
      stopAtEpoch,
      signal,
      onProgress: ({ training }) => listener.progress?.(training.epoch),
      onWarning: (message) => listener.warning?.(message),
    });
    // A user may have resumed this trial by hand beyond its rung.
    const evaluation = metrics.find((record) => record.kind === 'evaluation' && record.epoch === stopAtEpoch);
    const score = evaluation?.kind === 'evaluation' ? rankedScore(evaluation) : undefined;
    if (evaluation?.kind === 'evaluation' && score) {
      const { passes = 0 } = document.metrics;
      return { kind: 'scored', ...score, trainedSeconds: evaluation.trainedSeconds, passes };
    }
    if (evaluation) throw unranked();
    const { failure } = document;
    if (!failure) return { kind: 'interrupted' };
    if (failure.code.startsWith('folder.')) throw new ApicalError(failure.code, failure.message);
    return { kind: failure.code === 'run.diverged' ? 'diverged' : 'failed', ...failure };
  } finally {
    runFolder.close();
  }
}

/** Returns the score by which trials are ranked: that of the network or, if it has no error, that of the readout. */
function rankedScore({ validation, readout }: EvaluationRecord): { error: number; loss: number } | undefined {
  const { error, loss } = validation?.error === undefined ? (readout?.validation ?? {}) : validation;
  return error === undefined || loss === undefined ? undefined : { error, loss };
}

/** Returns the error for trials that nothing ranks. */
export const unranked = (): ApicalError =>
  new ApicalError(
    'search.score',
    'A search ranks trials by validation error, but this network compares no answer with a target. Add a readout, such as --set readout.kind=ridge, whose error then ranks them.',
  );

async function whenUnlocked(open: () => RunFolder): Promise<RunFolder> {
  for (let waited = 0; ; waited += 0.1) {
    try {
      return open();
    } catch (error) {
      const isLocked = error instanceof ApicalError && error.code === 'folder.locked';
      if (!isLocked || waited > LOCK_SECONDS) throw error;
      await setTimeout(100);
    }
  }
}
