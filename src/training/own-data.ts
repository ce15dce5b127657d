import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Dataset, Split } from '../datasets/dataset.ts';
import { didYouMean } from '../suggest.ts';
import { ApicalError } from '../errors.ts';

/**
 * Numbers for a data set: flat values, or one row per example. A `Uint8Array` holds bytes from 0 to 255, which become
 * inputs from 0 to 1; other numbers are used as they are.
 */
export type Numbers =
  Float32Array | Float64Array | Uint8Array | readonly number[] | readonly ArrayLike<number>[];

/** Your own examples: inputs with class labels or target values. */
export interface OwnExamples {
  readonly inputs: Numbers;
  /** One class per example, a whole number from 0 to 255. */
  readonly labels?: ArrayLike<number>;
  /** The target values of each example, for regression; flat values are one per example. */
  readonly targets?: Numbers;
}

/** Your own arrays as a data set: training examples and, optionally, test examples. */
export interface OwnData extends OwnExamples {
  /** Shape of one example, such as [28, 28]. Default: flat. */
  readonly shape?: readonly number[];
  /** Names of the classes. Default: their numbers. */
  readonly classNames?: readonly string[];
  readonly test?: OwnExamples;
}

/** Class labels are stored as bytes. */
const MOST_CLASSES = 256;

/**
 * Checks your own arrays and returns them as a data set, whose id is a hash of their contents. `name` ("dataset") names
 * them in messages.
 *
 * Throws `dataset.option` (an unknown key, no labels), `dataset.empty`, `dataset.values` (not finite, not a number),
 * `dataset.labels` and `dataset.mismatch` (lengths that do not fit). Each message names the value and its position.
 */
export function ownDataset(data: OwnData, name = 'dataset'): Dataset {
  checkKeys(data, ['inputs', 'labels', 'targets', 'shape', 'classNames', 'test'], name);
  const { classNames, test } = data;
  const shape = data.shape === undefined ? undefined : checkShape(data.shape, `${name}.shape`);
  const train = readExamples(data, name, { shape });
  if (test !== undefined) checkKeys(test, ['inputs', 'labels', 'targets'], `${name}.test`);
  const held = test && readExamples(test, `${name}.test`, { shape: shape ?? [train.units], like: train });
  const { isClassification } = train;
  const classes = 1 + Math.max(largest(train), held ? largest(held) : 0);
  if (classNames !== undefined) checkNames(classNames, isClassification ? classes : undefined, name);
  const targetSize = isClassification ? (classNames?.length ?? classes) : train.targetUnits;
  const inputShape = shape ?? [train.units];
  const none: Split = {
    count: 0,
    inputs: train.split.inputs.subarray(0, 0),
    targets: train.split.targets.subarray(0, 0),
  };
  const dataset: Omit<Dataset, 'id'> = {
    title: 'Own arrays',
    task: isClassification ? 'classification' : 'regression',
    inputShape,
    inputScale: train.split.inputs instanceof Uint8Array ? 1 / 255 : 1,
    targetSize,
    ...(classNames ? { classNames } : {}),
    train: train.split,
    test: held?.split ?? none,
    verified: true,
    source: 'given as arrays',
  };
  return { id: contentsId(dataset), ...dataset };
}

/** Prefix of the id of data that are given as an object; a hash of their contents follows. */
const ARRAYS = 'arrays-';

/** Returns whether an id in a config stands for data that were given as an object. */
export const isContentsId = (id: string): boolean => /^arrays-[0-9a-f]{12}$/.test(id);

