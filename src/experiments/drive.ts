import type { Training } from './training-contract.ts';

export interface DriveOptions {
  /** A clock in seconds. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Lets others run: events, drawing, another training beside this one. */
  readonly pause: () => Promise<void>;
  /** How long to work before pausing, in seconds. Default 0.05. */
  readonly slice?: number;
  /** Called after each slice: progress, checkpoints. */
  readonly onSlice?: (training: Training) => void;
}

/**
 * Drives a training to its end in slices of time. Several may be driven at once: they take turns, and each
 * gives the same numbers as alone. Resolves to `interrupted` when the signal is aborted, between two steps.
 */
export async function drive(training: Training, options: DriveOptions): Promise<'done' | 'interrupted'> {
  const { now, signal, pause, slice = 0.05, onSlice } = options;
  while (!training.done) {
    if (signal?.aborted) return 'interrupted';
    const end = now() + slice;
    while (training.step < training.totalSteps && now() < end) training.advance(1, now);
    onSlice?.(training);
    await pause();
  }
  return 'done';
}
