import { ApicalError } from '../errors.ts';
import { firstExamples } from './dataset.ts';
import type { ByteSource, Dataset, Draws } from './dataset.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { loadIdxDataset } from './idx-dataset.ts';
import type { IdxDescription } from './idx-dataset.ts';
import { mnist } from './mnist.ts';
import { completeNumbers, realOption, wholeOption } from './options.ts';
import type { DatasetOption, DatasetOptions } from './options.ts';
import { didYouMean } from '../suggest.ts';
import { bars, concentricRings, linearTeacher, twoSpirals } from './synthetic.ts';
import { delayedXor, mackeyGlass, sineWaves } from './synthetic-in-time.ts';

/** The ids of the built-in data sets. */
export type DatasetId =
  | 'mnist'
  | 'fashion-mnist'
  | 'linear-teacher'
  | 'two-spirals'
  | 'rings'
  | 'bars'
  | 'delayed-xor'
  | 'sine-waves'
  | 'mackey-glass';

/** A built-in data set: its names, its origin and its options. */
export interface DatasetEntry {
  readonly id: DatasetId;
  readonly title: string;
  /** Whether the data set is generated from a seed; otherwise it is read from files. */
  readonly generated: boolean;
  /** What is counted: examples, sequences, or the steps of one stream. */
  readonly holds: 'examples' | 'sequences' | 'steps';
  /** Instructions for obtaining it, in one line. */
  readonly how: string;
  readonly options: readonly DatasetOption[];
}

/** The built-in data sets, in the order of their listing. Others are opened by their path. */
export const datasets: readonly DatasetEntry[] = [
  stored(mnist, 60_000, 10_000),
  stored(fashionMnist, 60_000, 10_000),
  generated('linear-teacher', 'Linear teacher', 20_000, 1000, [
    wholeOption('inputs', 'number of input units', 30, 1, 65_536),
    wholeOption('outputs', 'number of output units', 10, 1, 65_536),
  ]),
  generated('two-spirals', 'Two spirals', 2000, 1000, [
    realOption('turns', 'turns of each spiral', 3, 0, 100),
    realOption('noise', 'standard deviation of the noise on each coordinate', 0.01, 0, 10),
  ]),
  generated('rings', 'Concentric rings', 2000, 1000, [
    wholeOption('rings', 'number of rings, one per class', 2, 2, 256),
    realOption('noise', 'standard deviation of the noise on each coordinate', 0.05, 0, 10),
  ]),
  generated('bars', 'Bars', 2000, 1000, [
    wholeOption('side', 'side of the image in pixels', 4, 2, 256),
    realOption('probability', 'probability of each bar', 0.3, 0.01, 0.99),
  ]),
  generated(
    'delayed-xor',
    'Delayed XOR',
    2000,
    500,
    [
      wholeOption('cueSteps', 'number of steps in which the cues come', 5, 1, 10_000),
      wholeOption('delay', 'number of steps after them; the target is due at the last', 5, 1, 10_000),
      realOption('noise', 'standard deviation of the noise on each value', 0, 0, 10),
    ],
    'sequences',
  ),
  generatedStream('sine-waves', 'Sum of sine waves', [
    wholeOption('waves', 'number of sine waves', 2, 1, 100),
    realOption('noise', 'standard deviation of the noise on each input', 0, 0, 10),
  ]),
  generatedStream('mackey-glass', 'Mackey–Glass series', [
    wholeOption('delay', 'τ: delay of the equation, in units of time', 17, 1, 1000),
    wholeOption('ahead', 'number of steps from an input to its target', 1, 1, 10_000),
  ]),
];

/** The ids of the built-in data sets, in the order of `datasets`. */
export const datasetIds: readonly DatasetId[] = datasets.map(({ id }) => id);

/**
 * Returns the catalogue entry of a built-in data set. Throws `dataset.unknown`, which lists the known ids.
 *
 * @example
 * ```ts
 * import { datasetEntry } from 'apical/rules';
 *
 * const { title, options } = datasetEntry('rings'); // 'Concentric rings', and its four options
 * ```
 */
export function datasetEntry(id: string): DatasetEntry {
  const entry = datasets.find((known) => known.id === id);
  if (entry !== undefined) return entry;
  throw new ApicalError(
    'dataset.unknown',
    `There is no data set "${id}"; use ${datasetIds.join(', ')}, or the path of a folder of IDX files, a .csv or a ` +
      `.npz file.${didYouMean(id, datasetIds)}`,
    { id, known: datasetIds },
  );
}

/** Returns every option of a data set, with the defaults filled in. Throws `dataset.unknown` or `dataset.option`. */
export function completeOptions(id: string, options: DatasetOptions = {}): DatasetOptions {
  return completeNumbers(`data set "${id}"`, 'dataset.option', datasetEntry(id).options, options);
}

