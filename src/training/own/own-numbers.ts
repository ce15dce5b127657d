import { ApicalError } from '../../errors.ts';
import { didYouMean } from '../../suggest.ts';

/**
 * Numbers for a data set: flat values, or one row per example. A `Uint8Array` holds bytes from 0 to 255, which become
 * inputs from 0 to 1; other numbers are used as they are.
 */
export type Numbers =
  Float32Array | Float64Array | Uint8Array | readonly number[] | readonly ArrayLike<number>[];

/** Class labels are stored as bytes. */
const MOST_CLASSES = 256;

export interface NamedNumbers {
  readonly name: string;
  readonly values: Float32Array | Uint8Array;
  /** Number of rows; undefined for flat values. */
  readonly rows?: number;
}

export function readNumbers(numbers: unknown, name: string): NamedNumbers {
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
export function toFloats(numbers: ArrayLike<number>, nameOf: (index: number) => string): Float32Array {
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

export function readLabels(labels: unknown, name: string): NamedNumbers {
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

/** Throws `dataset.mismatch` unless a value is a whole number above 0. */
export function checkWhole(value: unknown, name: string): void {
  if (Number.isInteger(value) && (value as number) > 0) return;
  throw new ApicalError('dataset.mismatch', `${name} is ${describe(value)}: give a whole number above 0.`);
}

export function checkShape(shape: unknown, name: string): readonly number[] {
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

/** Throws `dataset.option`, with the nearest key. */
export function checkKeys(value: unknown, known: readonly string[], name: string): void {
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

export function notEmpty<Values extends ArrayLike<unknown>>(values: Values, name: string): Values {
  if (values.length > 0) return values;
  throw new ApicalError('dataset.empty', `${name} is empty: give at least one example.`);
}

export const isNumbers = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

export const isRows = (value: ArrayLike<unknown>): value is readonly ArrayLike<number>[] =>
  isNumbers(value[0]);

export const product = (shape: readonly number[]) => shape.reduce((units, length) => units * length, 1);

/** Describes a value in a few words. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > 30 ? `${value.slice(0, 29)}…` : value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? `of the kind ${value.constructor.name}` : `a ${typeof value}`;
}
