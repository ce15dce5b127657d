import type { BatchTime } from '../../dynamics/index.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Consecutive steps of sequences or streams. */
export interface StepWindow {
  /** Number of the first step, from 0. */
  readonly first: number;
  readonly steps: number;
  /** Whether activity goes on from the window before; otherwise it starts from rest. */
  readonly continues: boolean;
}

/**
 * Returns the stored row of each step of a window, (steps · series) i32 and temporary: row t · B + e is that of step t of
 * series e, whose first step is row `starts[e]`.
 *
 * @param stride - Rows from one step to the next: 1, or 0 if a series has a single row.
 */
export function rowsOfSteps(
  compute: Compute,
  starts: readonly number[],
  { first, steps }: StepWindow,
  stride = 1,
): Tensor {
  const rows = compute.temporary([steps * starts.length], 'i32');
  const values = rows.data;
  let row = 0;
  for (let step = first; step < first + steps; step++) {
    for (const start of starts) values[row++] = start + stride * step;
  }
  return rows;
}

interface TimeOptions {
  readonly window: StepWindow;
  /** (steps · streams) i32: the stored row of each step. */
  readonly rows: Tensor;
  /** B: number of sequences or streams. */
  readonly streams: number;
  /** (B): the length of each sequence; undefined if all have `storedSteps`. */
  readonly lengths?: readonly number[] | undefined;
  readonly storedSteps: number;
  /** Whether a target is due at the last step alone. */
  readonly isLast: boolean;
  /** (stored rows, 1) u8: 1 where a target is due. */
  readonly mask?: Tensor | undefined;
  /** Number of steps at the start without a target. */
  readonly washout?: number | undefined;
}

/** Returns the time axis of a batch; its tensors are temporary. */
export function batchTime(compute: Compute, options: TimeOptions): BatchTime {
  const { window, rows, streams, lengths, storedSteps, isLast, mask, washout = 0 } = options;
  const { first, steps, continues } = window;
  const size = steps * streams;
  const ends = Array.from({ length: streams }, (_, index) => (lengths?.[index] ?? storedSteps) - first);
  const about = { steps, continues, first };
  let present: Tensor | undefined;
  if (ends.some((end) => end < steps)) {
    present = compute.temporary([size]);
    compute.fill(present, 1);
    const values = present.data;
    for (const [index, end] of ends.entries()) {
      for (let step = Math.max(0, end); step < steps; step++) values[step * streams + index] = 0;
    }
  }
  const parts = present ? { present } : {};
  if (isLast) {
    const due = compute.temporary([size]);
    compute.fill(due, 0);
    const values = due.data;
    let count = 0;
    for (const [index, end] of ends.entries()) {
      if (end < 1 || end > steps) continue;
      values[(end - 1) * streams + index] = 1;
      count += 1;
    }
    return { ...about, ...parts, due, count };
  }
  // Steps of the window before the first target that is due.
  const silent = Math.min(steps, Math.max(0, washout - first));
  if (mask) {
    const due = compute.temporary([size, 1]);
    compute.gatherRows(due, mask, rows, 1);
    if (silent > 0) compute.fill(due.rowRange(0, silent * streams), 0);
    let count = 0;
    for (const value of due.data) count += value;
    return { ...about, ...parts, due: due.reshape([size]), count };
  }
  if (silent > 0) {
    const due = compute.temporary([size]);
    compute.fill(due, 1);
    due.data.fill(0, 0, silent * streams);
    return { ...about, ...parts, due, count: size - silent * streams };
  }
  const count = ends.reduce((sum, end) => sum + Math.min(steps, Math.max(0, end)), 0);
  return { ...about, ...parts, ...(present ? { due: present } : {}), count };
}
