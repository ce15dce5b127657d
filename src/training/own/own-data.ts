import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { checkMask } from '../../datasets/checks.ts';
import { withoutExamples } from '../../datasets/dataset.ts';
import type { Dataset, DataTask, Split, TargetDescription, TimeAxis } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import { checkKeys, checkShape, product, readNumbers } from './own-numbers.ts';
import type { NamedNumbers, Numbers } from './own-numbers.ts';
import { flatMask, largestOf, NO_TARGETS, readSequences, readTarget, targetsOf } from './own-sequences.ts';
import type { GivenTarget, GivenTargets } from './own-sequences.ts';

export type { Numbers } from './own-numbers.ts';

/** Numbers of sequences: [sequence][step][value]. */
export type Sequences = readonly (readonly ArrayLike<number>[])[];

/** A target: values, or class numbers under `labels`. */
export type OwnTarget =
  Numbers | Sequences | { readonly labels: ArrayLike<number> | readonly ArrayLike<number>[] };

/** Your own examples: inputs with class labels or target values, or alone for rules that need neither. */
export interface OwnExamples {
  /** A row per example. With `time`, [sequence][step][value], or [sequence][step] of single values; or a row per step. */
  readonly inputs: Numbers | Sequences;
  /** One class per example, a whole number from 0 to 255. In time one per sequence, or [sequence][step]. */
  readonly labels?: ArrayLike<number> | readonly ArrayLike<number>[];
  /**
   * The target values of each example, for regression; flat values are one per example. In time a row per sequence, or
   * [sequence][step][value]. Several targets have names: the one called `target` is the main one, unless there are labels.
   */
  readonly targets?: Numbers | Sequences | Readonly<Record<string, OwnTarget>>;
  /** The time axis of the examples. */
  readonly time?: OwnTime;
}

/** The time axis of your own arrays. */
export interface OwnTime {
  /** Whether rows are the steps of one series. Default: "sequences". */
  readonly kind?: 'sequences' | 'stream';
  /** Number of steps of each sequence, needed if arrays are flat. */
  readonly steps?: number;
  /** "all": the rows of `targets` hold one value (or several) for each step. Default: by the shape of the targets. */
  readonly targets?: 'all' | 'last';
  /** Number of steps of each sequence, if they are padded to one length. */
  readonly lengths?: ArrayLike<number>;
  /** 1 where a target is due, else 0: [sequence][step], or flat. */
  readonly mask?: ArrayLike<number | boolean> | readonly ArrayLike<number | boolean>[];
}

/** Your own arrays as a data set: training examples and, optionally, test examples. */
export interface OwnData extends OwnExamples {
  /** Shape of one example, such as [28, 28], in time of one step. Default: flat. */
  readonly shape?: readonly number[];
  /** Names of the classes. Default: their numbers. */
  readonly classNames?: readonly string[];
  readonly test?: OwnExamples;
}

/**
 * Checks your own arrays and returns them as a data set, whose id is a hash of their contents. `name` ("dataset") names
 * them in messages.
 *
 * Throws `dataset.option` (an unknown key, both labels and targets), `dataset.empty`, `dataset.values` (not finite, not a number),
 * `dataset.labels`, `dataset.lengths`, `dataset.mask` and `dataset.mismatch` (lengths that do not fit). Each message names
 * the value and its position.
 */
export function ownDataset(data: OwnData, name = 'dataset'): Dataset {
  checkKeys(data, ['inputs', 'labels', 'targets', 'shape', 'classNames', 'time', 'test'], name);
  const { classNames, test } = data;
  const shape = data.shape === undefined ? undefined : checkShape(data.shape, `${name}.shape`);
  const train = readExamples(data, name, { shape });
  if (test !== undefined) checkKeys(test, ['inputs', 'labels', 'targets', 'time'], `${name}.test`);
  const held =
    test &&
    readExamples(
      // The kind of the data is given once.
      data.time ? { ...test, time: { ...kindOf(data.time), ...test.time } } : test,
      `${name}.test`,
      { shape: shape ?? [train.units], like: train },
    );
  const { task, isClassification } = train;
  const classes = 1 + Math.max(largest(train), held ? largest(held) : 0);
  if (classNames !== undefined) checkNames(classNames, isClassification ? classes : undefined, name);
  const targetSize = isClassification ? (classNames?.length ?? classes) : train.targetUnits;
  const inputShape = shape ?? [train.units];
  const { time } = train;
  const named = namedOf(train, held);
  const steps = Math.max(train.split.steps ?? 0, (time?.kind === 'sequences' && held?.split.steps) || 0);
  const dataset: Omit<Dataset, 'id'> = {
    title: 'Own arrays',
    task,
    inputShape,
    inputScale: train.split.inputs instanceof Uint8Array ? 1 / 255 : 1,
    targetSize,
    ...(classNames ? { classNames } : {}),
    ...(time ? { time: { ...time, steps } } : {}),
    ...(named ? { named } : {}),
    train: train.split,
    test: held?.split ?? withoutExamples(train.split),
    verified: true,
    source: 'given as arrays',
  };
  return { id: contentsId(dataset), ...dataset };
}

