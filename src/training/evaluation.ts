import { ApicalError } from '../errors.ts';
import type { Phase } from '../dynamics/index.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { DataDescription, Dataset } from '../datasets/dataset.ts';
import { inTimeOf } from './time/data-in-time.ts';
import { ExampleSet } from './examples.ts';
import type { HeldOutScore, Metrics } from './records.ts';
import { heldOutScoreOf, metricsOf, scoredBy } from './scores.ts';
import type { TrainedNetwork } from './trained-network.ts';

/** Number of examples evaluated at once: enough for fast products, few enough for the heap. */
export const EVALUATION_BATCH = 500;

/** Number of steps evaluated at once, over all sequences of a batch. */
const EVALUATION_STEPS = 16_384;

/** Returns how many sequences of a set fit in a batch of bounded memory; Infinity without a time axis. */
export const mostSequences = ({ time, steps }: ExampleSet): number =>
  time ? Math.max(1, Math.floor(EVALUATION_STEPS / Math.max(1, steps))) : Infinity;

/** Allocates the indices of an evaluation batch of these sets, for `sweep`. */
export const evaluationScratch = (compute: Compute, ...sets: readonly ExampleSet[]): Tensor =>
  compute.allocate([Math.min(EVALUATION_BATCH, ...sets.map(mostSequences))], 'i32');

/**
 * The score of a network on examples, with the metrics that its rule reports besides the loss. A network without
 * objectives has no loss.
 */
export interface Evaluation extends Partial<HeldOutScore> {
  readonly count: number;
  readonly metrics?: Metrics;
}

/**
 * Evaluates the examples of a set at `indices`, batch by batch, without learning. Afterwards the learner's tally holds
 * their sums. `visit` is called with the indices and the phase of each batch.
 *
 * @param scratch - (batch) i32, for the indices of a batch; see `evaluationScratch`.
 */
export function sweep(
  compute: Compute,
  learner: Learner,
  set: ExampleSet,
  indices: Int32Array,
  scratch: Tensor,
  visit?: (batch: Int32Array, phase: Phase) => void,
): void {
  learner.resetTally();
  gatherExamples(compute, set, indices, scratch, (batch, part) => {
    learner.evaluate(batch, visit && ((phase) => visit(part, phase)));
    return true;
  });
}

/**
 * Gathers the examples of a set at `indices`, batch by batch, each in a scope, until `visit` returns false.
 *
 * @param scratch - (batch) i32, for the indices of a batch; see `evaluationScratch`.
 */
export function gatherExamples(
  compute: Compute,
  set: ExampleSet,
  indices: Int32Array,
  scratch: Tensor,
  visit: (batch: Batch, part: Int32Array) => boolean,
): void {
  const { size } = scratch;
  for (let first = 0; first < indices.length; first += size) {
    const part = indices.subarray(first, first + size);
    const heapIndices = scratch.reshape([size, 1]).rowRange(0, part.length);
    heapIndices.set(part);
    if (!compute.scope(() => visit(set.gather(heapIndices.reshape([part.length])), part))) return;
  }
}

/**
 * Evaluates the steps `first` to `end − 1` of a series from rest, without learning; the first `washout` are not scored.
 * Afterwards the learner's tally holds their sums.
 */
export function sweepSeries(compute: Compute, learner: Learner, set: ExampleSet, steps: SeriesSteps): void {
  learner.resetTally();
  gatherSeries(compute, set, steps, (batch) => {
    learner.evaluate(batch);
    return true;
  });
}

/** The steps of a series from `first` to `end − 1`; in the first `washout` no target is due. */
export interface SeriesSteps {
  readonly first: number;
  readonly end: number;
  readonly washout?: number | undefined;
}

/** Gathers steps of a series window by window, each in a scope, until `visit` returns false. */
export function gatherSeries(
  compute: Compute,
  set: ExampleSet,
  { first, end, washout = 0 }: SeriesSteps,
  visit: (batch: Batch) => boolean,
): void {
  for (let at = first; at < end; at += EVALUATION_BATCH) {
    const steps = Math.min(EVALUATION_BATCH, end - at);
    const window = { first: at - first, steps, continues: at > first };
    if (!compute.scope(() => visit(set.gatherStreams([first], window, washout)))) return;
  }
}

/**
 * Evaluates a trained network on the test examples of a data set, or on its training examples if it has no others.
 *
 * Throws `evaluate.data` if the examples do not fit the network, and `evaluate.objective` if the loss is a function that a
 * loaded network lacks.
 */
export function evaluateNetwork(trained: TrainedNetwork, dataset: Dataset): Evaluation {
  const { compute, learner, config } = trained;
  // The kind says how a file was read, and holds for data that are in time already.
  const { from } = config.task.time ?? {};
  const viewed = from && !dataset.time ? inTimeOf(dataset, { from }) : dataset;
  checkFits(trained, viewed);
  const { test, train } = viewed;
  const split = test.count > 0 ? test : train;
  const layout = { ...viewed, targetSize: trained.data.targetSize };
  const set = new ExampleSet(compute, split, layout, 'test');
  const scratch = evaluationScratch(compute, set);
  try {
    if (set.time?.kind === 'stream') {
      sweepSeries(compute, learner, set, { first: 0, end: set.steps, washout: config.task.time?.washout });
    } else sweep(compute, learner, set, allIndices(set.count), scratch);
    const tally = learner.tally();
    const count = set.time ? tally.examples : set.count;
    const score = heldOutScoreOf(tally, count, scoredBy(learner.network, viewed));
    return { count, ...score, ...metricsOf(tally) };
  } finally {
    learner.resetTally();
    compute.free(scratch);
    set.dispose();
  }
}

function checkFits({ data, config, knowsLoss }: TrainedNetwork, dataset: Dataset): void {
  if (!knowsLoss) {
    throw new ApicalError(
      'evaluate.objective',
      `The loss of this network is in the file ${JSON.stringify(config.objective)}, which a loaded network does not use. Compute it from the outputs of predict.`,
    );
  }
  const what = (task: string) =>
    task === 'none' ? 'no targets' : task === 'classification' ? 'labels' : 'target values';
  const unitsOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const kindOf = ({ time }: DataDescription) => time?.kind ?? 'examples without a time axis';
  const found = { units: unitsOf(dataset.inputShape), task: dataset.task, size: dataset.targetSize };
  const expected = { units: unitsOf(data.inputShape), task: data.task, size: data.targetSize };
  const reason =
    kindOf(dataset) !== kindOf(data)
      ? `it holds ${dataset.time?.kind === 'stream' ? 'a stream' : kindOf(dataset)}, and the network learned ${data.time?.kind === 'stream' ? 'a stream' : kindOf(data)}`
      : found.units !== expected.units
        ? `${data.time ? 'a step' : 'an example'} has ${found.units} values, and the network takes ${expected.units}`
        : found.task !== expected.task
          ? `it has ${what(found.task)}, and the network learned ${what(expected.task)}`
          : found.task === 'classification'
            ? found.size > expected.size &&
              `it has ${found.size} classes, and the network knows ${expected.size}`
            : found.size !== expected.size &&
              `an example has ${found.size} target values, and the network answers ${expected.size}`;
  if (reason === false) return;
  throw new ApicalError('evaluate.data', `The data "${dataset.id}" does not fit the network: ${reason}.`, {
    expected,
    found,
  });
}

/** Returns 0, 1, …, count − 1. */
export const allIndices = (count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, index) => index);
