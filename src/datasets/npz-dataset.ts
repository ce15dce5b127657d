import { ApicalError } from '../errors.ts';
import type { Dataset, Split, TargetDescription, TimeAxis } from './dataset.ts';
import { corruptFile, elementCount, toFloat32 } from './formats/array.ts';
import type { ShapedArray } from './formats/array.ts';
import { parseNpz } from './formats/npz.ts';
import {
  checkLengths,
  checkMask,
  classLabels,
  requireEqualCounts,
  requireEqualKinds,
  requireEqualShapes,
  requireFinite,
} from './checks.ts';
import { splitSeries } from './in-time.ts';

/** The parts of a data set, as the names of its arrays end. */
const PARTS = ['train', 'test'] as const;

/** Options for reading an NPZ file as a data set. */
export interface NpzDatasetOptions {
  /** "sequences": x is (count, steps, …). "stream": the rows of x are the steps of one series. Default: no time axis. */
  readonly time?: TimeAxis['kind'] | undefined;
}

/**
 * Reads a data set from an NPZ file with the arrays x_train, y_train, x_test and y_test, the layout of Keras.
 *
 * x: (count, …). Bytes stay bytes with scale 1/255; every other type becomes float32 with scale 1.
 * y: integers of shape (count) or (count, 1) are class numbers; floating-point numbers are regression targets.
 * y_train_NAME, y_test_NAME: a further target NAME, in the same layout. Without y_train and y_test, examples have no targets.
 *
 * Sequences: x (count, steps, …), with lengths_train (count) if they differ. A target is due at the last step, y (count) or
 * (count, values); or at each step, y (count, steps) of integers or (count, steps, values) of floating-point numbers. With
 * mask_train (count, steps), it is due where the mask is 1. Likewise for test.
 *
 * Streams: x (steps, …), y (steps) or (steps, values), mask_train (steps). Without x_test, the last fifth of the series is
 * for testing.
 *
 * Throws `dataset.corrupt`, `dataset.missing` (an array is absent), `dataset.mismatch`, `dataset.labels`,
 * `dataset.lengths`, `dataset.mask` or `dataset.values` (a value is not finite).
 *
 * @example
 * ```ts
 * import { npzDataset } from 'apical/rules';
 *
 * async function fetchDataset(address: string) {
 *   const response = await fetch(address);
 *   return npzDataset(new Uint8Array(await response.arrayBuffer()), 'digits', address);
 * }
 * ```
 */
export function npzDataset(
  bytes: Uint8Array,
  id: string,
  where: string,
  { time }: NpzDatasetOptions = {},
): Dataset {
  const arrays = parseNpz(bytes, where, (name) =>
    /^([xy]|lengths|mask)_(train|test)$|^y_(train|test)_/.test(name),
  );
  const hasTest = time !== 'stream' || arrays.has('x_test');
  const parts = [...arrays.keys()].some((name) => name.startsWith('y_')) ? ['x', 'y'] : ['x'];
  const missing = PARTS.flatMap((part) =>
    part === 'test' && !hasTest
      ? []
      : parts.map((array) => `${array}_${part}`).filter((name) => !arrays.has(name)),
  );
  if (missing.length > 0) {
    throw new ApicalError(
      'dataset.missing',
      `${where} lacks ${missing.join(', ')}. Save it with numpy.savez(file, x_train=…, y_train=…, x_test=…, y_test=…).`,
      { where, missing },
    );
  }
  const read = (part: (typeof PARTS)[number]) => readPart(arrays, part, where, time);
  const first = read('train');
  const [trainSplit, endSplit] = hasTest ? [first.split] : splitSeries(first.split, where);
  const train = { ...first, split: trainSplit };
  const test = endSplit ? { ...first, split: endSplit } : read('test');
  requireEqualShapes(`${where}: x_train`, train.inputShape, `${where}: x_test`, test.inputShape);
  requireEqualKinds(`${where}: x_train`, train.split.inputs, `${where}: x_test`, test.split.inputs);
  for (const name of new Set([...Object.keys(train.targets), ...Object.keys(test.targets)])) {
    requireEqualTargets(where, name, train.targets[name], test.targets[name]);
  }
  const merged = Object.fromEntries(
    Object.entries(train.targets).map(([name, { task, size, due }]) => [
      name,
      { task, size: Math.max(size, test.targets[name]?.size ?? 0), due },
    ]),
  );
  const { [MAIN]: main, ...named } = merged as Record<string, Pick<Target, 'task' | 'size' | 'due'>>;
  const { task, size: targetSize, due } = main ?? { task: 'none', size: 0, due: 'all' };
  const steps =
    time === 'stream' ? train.split.steps : Math.max(train.split.steps ?? 0, test.split.steps ?? 0);
  return {
    id,
    title: id,
    task,
    inputShape: train.inputShape,
    inputScale: train.split.inputs instanceof Uint8Array ? 1 / 255 : 1,
    targetSize,
    ...(time ? { time: { kind: time, steps: steps ?? 0, targets: due } } : {}),
    ...(Object.keys(named).length > 0
      ? {
          named: Object.fromEntries(
            Object.entries(named).map(([name, { task, size }]) => [name, { task, size }]),
          ),
        }
      : {}),
    train: train.split,
    test: test.split,
    verified: false,
    source: where,
  };
}

