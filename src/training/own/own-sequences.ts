import { checkLengths, checkMask } from '../../datasets/checks.ts';
import type { Split, TargetDescription, TimeAxis } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import type { OwnExamples, OwnTime } from './own-data.ts';
import { checkWhole, isNumbers, isRows, product, readLabels, readNumbers } from './own-numbers.ts';
import type { NamedNumbers } from './own-numbers.ts';

/** One target as it was given: class numbers or values, with its name in messages. */
export interface GivenTarget {
  readonly kind: 'labels' | 'values';
  readonly name: string;
  readonly given: unknown;
}

/** The main target and those that have names. */
export interface GivenTargets {
  /** Undefined if the examples have neither labels nor targets. */
  readonly main: GivenTarget | undefined;
  readonly others: Readonly<Record<string, GivenTarget>>;
}

/** Name of the main target among several. */
const MAIN = 'target';

/** Finds the targets of examples. Throws `dataset.option` if there are two main targets, or only others. */
export function targetsOf({ labels, targets }: OwnExamples, name: string): GivenTargets {
  const all: Record<string, GivenTarget> = {};
  if (isRecord(targets)) {
    for (const [id, given] of Object.entries(targets)) all[id] = targetOf(given, `${name}.targets.${id}`);
  } else if (targets !== undefined) all[MAIN] = { kind: 'values', name: `${name}.targets`, given: targets };
  const { [MAIN]: target, ...others } = all;
  if (labels === undefined && targets === undefined) return { main: undefined, others };
  if ((labels === undefined) === (target === undefined)) {
    const found =
      labels !== undefined
        ? 'both labels and targets'
        : `targets, of which none is called "${MAIN}", and no labels`;
    throw new ApicalError(
      'dataset.option',
      `${name} has ${found}: give labels (classes) or targets (values), one for each example.`,
    );
  }
  return { main: target ?? { kind: 'labels', name: `${name}.labels`, given: labels }, others };
}

const targetOf = (given: unknown, name: string): GivenTarget =>
  isRecord(given)
    ? { kind: 'labels', name: `${name}.labels`, given: given['labels'] }
    : { kind: 'values', name, given };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !isNumbers(value);

/** Reads a target that has one row per example. */
export const readTarget = ({ kind, given, name }: GivenTarget): NamedNumbers =>
  kind === 'labels' ? readLabels(given, name) : readNumbers(given, name);

/** Returns the largest of some labels; 0 if there are none. */
export function largestOf(labels: ArrayLike<number>): number {
  let most = 0;
  for (let index = 0; index < labels.length; index++) most = Math.max(most, labels[index] as number);
  return most;
}

interface SequenceOptions {
  readonly time: OwnTime;
  readonly name: string;
  /** Shape of a step, if it is known. */
  readonly shape: readonly number[] | undefined;
}

/** What is read of sequences. */
export interface ReadSequences {
  readonly split: Split;
  /** Number of values of a step. */
  readonly units: number;
  readonly targetUnits: number;
  readonly time: Pick<TimeAxis, 'kind' | 'targets'>;
  readonly named: Readonly<Record<string, TargetDescription & { readonly values: Split['targets'] }>>;
}

/** Reads sequences, padded with zeros to the longest. Throws `dataset.…`. */
export function readSequences(
  inputs: OwnExamples['inputs'],
  { main, others }: GivenTargets,
  { time, name, shape }: SequenceOptions,
): ReadSequences {
  if (time.steps !== undefined) checkWhole(time.steps, `${name}.time.steps`);
  const width = shape ? product(shape) : widthOf(inputs, main?.given, time);
  const series = readSeries(inputs, `${name}.inputs`, { steps: time.steps, width });
  const { count, steps, values, width: units } = series;
  const lengths = checkLengths(time.lengths ?? series.lengths, count, steps, `${name}.time.lengths`);
  const short = lengths?.findIndex((length, index) => length > (series.lengths[index] as number)) ?? -1;
  if (short >= 0)
    checkLengths([lengths?.[short] ?? 0], 1, series.lengths[short] as number, `${name}.time.lengths`);
  const mask =
    time.mask === undefined
      ? undefined
      : checkMask(flatMask(time.mask, steps), count, steps, lengths, `${name}.time.mask`);
  const layout = { count, steps, lengths: series.lengths };
  const isPerStep =
    time.mask !== undefined ||
    time.targets === 'all' ||
    (time.targets === undefined && (!main || isPerStepIn(main, layout)));
  const read = (target: GivenTarget) =>
    isPerStep ? stepTargets(target, layout) : sequenceTargets(target, count);
  const answers = main ? read(main) : NO_TARGETS;
  return {
    split: {
      count,
      steps,
      inputs: values,
      targets: answers.values,
      ...(lengths ? { lengths } : {}),
      ...(mask ? { mask } : {}),
    },
    units,
    targetUnits: answers.task === 'classification' ? 1 : answers.size,
    time: { kind: 'sequences', targets: mask ? 'masked' : isPerStep ? 'all' : 'last' },
    named: Object.fromEntries(Object.entries(others).map(([id, target]) => [id, read(target)])),
  };
}