const kindOf = ({ kind, steps, targets }: OwnTime): OwnTime => ({
  ...(kind === undefined ? {} : { kind }),
  ...(steps === undefined ? {} : { steps }),
  ...(targets === undefined ? {} : { targets }),
});

/** Prefix of the id of data that are given as an object; a hash of their contents follows. */
const ARRAYS = 'arrays-';

/** Returns whether an id in a config stands for data that were given as an object. */
export const isContentsId = (id: string): boolean => /^arrays-[0-9a-f]{12}$/.test(id);

/** Returns the id of data that are given as an object. Equal contents have equal ids. */
export function contentsId({ train, test, ...about }: Omit<Dataset, 'id'>): string {
  const { task, inputShape, inputScale, targetSize, classNames = null, time, named } = about;
  const hash = sha256.create();
  // Absent keys leave the text as it is, so that data without them keep their id.
  hash.update(
    utf8ToBytes(JSON.stringify({ task, inputShape, inputScale, targetSize, classNames, time, named })),
  );
  for (const { inputs, targets, lengths, mask, named: others = {} } of [train, test]) {
    const further = [lengths, mask, ...Object.values(others)].filter((values) => values !== undefined);
    for (const values of [inputs, targets, ...further]) {
      hash.update(utf8ToBytes(`;${values.constructor.name} ${values.length};`));
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  }
  return ARRAYS + bytesToHex(hash.digest()).slice(0, 12);
}

interface Examples {
  readonly split: Split;
  /** Number of values of an example. */
  readonly units: number;
  /** Number of target values of an example. */
  readonly targetUnits: number;
  readonly task: DataTask;
  readonly isClassification: boolean;
  readonly time?: Pick<TimeAxis, 'kind' | 'targets'> | undefined;
  readonly named: Readonly<Record<string, NamedTarget>>;
}

/** A further target: its values, one row per target of the split, and what they mean. */
interface NamedTarget extends TargetDescription {
  readonly values: Split['targets'];
}

interface Expected {
  readonly shape: readonly number[] | undefined;
  /** The training examples, which test examples must match. */
  readonly like?: Examples;
}

function readExamples(examples: OwnExamples, name: string, expected: Expected): Examples {
  const { like } = expected;
  const { time } = examples;
  if (time !== undefined) checkKeys(time, ['kind', 'steps', 'targets', 'lengths', 'mask'], `${name}.time`);
  const given = targetsOf(examples, name);
  const task = !given.main ? 'none' : given.main.kind === 'labels' ? 'classification' : 'regression';
  const isClassification = task === 'classification';
  if (like && like.task !== task) {
    throw new ApicalError(
      'dataset.option',
      `${name} has ${WORDS[task]}, but the training examples have ${WORDS[like.task]}: give both the same.`,
    );
  }
  const read =
    time !== undefined && time.kind !== 'stream'
      ? readSequences(examples.inputs, given, { time, name, shape: expected.shape })
      : readRows(examples.inputs, given, expected, { name, what: time ? 'step' : 'example', time });
  const { units, targetUnits, split } = read;
  const { shape } = expected;
  const wanted = like?.units ?? (shape && product(shape));
  const what = time ? 'A step' : 'An example';
  if (wanted !== undefined && units !== wanted) {
    throw new ApicalError(
      'dataset.mismatch',
      `${what} of ${name}.inputs has ${units} values, but ${like && !shape ? 'a training example' : 'an example'} of shape (${shape?.join(', ') ?? wanted}) has ${wanted}. Give as many.`,
    );
  }
  if (like && given.main && !isClassification && targetUnits !== like.targetUnits) {
    throw new ApicalError(
      'dataset.mismatch',
      `${given.main.name} holds ${targetUnits} values for each ${time ? 'target' : 'example'}, but a training example has ${like.targetUnits}. Give as many.`,
    );
  }
  if (like && like.time?.targets !== read.time?.targets) {
    throw new ApicalError(
      'dataset.mismatch',
      `${name} has targets at ${dueIn(read.time?.targets)}, but the training data have them at ${dueIn(like.time?.targets)}. Give both the same.`,
    );
  }
  // One scale applies to both splits, so bytes and floats cannot be mixed.
  if (like && like.split.inputs instanceof Uint8Array !== split.inputs instanceof Uint8Array) {
    throw new ApicalError(
      'dataset.mismatch',
      `${name}.inputs and the training inputs must both be bytes (Uint8Array), or neither. Convert one of them.`,
    );
  }
  const values = Object.entries(read.named).map(([id, target]) => [id, target.values] as const);
  return {
    ...read,
    split: values.length === 0 ? split : { ...split, named: Object.fromEntries(values) },
    task,
    isClassification,
  };
}

const WORDS: Readonly<Record<DataTask, string>> = {
  classification: 'labels',
  regression: 'targets',
  none: 'neither labels nor targets',
};

const dueIn = (targets: TimeAxis['targets'] | undefined): string =>
  targets === 'last' ? 'the last step' : targets === 'all' ? 'all steps' : 'the steps of a mask';

/** Reads examples without a time axis, or the steps of a stream. */
function readRows(
  given: OwnExamples['inputs'],
  { main, others }: GivenTargets,
  { shape }: Expected,
  { name, what, time }: { readonly name: string; readonly what: string; readonly time: OwnTime | undefined },
): Omit<Examples, 'task' | 'isClassification'> {
  const inputs = readNumbers(given, `${name}.inputs`);
  const answers = main && readTarget(main);
  const count =
    inputs.rows ??
    (shape
      ? rowsBy(inputs, product(shape), `${name}.inputs`, shape)
      : answers
        ? (answers.rows ?? answers.values.length)
        : inputs.values.length);
  const units = unitsOf(inputs, count, `${name}.inputs`, answers?.name ?? `${name}.inputs`);
  const rowsOf = (target: GivenTarget): NamedTarget => {
    const found = readTarget(target);
    const other = `${name}.inputs`;
    if (target.kind === 'values' && time !== undefined && (found.rows ?? count) !== count) {
      throw tooMany(found.name, found.rows ?? 0, 'targets', { other, count, what });
    }
    if (target.kind === 'values') {
      const size = unitsOf(found, count, found.name, other);
      return { task: 'regression', size, values: Float32Array.from(found.values) };
    }
    if (found.values.length !== count) {
      throw tooMany(found.name, found.values.length, 'labels', { other, count, what });
    }
    return { task: 'classification', size: 1 + largestOf(found.values), values: found.values };
  };
  const { size, task, values } = main ? rowsOf(main) : NO_TARGETS;
  const mask =
    time?.mask === undefined
      ? undefined
      : checkMask(flatMask(time.mask), 1, count, undefined, `${name}.time.mask`);
  if (time?.lengths !== undefined) {
    throw new ApicalError(
      'dataset.lengths',
      `${name}.time.lengths has no place in a stream, which is one series. Leave it out.`,
    );
  }
  return {
    split: {
      ...(time ? { count: 1, steps: count } : { count }),
      inputs: inputs.values,
      targets: values,
      ...(mask ? { mask } : {}),
    },
    units,
    targetUnits: task === 'classification' ? 1 : size,
    ...(time ? { time: { kind: 'stream', targets: mask ? 'masked' : 'all' } } : {}),
    named: Object.fromEntries(Object.entries(others).map(([id, target]) => [id, rowsOf(target)])),
  };
}

const tooMany = (
  name: string,
  found: number,
  kind: string,
  { other, count, what }: { readonly other: string; readonly count: number; readonly what: string },
) =>
  new ApicalError(
    'dataset.mismatch',
    `${name} holds ${found} ${kind}, but ${other} holds ${count} ${what}s. Give one ${kind.slice(0, -1)} for each ${what}.`,
    { [kind]: found, examples: count },
  );

/** Returns what targets besides the main one mean. Throws `dataset.option` if the test examples lack one or have more. */
function namedOf(train: Examples, held: Examples | undefined): Dataset['named'] {
  const names = Object.keys(train.named);
  const odd =
    held &&
    [
      ...names.filter((id) => !(id in held.named)),
      ...Object.keys(held.named).filter((id) => !names.includes(id)),
    ][0];
  if (odd !== undefined) {
    throw new ApicalError(
      'dataset.option',
      `The target "${odd}" is given for only one of training and test examples. Give it for both.`,
    );
  }
  const described = names.map((id) => {
    const { task, size } = train.named[id] as NamedTarget;
    const other = held?.named[id];
    if (other && (other.task !== task || (task === 'regression' && other.size !== size))) {
      throw new ApicalError(
        'dataset.mismatch',
        `The target "${id}" must be of one kind and size in training and test examples. Give both the same.`,
      );
    }
    return [id, { task, size: Math.max(size, other?.size ?? 0) }] as const;
  });
  return described.length === 0 ? undefined : Object.fromEntries(described);
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

const largest = ({ split, isClassification }: Examples): number =>
  isClassification ? largestOf(split.targets) : 0;