/** Name of the target in y_train and y_test. */
const MAIN = 'target';

interface Target {
  readonly task: TargetDescription['task'];
  readonly size: number;
  readonly due: TimeAxis['targets'];
  readonly values: Split['targets'];
}

interface Part {
  readonly inputShape: readonly number[];
  readonly targets: Readonly<Record<string, Target>>;
  readonly split: Split;
}

function readPart(
  arrays: ReadonlyMap<string, ShapedArray>,
  part: (typeof PARTS)[number],
  where: string,
  time: TimeAxis['kind'] | undefined,
): Part {
  const name = (array: string) => `${where}: ${array}_${part}`;
  const x = arrays.get(`x_${part}`) as ShapedArray;
  const [rows = 0, ...others] = x.shape;
  if (rows === 0) throw corruptFile(name('x'), 'at least one example', `the shape (${x.shape.join(', ')})`);
  if (time === 'sequences' && (others[0] ?? 0) === 0) {
    throw new ApicalError(
      'dataset.mismatch',
      `${name('x')} has the shape (${x.shape.join(', ')}), but sequences need (count, steps, …). Add the axis of steps, or leave task.time.kind out.`,
      { shape: x.shape },
    );
  }
  const count = time === 'stream' ? 1 : rows;
  const steps = time === 'stream' ? rows : time === 'sequences' ? (others.shift() as number) : undefined;
  const given = arrays.get(`lengths_${part}`);
  const maskArray = arrays.get(`mask_${part}`);
  requireTime(time, given, name('lengths'), 'sequences');
  requireTime(time === undefined ? undefined : 'sequences', maskArray, name('mask'), 'sequences or a stream');
  const lengths = given && checkLengths(given.data, count, steps ?? 1, name('lengths'));
  const mask = maskArray && checkMask(maskArray.data, count, steps ?? 1, lengths, name('mask'));
  const inputs = x.data instanceof Uint8Array ? x.data : toFloat32(x.data);
  requireFinite(inputs, name('x'));
  const targets: Record<string, Target> = {};
  for (const [id, array] of arrays) {
    if (id !== `y_${part}` && !id.startsWith(`y_${part}_`)) continue;
    const target = id === `y_${part}` ? MAIN : id.slice(`y_${part}_`.length);
    const shape = { xName: name('x'), rows, steps: time === 'sequences' ? steps : undefined };
    const isMasked = mask !== undefined;
    const read = readTarget(array, `${where}: ${id}`, { ...shape, time, isMasked });
    targets[target] = read;
  }
  const main = targets[MAIN];
  const other = Object.entries(targets).find(([, { due }]) => due !== main?.due);
  if (main && other) {
    throw new ApicalError(
      'dataset.mismatch',
      `${where}: y_${part}_${other[0]} and y_${part} must both hold one target per ${main.due === 'last' ? 'sequence' : 'step'}. Give both the same axes.`,
    );
  }
  const named = Object.entries(targets).filter(([id]) => id !== MAIN);
  return {
    inputShape: others.length === 0 ? [1] : others,
    targets,
    split: {
      count,
      inputs,
      targets: main?.values ?? new Uint8Array(0),
      ...(steps === undefined ? {} : { steps }),
      ...(lengths ? { lengths } : {}),
      ...(mask ? { mask } : {}),
      ...(named.length > 0
        ? { named: Object.fromEntries(named.map(([id, { values }]) => [id, values])) }
        : {}),
    },
  };
}