/** The targets of examples without any. */
export const NO_TARGETS = { task: 'none', size: 0, values: new Uint8Array(0) } as const;

interface Series {
  /** count × steps × width, padded with zeros. */
  readonly values: Float32Array | Uint8Array;
  readonly count: number;
  readonly steps: number;
  /** Number of values of a step. */
  readonly width: number;
  /** The number of steps that are given of each sequence. */
  readonly lengths: readonly number[];
}

/** Reads [sequence][step][value], [sequence][step], rows of whole sequences, or flat values. */
export function readSeries(
  given: unknown,
  name: string,
  { steps, width: known }: { readonly steps?: number | undefined; readonly width?: number | undefined },
): Series {
  if (!isNumbers(given) || !isRows(given)) {
    const { values } = readNumbers(given, name);
    if (steps === undefined) {
      throw new ApicalError(
        'dataset.mismatch',
        `${name} is flat, so that the end of a sequence is unknown. Nest it as [sequence][step][value], or set time.steps.`,
      );
    }
    const width = known ?? 1;
    const count = values.length / (steps * width);
    if (!Number.isInteger(count)) {
      throw new ApicalError(
        'dataset.mismatch',
        `${name} holds ${values.length} values, which is no multiple of the ${steps} × ${width} of a sequence. Check time.steps and shape.`,
        { length: values.length, steps, width },
      );
    }
    return { values, count, steps, width, lengths: new Array<number>(count).fill(steps) };
  }
  const parts = Array.from(given, (sequence: unknown, index) => {
    if (isNumbers(sequence) && sequence.length === 0) {
      throw new ApicalError(
        'dataset.lengths',
        `${name}[${index}] has 0 steps: every sequence needs at least one. Remove it.`,
        { index },
      );
    }
    return readNumbers(sequence, `${name}[${index}]`);
  });
  const [first] = parts as [NamedNumbers];
  const width = known ?? first.values.length / (first.rows ?? steps ?? first.values.length);
  const lengths = parts.map(({ values, rows, name: own }) => {
    const length = values.length / width;
    if (Number.isInteger(length) && (rows ?? length) === length) return length;
    throw new ApicalError(
      'dataset.mismatch',
      `${own} holds ${values.length} values${rows === undefined ? '' : ` in ${rows} steps`}, but a step has ${width}. Give every step as many.`,
      { length: values.length, width },
    );
  });
  const most = Math.max(...lengths);
  if (steps !== undefined && most > steps) {
    const index = lengths.indexOf(most);
    throw new ApicalError(
      'dataset.mismatch',
      `${name}[${index}] has ${most} steps, but time.steps is ${steps}. Raise time.steps, or shorten the sequence.`,
      { steps, found: most },
    );
  }
  const all = steps ?? most;
  const size = parts.length * all * width;
  const isBytes = parts.every(({ values }) => values instanceof Uint8Array);
  const values = isBytes ? new Uint8Array(size) : new Float32Array(size);
  for (const [index, part] of parts.entries()) values.set(part.values, index * all * width);
  return { values, count: parts.length, steps: all, width, lengths };
}

interface Layout {
  readonly count: number;
  readonly steps: number;
  readonly lengths: readonly number[];
}

/** Returns whether targets have a row per step, by their shape. */
function isPerStepIn({ kind, given }: GivenTarget, { count, steps }: Layout): boolean {
  if (!isNumbers(given)) return false;
  if (kind === 'labels') return isRows(given) || (given.length === count * steps && steps > 1);
  return isRows(given) && isRows(given[0] as ArrayLike<unknown>);
}

