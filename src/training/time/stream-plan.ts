import { ApicalError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import type { StepWindow } from './batch-in-time.ts';
import type { Examples } from '../examples.ts';

/** Steps per update of a stream unless `task.time.window` is set. */
const WINDOW = 32;

/** How an epoch goes through a series. */
export interface StreamPlan {
  /** The step at which each parallel stream starts. */
  readonly starts: readonly number[];
  /** Number of steps of each stream. */
  readonly length: number;
  /** Number of steps per update. */
  readonly windowSteps: number;
  readonly updates: number;
  readonly washout: number;
  /** Steps of the training split: the first that is held out for validation, and their number. */
  readonly trainSteps: { readonly end: number; readonly all: number };
  /** Returns the steps of an update of the epoch. */
  window(update: number): StepWindow;
}

/**
 * Divides the training series among the streams of a config: stream e of B starts at step e · ⌊steps / B⌋. Throws
 * `config.examples` and `config.batch` if the series is too short, and `config.time`.
 */
export function planStreams({ task, batch }: Config, { train, test, dataset }: Examples): StreamPlan {
  const { window = WINDOW, washout = 0 } = task.time ?? {};
  const all = train.count === 0 ? 0 : train.steps;
  const available = all - Math.round(all * task.validation);
  const end = task.trainExamples ?? available;
  if (end > available) {
    throw new ApicalError(
      'config.examples',
      `task.trainExamples is ${end}, but ${dataset.title} has ${available} training steps${task.validation > 0 ? ' besides those for validation' : ''}. Lower it.`,
    );
  }
  const length = Math.floor(end / batch);
  if (length < 1) {
    throw new ApicalError(
      'config.batch',
      `batch is ${batch}, the number of parallel streams, but there are only ${end} training steps: use a batch of at most ${Math.max(1, end)}.`,
    );
  }
  const parts = [
    ['each stream', length],
    ...(test.count > 0 ? ([['the test series', test.steps]] as const) : []),
    ...(available < all ? ([['the validation series', all - available]] as const) : []),
  ] as const;
  for (const [name, steps] of parts) {
    if (washout < steps) continue;
    throw new ApicalError(
      'config.time',
      `task.time.washout is ${washout}, but ${name} has only ${steps} steps, of which none would be left. Lower it${name === 'each stream' && batch > 1 ? ', or batch' : ''}.`,
      { washout, steps },
    );
  }
  return {
    starts: Array.from({ length: batch }, (_, index) => index * length),
    length,
    windowSteps: Math.min(window, length),
    updates: Math.ceil(length / window),
    washout,
    trainSteps: { end: available, all },
    window: (update) => ({
      first: update * window,
      steps: Math.min(window, length - update * window),
      continues: update > 0,
    }),
  };
}
