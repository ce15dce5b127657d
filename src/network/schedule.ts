/**
 * A value that changes over training, as data; epochs count with their fraction.
 * - `constant`: value;
 * - `step`: value × factor^⌊epoch / every⌋;
 * - `linear`: from value to `end` over the first `epochs` (default: the whole run), then `end`;
 * - `exponential`: value × factor^epoch;
 * - `cosine`: from value to `end` (default 0) along half a cosine over `epochs` (default: the whole run).
 * Over the first `warmup` epochs the value is multiplied by a factor that rises linearly from 0 to 1.
 */
export type Schedule = { readonly warmup?: number } & (
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'step'; readonly value: number; readonly factor: number; readonly every: number }
  | { readonly kind: 'linear'; readonly value: number; readonly end: number; readonly epochs?: number }
  | { readonly kind: 'exponential'; readonly value: number; readonly factor: number }
  | { readonly kind: 'cosine'; readonly value: number; readonly end?: number; readonly epochs?: number }
);

/** A plain number is a constant schedule. */
export type Scheduled = number | Schedule;

/** The value at `epoch` of a run of `epochs`. */
export function valueAt(scheduled: Scheduled, epoch: number, epochs: number): number {
  if (typeof scheduled === 'number') return scheduled;
  const { warmup = 0 } = scheduled;
  return unwarmed(scheduled, epoch, epochs) * (epoch < warmup ? epoch / warmup : 1);
}

/** The same course at `factor` times the height. */
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