/**
 * Loads or generates a built-in data set. Stored sets are read from `source`; generated sets draw from `draws`.
 *
 * Throws `dataset.unknown`, `dataset.option`, `dataset.missing`, `dataset.corrupt`, `dataset.checksum` or
 * `dataset.mismatch`.
 *
 * @example
 * ```ts
 * import { loadDataset, Sequence, stream } from 'apical/rules';
 * import type { ByteSource } from 'apical/rules';
 *
 * const source: ByteSource = {
 *   where: 'https://example.org/mnist',
 *   async read(name) {
 *     const response = await fetch(`https://example.org/mnist/${name}`);
 *     return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
 *   },
 * };
 * // "rings" is generated, so nothing is fetched; 'mnist' would read four files from the source.
 * const rings = await loadDataset('rings', { trainCount: 500 }, source, new Sequence(stream(1, 'dataset')));
 * ```
 */
export async function loadDataset(
  id: string,
  options: DatasetOptions,
  source: ByteSource,
  draws: Draws,
): Promise<Dataset> {
  const entry = datasetEntry(id);
  if (entry.generated) return generateDataset(id, options, draws);
  const { trainCount, testCount } = completeOptions(id, options) as Sizes;
  const complete = await loadIdxDataset(entry.id === 'mnist' ? mnist : fashionMnist, source);
  return {
    ...complete,
    train: firstExamples(complete.train, trainCount),
    test: firstExamples(complete.test, testCount),
  };
}

/**
 * Generates a built-in data set from random draws. Equal draws give equal bits on every platform.
 *
 * Throws `dataset.unknown` (also for a data set that is read from files) or `dataset.option`.
 *
 * @example
 * ```ts
 * import { generateDataset, Sequence, stream } from 'apical/rules';
 *
 * const draws = new Sequence(stream(1, 'dataset'));
 * const spirals = generateDataset('two-spirals', { turns: 2, trainCount: 200 }, draws);
 * ```
 */
export function generateDataset(id: string, options: DatasetOptions, draws: Draws): Dataset {
  const sizes = completeOptions(id, options) as Sizes;
  switch (id) {
    case 'linear-teacher': {
      const complete = sizes as Sizes & { inputs: number; outputs: number };
      requireFits(complete, complete.inputs + complete.outputs);
      return linearTeacher(complete, draws);
    }
    case 'two-spirals':
      return twoSpirals(sizes as Sizes & { turns: number; noise: number }, draws);
    case 'rings':
      return concentricRings(sizes as Sizes & { rings: number; noise: number }, draws);
    case 'bars': {
      const complete = sizes as Sizes & { side: number; probability: number };
      requireFits(complete, complete.side ** 2);
      return bars(complete, draws);
    }
    case 'delayed-xor': {
      const complete = sizes as Sizes & { cueSteps: number; delay: number; noise: number };
      requireFits(complete, 2 * (complete.cueSteps + complete.delay));
      return delayedXor(complete, draws);
    }
    case 'sine-waves':
      return sineWaves(sizes as Sizes & { waves: number; noise: number }, draws);
    case 'mackey-glass':
      return mackeyGlass(sizes as Sizes & { delay: number; ahead: number }, draws);
    default:
      throw new ApicalError(
        'dataset.unknown',
        `The data set "${id}" is read from files, not generated; load it with loadDataset.`,
        { id },
      );
  }
}

type Sizes = { trainCount: number; testCount: number };

/** 2 GiB of float32 values per split. */
const mostValues = 2 ** 29;

function requireFits({ trainCount, testCount }: Sizes, width: number): void {
  if (Math.max(trainCount, testCount) * width <= mostValues) return;
  throw new ApicalError(
    'dataset.option',
    `${Math.max(trainCount, testCount)} examples of ${width} values do not fit in memory; reduce trainCount or testCount.`,
    { trainCount, testCount, width },
  );
}

function stored({ id, title, how }: IdxDescription, train: number, test: number): DatasetEntry {
  const options = [
    wholeOption('trainCount', 'number of training examples, from the start of the file', train, 1, train),
    wholeOption('testCount', 'number of test examples, from the start of the file', test, 1, test),
  ];
  return { id: id as DatasetId, title, generated: false, holds: 'examples', how, options };
}

function generatedStream(id: DatasetId, title: string, options: readonly DatasetOption[]): DatasetEntry {
  return generated(id, title, 10_000, 2000, options, 'steps');
}

function generated(
  id: DatasetId,
  title: string,
  train: number,
  test: number,
  options: readonly DatasetOption[],
  holds: DatasetEntry['holds'] = 'examples',
): DatasetEntry {
  const counts = [
    wholeOption('trainCount', `number of training ${holds}`, train, 1, 10_000_000),
    wholeOption('testCount', `number of test ${holds}`, test, 1, 10_000_000),
  ];
  return {
    id,
    title,
    generated: true,
    holds,
    how: 'No download needed: it is generated from a seed.',
    options: [...counts, ...options],
  };
}
