import { setTimeout } from 'node:timers/promises';
import { ApicalError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { RunFolder } from '../runs/folder/index.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { executeRun } from '../runs/run.ts';
import type { BlindTask } from './blind.ts';

/** A trial on one seed, to be learned as far as a rung. */
export interface TrialWork {
  readonly config: Config;
  readonly folder: string;
  readonly stopAtEpoch: number;
  readonly command: string;
}

/** How a trial did on one seed. */
export type TrialOutcome =
  | {
      readonly kind: 'scored';
      /** On the validation examples, at the rung's epoch. */
      readonly error: number;
      readonly loss: number;
      readonly trainedSeconds: number;
      /** Examples sent through the network so far, over all phases of all steps. */
      readonly passes: number;
    }
  | { readonly kind: 'diverged' | 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'interrupted' };

export interface TrialListener {
  progress?(epoch: number): void;
  warning?(message: string): void;
}

/** How long a lock is waited for whose owner has been left behind: it stops with a checkpoint. */
const LOCK_SECONDS = 20;

/** Learns one trial in its run folder, from its beginning or its last checkpoint, until its rung. */
export async function learnTrial(
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
  const kept = await whenUnlocked(open);
  try {
    const { document, metrics } = await executeRun({
      compute,
      task,
      config,
      rules: { rule },
      folder: kept,
      resume: true,
      stopAtEpoch,
      signal,
      onProgress: ({ training }) => listener.progress?.(training.epoch),
      onWarning: (message) => listener.warning?.(message),
    });
    // Whoever went on with this trial by hand may have got further than its rung.
    const judged = metrics.find((record) => record.kind === 'evaluation' && record.epoch === stopAtEpoch);
    if (judged?.kind === 'evaluation' && judged.validation) {
      const { error, loss } = judged.validation;
      const { passes = 0 } = document.metrics;
      return { kind: 'scored', error, loss, trainedSeconds: judged.trainedSeconds, passes };
    }
    const { failure } = document;
    if (!failure) return { kind: 'interrupted' };
    if (failure.code.startsWith('folder.')) throw new ApicalError(failure.code, failure.message);
    return { kind: failure.code === 'run.diverged' ? 'diverged' : 'failed', ...failure };
  } finally {
    kept.close();
  }
}

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
