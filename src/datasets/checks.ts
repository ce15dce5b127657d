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