function stepTargets({ kind, given, name }: GivenTarget, { count, steps, lengths }: Layout) {
  const numbers =
    kind === 'labels' && isNumbers(given) && !isRows(given)
      ? readLabels(given, name).values
      : kind === 'labels'
        ? labelRows(given, name, steps)
        : stepValues(given, name, { count, steps, lengths });
  const size = numbers.length / (count * steps);
  if (!Number.isInteger(size) || (kind === 'labels' && size !== 1)) {
    throw new ApicalError(
      'dataset.mismatch',
      `${name} holds ${numbers.length} values, which do not fit ${count} sequences of ${steps} steps. Give one target for each step.`,
      { length: numbers.length, count, steps },
    );
  }
  return kind === 'labels'
    ? { task: 'classification' as const, size: 1 + largestOf(numbers), values: numbers }
    : { task: 'regression' as const, size, values: Float32Array.from(numbers) };
}

function labelRows(given: unknown, name: string, steps: number): Uint8Array {
  const rows = given as readonly unknown[];
  const values = new Uint8Array(rows.length * steps);
  for (const [index, row] of rows.entries()) {
    const labels = readLabels(row, `${name}[${index}]`).values;
    if (labels.length > steps) throw tooLong(`${name}[${index}]`, labels.length, steps);
    values.set(labels, index * steps);
  }
  return values;
}

function stepValues(given: unknown, name: string, { count, steps, lengths }: Layout): Split['targets'] {
  if (!isNumbers(given) || !isRows(given)) return readNumbers(given, name).values;
  // A row of flat values holds every step of its sequence.
  const [first] = given;
  const width = isRows(first as ArrayLike<unknown>)
    ? undefined
    : (first as ArrayLike<number>).length / (lengths[0] as number);
  const series = readSeries(given, name, {
    width: Number.isInteger(width) ? width : undefined,
    steps: undefined,
  });
  if (series.steps > steps) throw tooLong(name, series.steps, steps);
  const all = new Float32Array(count * steps * series.width);
  const own = series.steps * series.width;
  for (let index = 0; index < Math.min(count, series.count); index++) {
    all.set(series.values.subarray(index * own, (index + 1) * own), index * steps * series.width);
  }
  if (series.count !== count) {
    throw new ApicalError(
      'dataset.mismatch',
      `${name} holds targets of ${series.count} sequences, but there are ${count}. Give as many.`,
    );
  }
  return all;
}

const tooLong = (name: string, found: number, steps: number) =>
  new ApicalError(
    'dataset.mismatch',
    `${name} holds targets for ${found} steps, but the inputs have ${steps}. Give one for each step.`,
    { found, steps },
  );

function sequenceTargets(target: GivenTarget, count: number) {
  const { values, rows, name } = readTarget(target);
  const found = rows ?? values.length;
  const size = values.length / count;
  if (target.kind === 'labels' ? found !== count : (rows ?? count) !== count || !Number.isInteger(size)) {
    const what = target.kind === 'labels' ? 'labels' : 'targets';
    throw new ApicalError(
      'dataset.mismatch',
      `${name} holds ${found} ${what}, but there are ${count} sequences. Give one for each sequence, or one for each step.`,
      { found, count },
    );
  }
  return target.kind === 'labels'
    ? { task: 'classification' as const, size: 1 + largestOf(values), values }
    : { task: 'regression' as const, size, values: Float32Array.from(values) };
}

/** Returns a mask as flat values; rows are padded with 0 to `steps`. */
export function flatMask(mask: NonNullable<OwnTime['mask']>, steps = 0): ArrayLike<number | boolean> {
  if (!isNumbers(mask) || !isRows(mask)) return mask as ArrayLike<number | boolean>;
  return Array.from(mask, (row: unknown) => {
    const values = Array.from(row as ArrayLike<number | boolean>);
    while (values.length < steps) values.push(0);
    return values;
  }).flat();
}

/** Returns the number of values of a step of flat inputs, as far as the number of sequences is known; else undefined. */
function widthOf(inputs: unknown, answers: unknown, { steps, lengths }: OwnTime): number | undefined {
  if (!isNumbers(inputs) || isRows(inputs) || steps === undefined || !isNumbers(answers)) return undefined;
  const candidates = [lengths?.length ?? 0, answers.length, answers.length / steps];
  return candidates
    .map((count) => inputs.length / (count * steps))
    .find((width) => Number.isInteger(width) && width > 0);
}