/** Throws `dataset.mismatch` for an array that only data in time have. */
function requireTime(
  time: TimeAxis['kind'] | undefined,
  array: ShapedArray | undefined,
  name: string,
  kinds: string,
): void {
  if (!array || time === 'sequences') return;
  throw new ApicalError(
    'dataset.mismatch',
    `${name} applies to ${kinds}. Set task.time.kind, or leave the array out.`,
  );
}

interface TargetLayout {
  readonly xName: string;
  readonly rows: number;
  /** Steps of each sequence; undefined for a stream and without a time axis. */
  readonly steps: number | undefined;
  readonly time: TimeAxis['kind'] | undefined;
  readonly isMasked: boolean;
}

function readTarget(
  { shape, data }: ShapedArray,
  name: string,
  { xName, rows, steps, time, isMasked }: TargetLayout,
): Target {
  const [targetRows = 0, ...others] = shape;
  if (time === 'stream' && targetRows !== rows) {
    throw new ApicalError(
      'dataset.mismatch',
      `${name} holds ${targetRows} targets, but the series of ${xName} has ${rows} steps. Give one target for each step.`,
      { targets: targetRows, steps: rows },
    );
  }
  requireEqualCounts(xName, rows, name, targetRows);
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  let due: TimeAxis['targets'] = isMasked ? 'masked' : time === 'sequences' ? 'last' : 'all';
  if (steps !== undefined && (isMasked || others.length > (isFloat ? 1 : 0))) {
    const isPerStep = others[0] === steps;
    if (!isPerStep && (isMasked || others.length > 1 || others[0] !== 1)) {
      throw new ApicalError(
        'dataset.mismatch',
        `${name} has the shape (${shape.join(', ')}), but ${xName} has ${rows} sequences of ${steps} steps. Give ${isMasked ? '' : `(${rows}) for a target at the last step, or `}(${rows}, ${steps}${isFloat ? ', values' : ''}) for one at each step.`,
        { shape, steps },
      );
    }
    if (isPerStep) {
      others.shift();
      if (!isMasked) due = 'all';
    }
  }
  const size = elementCount(others);
  if (isFloat) {
    const values = toFloat32(data);
    requireFinite(values, name);
    return { task: 'regression', size, due, values };
  }
  if (size !== 1) {
    throw new ApicalError(
      'dataset.labels',
      `${name} holds integers of shape (${shape.join(', ')}), but class numbers must have the shape (${rows}). ` +
        'Convert one-hot rows with numpy.argmax(y, axis=1), or save regression targets as float32.',
      { name, shape },
    );
  }
  const { labels, classes } = classLabels(data, name);
  return { task: 'classification', size: classes, due, values: labels };
}

/** Throws `dataset.mismatch` if a target differs between training and test examples. */
function requireEqualTargets(
  where: string,
  id: string,
  train: Target | undefined,
  test: Target | undefined,
): void {
  const suffix = id === MAIN ? '' : `_${id}`;
  if (!train || !test) {
    throw new ApicalError(
      'dataset.mismatch',
      `${where} has y_${train ? 'train' : 'test'}${suffix} but not y_${train ? 'test' : 'train'}${suffix}. Save both, or neither.`,
    );
  }
  const isSame =
    train.task === test.task &&
    train.due === test.due &&
    (train.task === 'classification' || train.size === test.size);
  if (isSame) return;
  throw new ApicalError(
    'dataset.mismatch',
    `${where}: y_train${suffix} holds ${train.task} targets of size ${train.size}, but y_test${suffix} ${test.task} targets of ` +
      `size ${test.size}${train.due === test.due ? '' : ', and they are due at other steps'}. Save both with the same type and shape.`,
    { where },
  );
}
