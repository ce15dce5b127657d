import type { Training } from './training.ts';

export interface DriveOptions {
  /** A clock in seconds. */
  readonly now: () => number;
  /** Stops there as if interrupted, where the training is longer: a step. */
  readonly until?: number | undefined;
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
 * gives the same numbers as alone. Resolves to `interrupted` when the signal is aborted, between two steps, or where
 * it was to stop.
 */
export async function drive(training: Training, options: DriveOptions): Promise<'done' | 'interrupted'> {
  const { now, signal, pause, slice = 0.05, onSlice } = options;
  const last = Math.min(options.until ?? training.totalSteps, training.totalSteps);
  while (training.step < last) {
    if (signal?.aborted) return 'interrupted';
    const end = now() + slice;
    while (training.step < last && now() < end) training.advance(1, now);
    onSlice?.(training);
    await pause();
  }
  return training.done ? 'done' : 'interrupted';
}