/** Returns the id of data that are given as an object. Equal contents have equal ids. */
export function contentsId({ train, test, ...about }: Omit<Dataset, 'id'>): string {
  const { task, inputShape, inputScale, targetSize, classNames = null } = about;
  const hash = sha256.create();
  hash.update(utf8ToBytes(JSON.stringify({ task, inputShape, inputScale, targetSize, classNames })));
  for (const values of [train.inputs, train.targets, test.inputs, test.targets]) {
    hash.update(utf8ToBytes(`;${values.constructor.name} ${values.length};`));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return ARRAYS + bytesToHex(hash.digest()).slice(0, 12);
}

interface Examples {
  readonly split: Split;
  /** Number of values of an example. */
  readonly units: number;
  /** Number of target values of an example. */
  readonly targetUnits: number;
  readonly isClassification: boolean;
}

interface Expected {
  readonly shape: readonly number[] | undefined;
  /** The training examples, which test examples must match. */
  readonly like?: Examples;
}

function readExamples(examples: OwnExamples, name: string, { shape, like }: Expected): Examples {
  const { labels, targets } = examples;
  if ((labels === undefined) === (targets === undefined)) {
    const found = labels === undefined ? 'neither labels nor targets' : 'both labels and targets';
    throw new ApicalError(
      'dataset.option',
      `${name} has ${found}: give labels (classes) or targets (values), one for each example.`,
    );
  }
  const isClassification = labels !== undefined;
  if (like && like.isClassification !== isClassification) {
    throw new ApicalError(
      'dataset.option',
      `${name} has ${isClassification ? 'labels' : 'targets'}, but the training examples have ${isClassification ? 'targets' : 'labels'}: give both the same.`,
    );
  }
  const inputs = readNumbers(examples.inputs, `${name}.inputs`);
  const answers = isClassification
    ? readLabels(labels, `${name}.labels`)
    : readNumbers(targets, `${name}.targets`);
  const count =
    inputs.rows ??
    (shape
      ? rowsBy(inputs, product(shape), `${name}.inputs`, shape)
      : (answers.rows ?? answers.values.length));
  const units = unitsOf(inputs, count, `${name}.inputs`, answers.name);
  const expected = like?.units ?? (shape && product(shape));
  if (expected !== undefined && units !== expected) {
    throw new ApicalError(
      'dataset.mismatch',
      `An example of ${name}.inputs has ${units} values, but ${like && !shape ? 'a training example' : 'an example'} of shape (${shape?.join(', ') ?? expected}) has ${expected}. Give as many.`,
    );
  }
  const targetUnits = isClassification ? 1 : unitsOf(answers, count, answers.name, inputs.name);
  const found = isClassification ? answers.values.length : count;
  if (found !== count) {
    throw new ApicalError(
      'dataset.mismatch',
      `${answers.name} holds ${found} labels, but ${inputs.name} holds ${count} examples. Give one label for each example.`,
      { labels: found, examples: count },
    );
  }
  if (like && !isClassification && targetUnits !== like.targetUnits) {
    throw new ApicalError(
      'dataset.mismatch',
      `${answers.name} holds ${targetUnits} values for each example, but a training example has ${like.targetUnits}. Give as many.`,
    );
  }
  // One scale applies to both splits, so bytes and floats cannot be mixed.
  if (like && like.split.inputs instanceof Uint8Array !== inputs.values instanceof Uint8Array) {
    throw new ApicalError(
      'dataset.mismatch',
      `${inputs.name} and the training inputs must both be bytes (Uint8Array), or neither. Convert one of them.`,
    );
  }
  const split = {
    count,
    inputs: inputs.values,
    targets: isClassification ? answers.values : Float32Array.from(answers.values),
  };
  return { split, units, targetUnits, isClassification };
}

interface NamedNumbers {
  readonly name: string;
  readonly values: Float32Array | Uint8Array;
  /** Number of rows; undefined for flat values. */
  readonly rows?: number;
}

function readNumbers(numbers: unknown, name: string): NamedNumbers {
  if (numbers instanceof Uint8Array) return { name, values: notEmpty(numbers, name) };
  if (!(numbers instanceof Float32Array || numbers instanceof Float64Array || Array.isArray(numbers))) {
    throw new ApicalError(
      'dataset.values',
      `${name} is ${describe(numbers)}: give a Float32Array, a Float64Array, a Uint8Array, or an array of numbers or of rows.`,
    );
  }
  notEmpty(numbers, name);
  if (!isRows(numbers)) {
    return { name, values: toFloats(numbers as ArrayLike<number>, (index) => `${name}[${index}]`) };
  }
  const units = (numbers as readonly ArrayLike<number>[])[0]?.length ?? 0;
  const values = new Float32Array(numbers.length * units);
  for (const [row, given] of (numbers as readonly unknown[]).entries()) {
    if (!isNumbers(given) || given.length !== units || units === 0) {
      const found = isNumbers(given) ? `${given.length} values` : describe(given);
      throw new ApicalError(
        'dataset.mismatch',
        units === 0
          ? `${name}[0] is empty: every row needs at least one value.`
          : `${name}[${row}] is ${found}, but the first row has ${units} values. Give every row as many.`,
        { row },
      );
    }
    values.set(
      toFloats(given, (index) => `${name}[${row}][${index}]`),
      row * units,
    );
  }
  return { name, values, rows: numbers.length };
}

/** Returns the numbers in single precision, after checking each of them. */
function toFloats(numbers: ArrayLike<number>, nameOf: (index: number) => string): Float32Array {
  const floats = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  for (let index = 0; index < floats.length; index++) {
    const given: unknown = numbers[index];
    if (typeof given === 'number' && Number.isFinite(floats[index])) continue;
    const isLarge = typeof given === 'number' && Number.isFinite(given);
    throw new ApicalError(
      'dataset.values',
      `${nameOf(index)} is ${typeof given === 'number' ? given : describe(given)}: ${isLarge ? 'single precision ends at 3.4e38. Scale the values down.' : 'every value must be a finite number. Remove or replace it.'}`,
      { index, value: given },
    );
  }
  return floats;
}

function readLabels(labels: unknown, name: string): NamedNumbers {
  if (!isNumbers(labels)) {
    throw new ApicalError(
      'dataset.labels',
      `${name} is ${describe(labels)}: give an array of class numbers.`,
    );
  }
  notEmpty(labels, name);
  const values = new Uint8Array(labels.length);
  for (let index = 0; index < labels.length; index++) {
    const label: unknown = labels[index];
    if (!Number.isInteger(label) || (label as number) < 0 || (label as number) >= MOST_CLASSES) {
      throw new ApicalError(
        'dataset.labels',
        `${name}[${index}] is ${typeof label === 'number' ? label : describe(label)}: a label is a whole number from 0 to ${MOST_CLASSES - 1}. Number the classes from 0.`,
        { index, label },
      );
    }
    values[index] = label as number;
  }
  return { name, values };
}

/** Returns the number of examples with this number of units. */
function rowsBy(
  { values, name }: NamedNumbers,
  units: number,
  what: string,
  shape: readonly number[],
): number {
  if (values.length % units === 0) return values.length / units;
  throw new ApicalError(
    'dataset.mismatch',
    `${name} holds ${values.length} values, which is no multiple of the ${units} of an example of shape (${shape.join(', ')}). Check ${what} and shape.`,
    { length: values.length, units },
  );
}

function unitsOf({ values, name, rows }: NamedNumbers, count: number, what: string, other: string): number {
  if ((rows === undefined || rows === count) && values.length % count === 0) return values.length / count;
  const found = rows === undefined ? `${values.length} values` : `${rows} rows`;
  throw new ApicalError(
    'dataset.mismatch',
    `${name} holds ${found}, which do not fit the ${count} examples of ${other}. Give as many values for each example in ${what}.`,
    { length: values.length, examples: count },
  );
}

function checkShape(shape: unknown, name: string): readonly number[] {
  const isShape =
    Array.isArray(shape) &&
    shape.length > 0 &&
    shape.every((length) => Number.isInteger(length) && (length as number) > 0);
  if (isShape) return shape as number[];
  throw new ApicalError(
    'dataset.mismatch',
    `${name} is ${JSON.stringify(shape)}: give whole numbers above 0, such as [28, 28].`,
  );
}

function checkNames(names: unknown, classes: number | undefined, name: string): void {
  const isList = Array.isArray(names) && names.every((each) => typeof each === 'string');
  if (isList && classes !== undefined && names.length >= classes) return;
  const reason = !isList
    ? 'must be an array of texts'
    : classes === undefined
      ? 'has no place beside targets'
      : `names ${names.length} classes, but the largest label is ${classes - 1}: name ${classes}`;
  throw new ApicalError('dataset.labels', `${name}.classNames ${reason}.`);
}

/** Throws `dataset.option`, with the nearest key. */
function checkKeys(value: unknown, known: readonly string[], name: string): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Array.isArray(value)) {
    throw new ApicalError(
      'dataset.option',
      `${name} is ${describe(value)}: give an object such as { inputs, labels }.`,
    );
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ApicalError(
    'dataset.option',
    `${name} has no key "${unknown}".${didYouMean(unknown, known)} It takes ${known.join(', ')}.`,
    { key: unknown },
  );
}

function notEmpty<Values extends ArrayLike<unknown>>(values: Values, name: string): Values {
  if (values.length > 0) return values;
  throw new ApicalError('dataset.empty', `${name} is empty: give at least one example.`);
}

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

const isRows = (value: ArrayLike<unknown>): value is readonly ArrayLike<number>[] => isNumbers(value[0]);

const product = (shape: readonly number[]) => shape.reduce((units, length) => units * length, 1);

const largest = ({ split, isClassification }: Examples): number => {
  let most = 0;
  if (isClassification) for (const label of split.targets) most = Math.max(most, label);
  return most;
};

/** Describes a value in a few words. */
function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > 30 ? `${value.slice(0, 29)}…` : value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? `of the kind ${value.constructor.name}` : `a ${typeof value}`;
}
