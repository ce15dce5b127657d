import { ApicalError } from '../errors.ts';
import { firstExamples } from './dataset.ts';
import type { ByteSource, Dataset, Draws } from './dataset.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { loadIdxDataset } from './idx-dataset.ts';
import type { IdxDescription } from './idx-dataset.ts';
import { mnist } from './mnist.ts';
import { didYouMean } from '../suggest.ts';
import { bars, concentricRings, linearTeacher, twoSpirals } from './synthetic.ts';

export { describeData } from './dataset.ts';
export type { ByteSource, DataDescription, Dataset, Draws, Split } from './dataset.ts';
export { csvDataset } from './csv-dataset.ts';
export type { CsvDatasetOptions, NamedBytes } from './csv-dataset.ts';
export { loadIdxDataset } from './idx-dataset.ts';
export { npzDataset } from './npz-dataset.ts';
export { teacherExamples } from './synthetic.ts';
export type { LinearTeacher } from './synthetic.ts';

export type DatasetId = 'mnist' | 'fashion-mnist' | 'linear-teacher' | 'two-spirals' | 'rings' | 'bars';

/** Numbers by option name; what an id takes is in its entry's `options`. */
export type DatasetOptions = Readonly<Record<string, number>>;

export interface DatasetOption {
  readonly name: string;
  readonly meaning: string;
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly whole: boolean;
}

export interface DatasetEntry {
  readonly id: DatasetId;
  readonly title: string;
  /** Whether it is computed from a seed; otherwise it is read from files. */
  readonly generated: boolean;
  /** How to get it: one line. */
  readonly how: string;
  readonly options: readonly DatasetOption[];
}

/** The data sets known by name. Others are opened by their path. */
export const datasets: readonly DatasetEntry[] = [
  stored(mnist, 60_000, 10_000),
  stored(fashionMnist, 60_000, 10_000),
  generated('linear-teacher', 'Linear teacher', 20_000, 1000, [
    whole('inputs', 'units of the input', 30, 1, 65_536),
    whole('outputs', 'units of the output', 10, 1, 65_536),
  ]),
  generated('two-spirals', 'Two spirals', 2000, 1000, [
    real('turns', 'turns of each spiral', 3, 0, 100),
    real('noise', 'standard deviation of the noise on each coordinate', 0.01, 0, 10),
  ]),
  generated('rings', 'Concentric rings', 2000, 1000, [
    whole('rings', 'rings, one a class', 2, 2, 256),
    real('noise', 'standard deviation of the noise on each coordinate', 0.05, 0, 10),
  ]),
  generated('bars', 'Bars', 2000, 1000, [
    whole('side', 'pixels a side', 4, 2, 256),
    real('probability', 'that a line is there', 0.3, 0.01, 0.99),
  ]),
];

export const datasetIds: readonly DatasetId[] = datasets.map(({ id }) => id);

/** The entry of this id. Throws `dataset.unknown`, with the nearest known id. */
export function datasetEntry(id: string): DatasetEntry {
  const entry = datasets.find((known) => known.id === id);
  if (entry !== undefined) return entry;
  throw new ApicalError(
    'dataset.unknown',
    `There is no data set "${id}".${didYouMean(id, datasetIds)} Known are ${datasetIds.join(', ')}; ` +
      'a folder of IDX files, a .csv or a .npz file is opened by its path.',
    { id, known: datasetIds },
  );
}

/** Every option of the id with its value, the defaults spelled out. Throws `dataset.unknown` or `dataset.option`. */
export function completeOptions(id: string, options: DatasetOptions = {}): DatasetOptions {
  return completeNumbers(`data set "${id}"`, 'dataset.option', datasetEntry(id).options, options);
}

/** Every option that `what` takes with its value, the defaults spelled out. Throws an error of this code. */
export function completeNumbers(
  what: string,
  code: string,
  known: readonly DatasetOption[],
  options: DatasetOptions,
): DatasetOptions {
  const names = known.map(({ name }) => name);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ApicalError(
      code,
      `The ${what} has no option "${unknown}".${didYouMean(unknown, names)} It takes ${names.join(', ') || 'none'}.`,
      { option: unknown },
    );
  }
  return Object.fromEntries(
    known.map((option) => {
      const value = options[option.name] ?? option.default;
      const { minimum, maximum } = option;
      if (!(value >= minimum && value <= maximum) || (option.whole && !Number.isInteger(value))) {
        const kind = option.whole ? 'a whole number' : 'a number';
        throw new ApicalError(
          code,
          `The option "${option.name}" (${option.meaning}) of the ${what} must be ${kind} from ` +
            `${minimum} to ${maximum}; it is ${value}.`,
          { option: option.name, value },
        );
      }
      return [option.name, value];
    }),
  );
}

/**
 * Loads or generates a data set known by name. Stored sets read from `source`; generated ones draw from `draws`.
 *
 * Throws `dataset.unknown`, `dataset.option`, `dataset.missing`, `dataset.corrupt`, `dataset.checksum` or
 * `dataset.mismatch`.
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
  const whole = await loadIdxDataset(entry.id === 'mnist' ? mnist : fashionMnist, source);
  return {
    ...whole,
    train: firstExamples(whole.train, trainCount),
    test: firstExamples(whole.test, testCount),
  };
}

/** Generates a data set known by name. Throws `dataset.unknown` (also for a stored one) or `dataset.option`. */
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
    default:
      throw new ApicalError('dataset.unknown', `The data set "${id}" is read from files, not generated.`, {
        id,
      });
  }
}

type Sizes = { trainCount: number; testCount: number };

/** 2 GiB of float32 a split. */
const mostValues = 2 ** 29;

function requireFits({ trainCount, testCount }: Sizes, width: number): void {
  if (Math.max(trainCount, testCount) * width <= mostValues) return;
  throw new ApicalError(
    'dataset.option',
    `${Math.max(trainCount, testCount)} examples of ${width} values do not fit in memory; ask for fewer.`,
    { trainCount, testCount, width },
  );
}

function stored({ id, title, how }: IdxDescription, train: number, test: number): DatasetEntry {
  const options = [
    whole('trainCount', 'training examples, the first of the file', train, 1, train),
    whole('testCount', 'test examples, the first of the file', test, 1, test),
  ];
  return { id: id as DatasetId, title, generated: false, how, options };
}

function generated(
  id: DatasetId,
  title: string,
  train: number,
  test: number,
  options: readonly DatasetOption[],
): DatasetEntry {
  const counts = [
    whole('trainCount', 'training examples', train, 1, 10_000_000),
    whole('testCount', 'test examples', test, 1, 10_000_000),
  ];
  return {
    id,
    title,
    generated: true,
    how: 'Nothing to get: it is generated from a seed.',
    options: [...counts, ...options],
  };
}

function whole(
  name: string,
  meaning: string,
  value: number,
  minimum: number,
  maximum: number,
): DatasetOption {
  return { name, meaning, default: value, minimum, maximum, whole: true };
}

function real(name: string, meaning: string, value: number, minimum: number, maximum: number): DatasetOption {
  return { name, meaning, default: value, minimum, maximum, whole: false };
}
