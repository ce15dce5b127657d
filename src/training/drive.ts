import type { Training } from './training.ts';

/** Options of `drive`. */
export interface DriveOptions {
  /** A clock in seconds. */
  readonly now: () => number;
  /** A step at which to stop as if interrupted; ignored if the training ends before it. */
  readonly until?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Yields to other work: events, drawing, other trainings. */
  readonly pause: () => Promise<void>;
  /** Seconds of work between pauses. Default 0.05. */
  readonly slice?: number;
  /** Called after each slice of work, for progress and checkpoints. */
  readonly onSlice?: (training: Training) => void;
}

/**
 * Runs a training to its end in slices of time. Several can run concurrently: they take turns, and each gives the same
 * numbers as alone. Resolves to `interrupted` if the signal is aborted, between two steps, or at step `until`.
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
