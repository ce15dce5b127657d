import { ApicalError } from '../errors.ts';
import type { NumericArray } from './formats/array.ts';

/** Class numbers from 0, one an example; `classes` is the largest and one. */
export interface Labels {
  readonly labels: Uint8Array | Float32Array;
  readonly classes: number;
}

/** More classes than this are taken for a mistake: a measured quantity read as a class number. */
const mostClasses = 65_536;

/**
 * Class numbers of any numeric type, as bytes where they fit (the same memory where they are bytes already).
 * Throws `dataset.labels` at the first value that is not a class number.
 */
export function classLabels(values: NumericArray, name: string): Labels {
  let largest = -1;
  values.forEach((raw: number | bigint, index: number) => {
    const value = Number(raw);
    if (!Number.isInteger(value) || value < 0 || value >= mostClasses) {
      throw new ApicalError(
        'dataset.labels',
        `${name}: label ${index} is ${value}; class numbers are whole, from 0 to ${mostClasses - 1}. ` +
          `For targets that are measured values, make the task "regression" (floating-point targets in NPZ).`,
        { name, index, value },
      );
    }
    if (value > largest) largest = value;
  });
  if (largest < 0)
    throw new ApicalError('dataset.labels', `${name} holds no labels; at least one is needed.`, { name });
  const classes = largest + 1;
  if (values instanceof Uint8Array) return { labels: values, classes };
  const labels = classes <= 256 ? new Uint8Array(values.length) : new Float32Array(values.length);
  values.forEach((raw: number | bigint, index: number) => {
    labels[index] = Number(raw);
  });
  return { labels, classes };
}

/** Throws `dataset.mismatch` where inputs and targets do not pair up. */
export function requireEqualCounts(
  inputsName: string,
  inputs: number,
  targetsName: string,
  targets: number,
): void {
  if (inputs === targets) return;
  throw new ApicalError(
    'dataset.mismatch',
    `${inputsName} holds ${inputs} examples and ${targetsName} ${targets}. They must pair one to one: ` +
      'take both from the same data set and the same part of it.',
    { inputsName, inputs, targetsName, targets },
  );
}

/** Throws `dataset.mismatch` where training and test inputs have different shapes. */
export function requireEqualShapes(
  trainName: string,
  train: readonly number[],
  testName: string,
  test: readonly number[],
): void {
  if (train.length === test.length && train.every((extent, index) => extent === test[index])) return;
  throw new ApicalError(
    'dataset.mismatch',
    `${trainName} has examples of shape [${train.join(', ')}] and ${testName} of [${test.join(', ')}]. ` +
      'Training and test must have one shape: take both from the same data set.',
    { trainName, train, testName, test },
  );
}

/** Throws `dataset.values` at the first value that is not a finite number. Bytes always are. */
export function requireFinite(values: Uint8Array | Float32Array, name: string): void {
  if (values instanceof Uint8Array) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new ApicalError(
    'dataset.values',
    `${name}: value ${index} is ${values[index]}. Every value must be a finite number: drop or fill such examples.`,
    { name, index, value: values[index] },
  );
}

/** Throws `dataset.mismatch` where one part has bytes and the other floats: they would not share one scale. */
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
    `${trainName} holds ${kind(train)} and ${testName} ${kind(test)}; bytes stand for 0 … 1 and floats for ` +
      'themselves. Save both with one type.',
    { trainName, testName },
  );
}
