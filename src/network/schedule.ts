/**
 * A value that changes during training, as data. The epoch is a real number.
 * - `constant`: value;
 * - `step`: value × factor^⌊epoch / every⌋;
 * - `linear`: from value to `end` over the first `epochs` (default: the whole run), then `end`;
 * - `exponential`: value × factor^epoch;
 * - `cosine`: from value to `end` (default 0) along half a cosine over `epochs` (default: the whole run).
 * During the first `warmup` epochs the value is multiplied by a factor that rises linearly from 0 to 1.
 */
export type Schedule = { readonly warmup?: number } & (
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'step'; readonly value: number; readonly factor: number; readonly every: number }
  | { readonly kind: 'linear'; readonly value: number; readonly end: number; readonly epochs?: number }
  | { readonly kind: 'exponential'; readonly value: number; readonly factor: number }
  | { readonly kind: 'cosine'; readonly value: number; readonly end?: number; readonly epochs?: number }
);

/** A number, which is constant, or a schedule. */
export type Scheduled = number | Schedule;

/**
 * Returns the value of a schedule at a fractional `epoch` of a run of `epochs`.
 *
 * @example
 * ```ts
 * import { valueAt } from 'apical/rules';
 *
 * valueAt({ kind: 'cosine', value: 0.1 }, 5, 10); // 0.05
 * ```
 */
export function valueAt(scheduled: Scheduled, epoch: number, epochs: number): number {
  if (typeof scheduled === 'number') return scheduled;
  const { warmup = 0 } = scheduled;
  return unwarmed(scheduled, epoch, epochs) * (epoch < warmup ? epoch / warmup : 1);
}

/**
 * Returns a schedule whose values are multiplied by `factor`.
 *
 * @example
 * ```ts
 * import { scaleSchedule } from 'apical/rules';
 *
 * scaleSchedule({ kind: 'linear', value: 1, end: 0 }, 0.1); // { kind: 'linear', value: 0.1, end: 0 }
 * ```
 */
export function scaleSchedule(scheduled: Scheduled, factor: number): Scheduled {
  if (typeof scheduled === 'number') return scheduled * factor;
  const value = scheduled.value * factor;
  if (scheduled.kind === 'linear') return { ...scheduled, value, end: scheduled.end * factor };
  if (scheduled.kind === 'cosine') return { ...scheduled, value, end: (scheduled.end ?? 0) * factor };
  return { ...scheduled, value };
}

function unwarmed(schedule: Schedule, epoch: number, epochs: number): number {
  switch (schedule.kind) {
    case 'constant':
      return schedule.value;
    case 'step':
      return schedule.value * schedule.factor ** Math.floor(epoch / schedule.every);
    case 'exponential':
      return schedule.value * schedule.factor ** epoch;
    case 'linear': {
      const share = Math.min(1, epoch / (schedule.epochs ?? epochs));
      return schedule.value + (schedule.end - schedule.value) * share;
    }
    case 'cosine': {
      const share = Math.min(1, epoch / (schedule.epochs ?? epochs));
      const end = schedule.end ?? 0;
      return end + ((schedule.value - end) * (1 + Math.cos(Math.PI * share))) / 2;
    }
  }
}
