import { ApicalError } from '../errors.ts';
import type { Dataset, Split } from './dataset.ts';
import { withoutExamples } from './dataset.ts';

/** How the pictures of a data set become sequences: row by row, or pixel by pixel. */
export type PictureOrder = 'rows' | 'pixels';

/**
 * Returns a view in time of examples without a time axis, in the same memory: an example (28, 28) becomes 28 steps of 28
 * values ("rows") or 784 steps of one ("pixels"), and its target is due at the last step.
 *
 * Throws `dataset.time` if the data have a time axis already, or no rows.
 *
 * @example
 * ```ts
 * import { generateDataset, picturesInTime, Sequence, stream } from 'apical/rules';
 *
 * const bars = generateDataset('bars', { side: 4 }, new Sequence(stream(1, 'dataset')));
 * console.log(picturesInTime(bars, 'rows').time); // { kind: 'sequences', steps: 4, targets: 'last' }
 * ```
 */
export function picturesInTime(dataset: Dataset, order: PictureOrder): Dataset {
  const { inputShape, title } = dataset;
  if (dataset.time) {
    throw new ApicalError(
      'dataset.time',
      `task.time.from is "${order}", but ${title} has a time axis already. Leave task.time.from out.`,
    );
  }
  const sides = inputShape.length === 3 && inputShape[0] === 1 ? inputShape.slice(1) : inputShape;
  if (order === 'rows' && sides.length !== 2) {
    throw new ApicalError(
      'dataset.time',
      `task.time.from is "rows", but an example of ${title} has the shape (${inputShape.join(', ')}), not (height, width). Use "pixels", or leave task.time out.`,
      { inputShape },
    );
  }
  const units = inputShape.reduce((product, length) => product * length, 1);
  const step = order === 'rows' ? (sides[1] as number) : 1;
  const steps = units / step;
  return {
    ...dataset,
    title: `${title}, ${order === 'rows' ? 'row by row' : 'pixel by pixel'}`,
    inputShape: [step],
    time: { kind: 'sequences', steps, targets: 'last' },
    train: { ...dataset.train, steps },
    test: { ...dataset.test, steps },
  };
}

/** Share of a series that becomes its test part if there is no other. */
const TEST_SHARE = 0.2;

/**
 * Splits a series into its start, for training, and its end, for testing. Nothing is shuffled. Throws `dataset.option`
 * if one of the parts is empty.
 */
export function splitSeries(
  series: Split,
  name: string,
  testShare = TEST_SHARE,
): [train: Split, test: Split] {
  const { steps = 0 } = series;
  const end = steps - Math.max(1, Math.round(steps * testShare));
  if (!(testShare > 0 && testShare < 1) || end < 1) {
    throw new ApicalError(
      'dataset.option',
      `A testFraction of ${testShare} leaves no training steps or no test steps of the ${steps} in ${name}. Give a number between 0 and 1, and a series of at least two steps.`,
      { testShare, steps },
    );
  }
  return [stepsOf(series, 0, end), stepsOf(series, end, steps)];
}

/** Returns the steps `first` to `end − 1` of a series, as a view of the same memory. */
export function stepsOf(series: Split, first: number, end: number): Split {
  const { steps = 0, inputs, targets, mask, named } = series;
  if (end <= first) return { ...withoutExamples(series), steps: 0 };
  const part = <Values extends Uint8Array | Float32Array>(values: Values) => {
    const width = values.length / steps;
    return values.subarray(first * width, end * width) as Values;
  };
  return {
    count: 1,
    steps: end - first,
    inputs: part(inputs),
    targets: part(targets),
    ...(mask ? { mask: part(mask) } : {}),
    ...(named
      ? { named: Object.fromEntries(Object.entries(named).map(([id, values]) => [id, part(values)])) }
      : {}),
  };
}
