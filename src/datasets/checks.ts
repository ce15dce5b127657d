import { ApicalError } from '../errors.ts';
import type { NumericArray } from './formats/array.ts';

/** One class number per example, counted from 0; `classes` is the largest class number plus 1. */
export interface Labels {
  readonly labels: Uint8Array | Float32Array;
  readonly classes: number;
}

/** More classes than this are taken for a mistake: a measured quantity that was read as a class number. */
const mostClasses = 65_536;

/**
 * Converts class numbers of any numeric type to bytes, or to float32 above 256 classes. Bytes are not copied.
 * Throws `dataset.labels` at the first value that is not a class number.
 */
export function classLabels(values: NumericArray, name: string): Labels {
  let largest = -1;
  values.forEach((raw: number | bigint, index: number) => {
    const value = Number(raw);
    if (!Number.isInteger(value) || value < 0 || value >= mostClasses) {
      throw new ApicalError(
        'dataset.labels',
        `${name}: label ${index} is ${value}, but a class number must be a whole number from 0 to ${mostClasses - 1}. ` +
          'If the targets are measured values, set the task to "regression" (in NPZ, save them as floating point).',
        { name, index, value },
      );
    }
    if (value > largest) largest = value;
  });
  if (largest < 0)
    throw new ApicalError('dataset.labels', `${name} holds no labels; it must hold at least one.`, { name });
  const classes = largest + 1;
  if (values instanceof Uint8Array) return { labels: values, classes };
  const labels = classes <= 256 ? new Uint8Array(values.length) : new Float32Array(values.length);
  values.forEach((raw: number | bigint, index: number) => {
    labels[index] = Number(raw);
  });
  return { labels, classes };
}

/** Throws `dataset.mismatch` if inputs and targets differ in number. */
export function requireEqualCounts(
  inputsName: string,
  inputs: number,
  targetsName: string,
  targets: number,
): void {
  if (inputs === targets) return;
  throw new ApicalError(
    'dataset.mismatch',
    `${inputsName} holds ${inputs} examples and ${targetsName} holds ${targets}. The numbers must be equal: take both ` +
      'files from the same part of the same data set.',
    { inputsName, inputs, targetsName, targets },
  );
}

/** Throws `dataset.mismatch` if training and test inputs differ in shape. */
export function requireEqualShapes(
  trainName: string,
  train: readonly number[],
  testName: string,
  test: readonly number[],
): void {
  if (train.length === test.length && train.every((extent, index) => extent === test[index])) return;
  throw new ApicalError(
    'dataset.mismatch',
    `${trainName} has examples of shape [${train.join(', ')}] and ${testName} of shape [${test.join(', ')}]. ` +
      'The shapes must be equal: take both from the same data set.',
    { trainName, train, testName, test },
  );
}

/** Throws `dataset.values` at the first value that is not finite. Bytes are always finite. */
export function requireFinite(values: Uint8Array | Float32Array, name: string): void {
  if (values instanceof Uint8Array) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new ApicalError(
    'dataset.values',
    `${name}: value ${index} is ${values[index]}, but every value must be finite. Remove or impute such values.`,
    { name, index, value: values[index] },
  );
}

/** Throws `dataset.mismatch` if one part holds bytes and the other floats, which differ in scale. */
export function requireEqualKinds(
  trainName: string,
  train: Uint8Array | Float32Array,
  testName: string,
  test: Uint8Array | Float32Array,
): void {
  if (train instanceof Uint8Array === test instanceof Uint8Array) return;
  const kind = (values: Uint8Array | Float32Array): string =>
    values instanceof Uint8Array ? 'bytes' : 'floats';
  throw new ApicalError(
    'dataset.mismatch',
    `${trainName} holds ${kind(train)} and ${testName} holds ${kind(test)}, but bytes are scaled to 0 … 1 and floats ` +
      'are not. Save both with the same type.',
    { trainName, testName },
  );
}

/**
 * Checks the number of steps of each sequence and returns them; undefined if all sequences fill the `steps` stored.
 * Throws `dataset.lengths`.
 */
export function checkLengths(
  lengths: ArrayLike<number | bigint>,
  count: number,
  steps: number,
  name: string,
): Int32Array | undefined {
  if (lengths.length !== count) {
    throw new ApicalError(
      'dataset.lengths',
      `${name} holds ${lengths.length} lengths, but there are ${count} sequences. Give one length for each sequence.`,
      { lengths: lengths.length, count },
    );
  }
  const checked = Int32Array.from({ length: count }, (_, index) => {
    const length = Number(lengths[index]);
    const reason =
      length === 0
        ? 'has 0 steps: every sequence needs at least one. Remove it'
        : !Number.isInteger(length) || length < 0
          ? `has ${length} steps: a length is a whole number above 0. Correct it`
          : length > steps &&
            `is ${length} steps long, but the data hold ${steps} steps of it. Correct the length, or give more steps`;
    if (reason === false) return length;
    throw new ApicalError('dataset.lengths', `${name}: sequence ${index} (counted from 0) ${reason}.`, {
      index,
      length,
      steps,
    });
  });
  return checked.some((length) => length < steps) ? checked : undefined;
}

/**
 * Checks a mask (count × steps) of the steps at which a target is due, and returns it without steps after the end of a
 * sequence. Throws `dataset.mask`.
 */
export function checkMask(
  mask: ArrayLike<number | bigint | boolean>,
  count: number,
  steps: number,
  lengths: Int32Array | undefined,
  name: string,
): Uint8Array {
  if (mask.length !== count * steps) {
    throw new ApicalError(
      'dataset.mask',
      `${name} holds ${mask.length} values, but ${count} × ${steps} steps need ${count * steps}. Give 1 or 0 for every step of every sequence.`,
      { length: mask.length, count, steps },
    );
  }
  const checked = new Uint8Array(mask.length);
  let due = 0;
  for (let index = 0; index < mask.length; index++) {
    const value = Number(mask[index]);
    if (value !== 0 && value !== 1) {
      throw new ApicalError(
        'dataset.mask',
        `${name}: value ${index} is ${value}, but a mask holds 1 where a target is due and 0 elsewhere.`,
        { index, value },
      );
    }
    const isPresent = index % steps < (lengths?.[Math.floor(index / steps)] ?? steps);
    checked[index] = isPresent ? value : 0;
    if (isPresent) due += value;
  }
  if (due > 0) return checked;
  throw new ApicalError(
    'dataset.mask',
    `${name} names no step at which a target is due, so there is nothing to learn. Set the steps with a target to 1.`,
  );
}
