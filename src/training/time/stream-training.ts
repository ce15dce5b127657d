import { ApicalError } from '../../errors.ts';
import type { Batch } from '../../learning/learner.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { DataTraining } from '../data-training.ts';
import type { DataTrainingOptions, HeldOut } from '../data-training.ts';
import { gatherSeries, sweepSeries } from '../evaluation.ts';
import type { ExampleSet } from '../examples.ts';
import type { SeriesSteps } from '../evaluation.ts';
import type { Part } from '../readout/readout.ts';
import { planStreams } from './stream-plan.ts';
import type { StreamPlan } from './stream-plan.ts';
import type { Position } from '../training.ts';

/**
 * A run that learns from a series in order. `config.batch` parallel streams start at evenly spaced places of the series,
 * from rest; each update takes their next `task.time.window` steps and carries activity on. An epoch is one pass. The
 * end of the training series is held out for validation, and held-out series are scored from rest.
 */
export class StreamTraining extends DataTraining {
  readonly #plan: StreamPlan;

  /** Throws `config.…`, `rule.options` and `network.…` errors if the parts do not fit together. */
  constructor(options: DataTrainingOptions) {
    const plan = planStreams(options.config, options.examples);
    super(options, { stepsPerEpoch: plan.updates, streams: plan.starts.length });
    this.#plan = plan;
  }

  override snapshot(): { tensors: ReadonlyMap<string, Tensor>; position: Position } {
    const { tensors, position } = super.snapshot();
    return { tensors, position: { ...position, streams: this.#plan.starts.length } };
  }

  /** Throws `run.streams` if the checkpoint has another number of streams. */
  override restore(position: Position): void {
    checkStreams(position, this.#plan.starts.length);
    super.restore(position);
  }

  mistakes(): [] {
    return [];
  }

  fantasies(): undefined {
    return undefined;
  }

  protected update(): number {
    const { starts, washout } = this.#plan;
    const window = this.#plan.window(this.step % this.stepsPerEpoch);
    this.compute.scope(() => {
      this.learner.learn(this.examples.train.gatherStreams(starts, window, washout), this.step, this.epoch);
    });
    return starts.length * window.steps;
  }

  /** Returns the first steps of the streams, from rest, after the washout. */
  protected probeBatch(): Batch {
    const { starts, length, washout, windowSteps } = this.#plan;
    const steps = Math.min(length, washout + windowSteps);
    const window = { first: 0, steps, continues: false };
    return this.examples.train.gatherStreams(starts.slice(0, this.config.probe.examples), window, washout);
  }

  /** Gathers the first steps of the training series, after the washout, or held-out series. */
  protected gather(part: Part, most: number, visit: (batch: Batch) => boolean): void {
    const [set, { first, end, washout }] = this.#partOf(part);
    const last = part === 'train' ? Math.min(end, first + this.#plan.washout + most) : end;
    gatherSeries(this.compute, set, { first, end: last, washout }, visit);
  }

  protected sweep(part: HeldOut): number | undefined {
    const [set, steps] = this.#partOf(part);
    if (steps.end <= steps.first) return undefined;
    sweepSeries(this.compute, this.learner, set, steps);
    return this.learner.tally().examples;
  }

  #partOf(part: Part): readonly [set: ExampleSet, steps: SeriesSteps] {
    const { train, test } = this.examples;
    const { trainSteps, washout } = this.#plan;
    if (part === 'test') return [test, { first: 0, end: test.steps, washout }];
    const [first, end] = part === 'train' ? [0, trainSteps.end] : [trainSteps.end, trainSteps.all];
    return [train, { first, end, washout }];
  }
}

/** Throws `run.streams` if a checkpoint has another number of streams than a training. */
function checkStreams({ streams }: Position, expected: number): void {
  if (streams === expected) return;
  throw new ApicalError(
    'run.streams',
    `The checkpoint holds ${streams === undefined ? 'no streams' : `the state of ${streams} ${streams === 1 ? 'stream' : 'streams'}`}, but batch is ${expected}. Resume with ${streams === undefined ? 'the config of that run' : `batch=${streams}`}, or start a new run.`,
    { streams, expected },
  );
}
