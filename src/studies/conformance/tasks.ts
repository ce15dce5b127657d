import type { TaughtBatch, Rule } from '../../learning/index.ts';
import { defineLoss } from '../../network/objectives/loss.ts';
import type { LossArguments } from '../../network/objectives/loss.ts';
import { withRecurrence } from '../../network/recurrence.ts';
import type { NetworkSpecification, StackOptions } from '../../network/specification.ts';
import { Sequence, stream } from '../../random/index.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { CLASSES, clouds, smallStack, UNITS } from './subject.ts';
import type { BatchOf } from './subject.ts';

/** A task on which rules are checked: telling three clouds of points apart. */
export interface SmallTask {
  /** Plural or with an article, for messages. */
  readonly name: string;
  /** Whether batches have a time axis, and activity goes on from batch to batch. */
  readonly inTime: boolean;
  /** Returns a network with two hidden areas; in time they project to themselves. */
  network(rule: Rule, change?: Partial<StackOptions>): NetworkSpecification;
  readonly batch: BatchOf;
}

const EXAMPLES: SmallTask = {
  name: 'examples',
  inTime: false,
  network: (rule, change) => smallStack(change, rule),
  batch: clouds,
};

/** Steps of a window, of two for each sequence. */
const WINDOW = 3;

/** Sequences of 4 to 6 steps in windows of 3: every step shows the cloud, and every other asks for it. */
export const SEQUENCES: SmallTask = {
  name: 'sequences',
  inTime: true,
  network: (rule, change) => recurrentStack(rule, change),
  batch(compute, index, size = 12) {
    const first = (index % 2) * WINDOW;
    const { inputs, targets } = cloudsInTime(compute, index, WINDOW, size, (_, example) => example % CLASSES);
    const ends = Array.from({ length: size }, (_, example) => WINDOW + 1 + (example % 3) - first);
    const isPresent = (step: number, example: number) => step < (ends[example] as number);
    const flags = (is: (step: number, example: number) => boolean) =>
      compute
        .allocate([WINDOW * size])
        .set(rowsOf(WINDOW, size, (step, example) => Number(is(step, example))));
    const isDue = (step: number, example: number) => isPresent(step, example) && (first + step) % 2 === 0;
    const due = flags(isDue);
    const count = due.toArray().reduce((sum, value) => sum + value, 0);
    const time = { steps: WINDOW, present: flags(isPresent), due, count, continues: first > 0, first };
    return { inputs, targets, time };
  },
};

/** Steps of an update of the stream. */
const STREAM_STEPS = 4;

/** Parallel streams that show another cloud at every step, and always ask for it. */
export const STREAM: SmallTask = {
  name: 'a stream',
  inTime: true,
  network: (rule, change) => recurrentStack(rule, change),
  batch(compute, index, size = 12) {
    const first = index * STREAM_STEPS;
    const labelOf = (step: number, example: number) =>
      (example + (first + step) * (1 + (example % 2))) % CLASSES;
    const { inputs, targets } = cloudsInTime(compute, index, STREAM_STEPS, size, labelOf);
    const time = { steps: STREAM_STEPS, count: STREAM_STEPS * size, continues: index > 0, first };
    return { inputs, targets, time };
  },
};

/** Returns the tasks of a rule: examples and, if its dynamics run in time, sequences and a stream. */
export const tasksOf = ({ dynamics }: Rule): readonly SmallTask[] =>
  dynamics.inTime ? [EXAMPLES, SEQUENCES, STREAM] : [EXAMPLES];

/** Returns a batch as it is at the start of a sequence or stream. */
export const fromRest = (batch: TaughtBatch): TaughtBatch =>
  batch.time ? { ...batch, time: { ...batch.time, continues: false } } : batch;

/** Returns a small stack whose hidden areas project to themselves. */
export const recurrentStack = (rule: Rule, change?: Partial<StackOptions>): NetworkSpecification =>
  withRecurrence(smallStack(change, rule));

/**
 * Returns networks with what users bring or few rules meet: sparse storage; losses of one's own, two of them; and in time
 * delays.
 */
export const openNetworks = (rule: Rule, task: SmallTask): NetworkSpecification[] => {
  const objectives = task.network(rule, { objective: OWN_LOSS });
  return [
    task.network(rule, { density: 0.5, storage: 'sparse' }),
    {
      ...objectives,
      objectives: [...objectives.objectives, { area: 'hidden2', kind: QUIET, auxiliary: true }],
    },
    ...(task.inTime ? [withDelays(task.network(rule))] : []),
  ];
};

/** Returns a network whose projections onto the last area have a delay of 2 steps. */
export const withDelays = (specification: NetworkSpecification): NetworkSpecification => ({
  ...specification,
  projections: specification.projections.map((projection) =>
    projection.to === 'output' ? { ...projection, delay: 2 } : projection,
  ),
});

/** ½ ‖y − d‖², as a user may write it. */
const OWN_LOSS = defineLoss({
  name: 'own-squared-error',
  target: 'values',
  losses: (given) => halfSquares(given.compute, differenceOf(given)),
  error: (given) => differenceOf(given),
});

/** ½ ‖y‖², which has no target. */
const QUIET = defineLoss({
  name: 'quiet',
  target: 'none',
  losses: ({ compute, output }) => halfSquares(compute, output),
  error: ({ output }) => output,
});

function differenceOf({ compute, output, target }: LossArguments): Tensor {
  const difference = compute.temporary(output.shape);
  compute.subtract(difference, output, target as Tensor);
  return difference;
}

function halfSquares(compute: Compute, values: Tensor): Tensor {
  const [squares, losses] = [compute.temporary(values.shape), compute.temporary([values.rows])];
  compute.multiply(squares, values, values);
  compute.sumColumns(losses, squares);
  compute.scale(losses, losses, 0.5);
  return losses;
}

/** Returns a value for each row t · size + e. */
const rowsOf = (steps: number, size: number, value: (step: number, example: number) => number): number[] =>
  Array.from({ length: steps * size }, (_, row) => value(Math.floor(row / size), row % size));

/** Generates points of the clouds that each row is labelled with. */
function cloudsInTime(
  compute: Compute,
  index: number,
  steps: number,
  size: number,
  labelOf: (step: number, example: number) => number,
): Pick<TaughtBatch, 'inputs' | 'targets'> {
  const draws = new Sequence(stream(77, 'clouds in time'), index);
  const labels = rowsOf(steps, size, labelOf);
  const points = labels.flatMap((label) =>
    Array.from({ length: UNITS }, (_, unit) =>
      Math.fround((unit % CLASSES === label ? 1 : -0.5) + 0.3 * draws.normal()),
    ),
  );
  return {
    inputs: compute.allocate([steps * size, UNITS]).set(points),
    targets: compute.allocate([steps * size], 'i32').set(labels),
  };
}
