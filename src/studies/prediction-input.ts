import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { columnIndex } from '../datasets/csv-dataset.ts';
import type { DataDescription } from '../datasets/dataset.ts';
import { elementCount, toFloat32 } from '../datasets/formats/array.ts';
import type { NumericArray, ShapedArray } from '../datasets/formats/array.ts';
import { parseCsv } from '../datasets/formats/csv.ts';
import { gunzip, isGzip } from '../datasets/formats/gzip.ts';
import { parseIdx } from '../datasets/formats/idx.ts';
import { parseNpy } from '../datasets/formats/npy.ts';
import { parseNpz } from '../datasets/formats/npz.ts';
import { ApicalError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { readAll } from '../runs/folder/files.ts';
import { unitsOf, wrongShape } from '../training/trained-network.ts';

export interface InputOptions {
  /** Of a table, the label's column (name or number; several with commas); of NPZ, its array; else a file of labels. */
  readonly labels?: string | undefined;
  /** Turns pictures over: dark becomes light. */
  readonly invert?: boolean | undefined;
}

/** Examples to answer, from a file. */
export interface PredictionInput {
  /** (count, …), with the shape of the network's examples or flat. */
  readonly inputs: { readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array };
  /** By example, a class number; or for regression `targetSize` values. */
  readonly labels: Int32Array | Float32Array | undefined;
  /** What was taken for granted, and what looks wrong: for whoever watches. */
  readonly notes: readonly string[];
}

/** What a network has learned from: `TrainedNetwork` is one. */
interface Learned {
  readonly data: DataDescription;
  readonly config: Pick<Config, 'task'>;
}

/**
 * Reads examples from IDX (.gz or not), CSV, NPZ, NPY or one PNG picture, told apart by content, and checks them against
 * what the network takes. Throws `predict.…`, and for damaged files `dataset.…` errors.
 */
export async function readExamples(
  file: string,
  learned: Learned,
  options: InputOptions = {},
): Promise<PredictionInput> {
  const { data } = learned;
  const raw = await parse(file, learned, options);
  const count = exampleCount(raw.array.shape, data, file);
  const notes = [...raw.notes];
  let values = asInputs(raw.array.data, data, file, notes);
  if (options.invert) values = inverted(values, data, file);
  else if (isPicture(data) && hasLightBorder(values, data)) {
    notes.push(
      `${basename(file)}: the picture is light at its border. A network that learned light figures on a dark ground, as in MNIST, needs --invert.`,
    );
  }
  return {
    inputs: { shape: [count, ...data.inputShape], data: values },
    labels: raw.labels && labelsOf(raw.labels, count, data, file),
    notes,
  };
}

interface Raw {
  readonly array: ShapedArray;
  /** Row by row. */
  readonly labels?: readonly string[] | undefined;
  readonly notes: readonly string[];
}

async function parse(file: string, learned: Learned, options: InputOptions): Promise<Raw> {
  const bytes = await readFile(file);
  const starts = (...expected: number[]) => expected.every((byte, index) => bytes[index] === byte);
  if (starts(0x50, 0x4b)) return parseArrays(bytes, file, options.labels);
  if (/\.[ct]sv$/i.test(file.replace(/\.gz$/i, ''))) return parseTable(bytes, file, learned, options.labels);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
  if (starts(0x89, 0x50, 0x4e, 0x47))
    return { array: await parsePicture(bytes, file, learned), labels, notes: [] };
  if (starts(0x93, 0x4e)) return { array: parseNpy(bytes, file), labels, notes: [] };
  if (starts(0, 0)) return { array: parseIdx(bytes, file), labels, notes: [] };
  throw new ApicalError(
    'predict.format',
    `${file} is of no known kind: give IDX (.gz or not), .csv, .tsv, .npz, .npy or .png.`,
    { file },
  );
}

/** Loaded late: few need pictures. The size is looked at before anything is decoded. */
async function parsePicture(bytes: Uint8Array, file: string, { data }: Learned): Promise<ShapedArray> {
  const { parsePng, pngSize } = await import('../datasets/formats/png.ts');
  const { width, height } = pngSize(bytes, file);
  const expected = withoutOnes(data.inputShape);
  if (expected.join() !== withoutOnes([height, width]).join())
    throw wrongShape(data.inputShape, [height, width], file);
  return { shape: [1, height, width], data: parsePng(bytes, file).data };
}

/** Arrays that hold inputs, by name, and the labels beside each. */
const ARRAY_NAMES: Readonly<Record<string, string>> = {
  x: 'y',
  x_test: 'y_test',
  inputs: 'labels',
  images: 'labels',
};

function parseArrays(bytes: Uint8Array, file: string, labelsName: string | undefined): Raw {
  const arrays = parseNpz(bytes, file);
  const names = [...arrays.keys()];
  const others = names.filter((name) => name !== labelsName && !Object.values(ARRAY_NAMES).includes(name));
  const name =
    Object.keys(ARRAY_NAMES).find((known) => arrays.has(known)) ??
    (others.length === 1 ? others[0] : undefined);
  if (name === undefined) {
    throw new ApicalError(
      'predict.array',
      `${file} holds ${names.map((its) => `"${its}"`).join(', ') || 'no arrays'}. Call the one with the examples ${Object.keys(ARRAY_NAMES).join(', ')}, or leave only one in the file.`,
      { file, names },
    );
  }
  const labels = arrays.get(labelsName ?? ARRAY_NAMES[name] ?? '');
  if (labelsName !== undefined && !labels) {
    throw new ApicalError(
      'predict.labels',
      `${file} has no array "${labelsName}": there are ${names.map((its) => `"${its}"`).join(', ')}.`,
      { file, names },
    );
  }
  return {
    array: arrays.get(name) as ShapedArray,
    labels: labels && Array.from(labels.data, String),
    notes: names.length > 1 ? [`${basename(file)}: the examples are the array "${name}".`] : [],
  };
}

function parseTable(
  bytes: Uint8Array,
  file: string,
  { data, config }: Learned,
  wanted: string | undefined,
): Raw {
  const units = unitsOf(data);
  const outputs = data.task === 'regression' ? data.targetSize : 1;
  const notes: string[] = [];
  const table = parseCsv(bytes, file, {}, (width, header) => {
    const column = (name: string | number) => columnIndex(name, width, header, file);
    if (wanted !== undefined) {
      return wanted
        .split(',')
        .map((name) => column(/^-?\d+$/.test(name) && !header?.includes(name) ? Number(name) : name));
    }
    if (width === units) return [];
    const usual = config.task.labels ?? 'label';
    const isThere = typeof usual === 'number' ? usual < width : (header?.includes(usual) ?? false);
    if (isThere && outputs === 1) return [column(usual)];
    if (width !== units + outputs) return [];
    notes.push(
      outputs === 1
        ? `${basename(file)}: the last column is taken for the label; --labels names another.`
        : `${basename(file)}: the last ${outputs} columns are taken for the targets; --labels names others.`,
    );
    return Array.from({ length: outputs }, (_, index) => width - outputs + index);
  });
  const { count, values, texts } = table;
  const labels =
    texts.length === 0
      ? undefined
      : Array.from({ length: count }, (_, row) => texts.map((cells) => cells[row] as string)).flat();
  return { array: { shape: [count, values.length / count], data: values }, labels, notes };
}

/** Labels in a file of their own. */
async function readLabels(file: string): Promise<readonly string[]> {
  const bytes = await readFile(file);
  const array = bytes[0] === 0x93 ? parseNpy(bytes, file) : parseIdx(bytes, file);
  return Array.from(array.data, String);
}

/** How many examples an array of this shape holds. Throws `predict.shape`. */
function exampleCount(shape: readonly number[], data: DataDescription, file: string): number {
  const units = unitsOf(data);
  const fits = (its: readonly number[]) =>
    withoutOnes(its).join() === withoutOnes(data.inputShape).join() ||
    (elementCount(its) === units && withoutOnes(its).length === 1);
  const [count = 1, ...each] = shape;
  if (fits(each)) {
    if (count > 0) return count;
    throw new ApicalError('predict.empty', `${file} holds no examples.`, { file });
  }
  if (fits(shape)) return 1;
  throw wrongShape(data.inputShape, shape.length > 1 ? each : shape, file);
}

/** The numbers as the network takes them: bytes where it learned from bytes and these are bytes too. */
function asInputs(
  values: NumericArray,
  data: DataDescription,
  file: string,
  notes: string[],
): Uint8Array | Float32Array {
  if (values instanceof Uint8Array) return values;
  const floats = toFloat32(values);
  if (data.inputScale === 1) return floats;
  const largest = floats.reduce((most, value) => Math.max(most, value), 0);
  if (largest <= 1) return floats;
  if (floats.every((value) => value >= 0 && value <= 255 && Number.isInteger(value))) {
    notes.push(`${basename(file)}: whole numbers up to ${largest} are taken for bytes of pictures, 0 … 255.`);
    return Uint8Array.from(floats);
  }
  notes.push(
    `${basename(file)}: values go up to ${largest}, but the network learned from values of 0 … 1. Scale them as in training.`,
  );
  return floats;
}

function inverted(
  values: Uint8Array | Float32Array,
  data: DataDescription,
  file: string,
): Uint8Array | Float32Array {
  if (values instanceof Uint8Array) return values.map((value) => 255 - value);
  if (data.inputScale !== 1) return values.map((value) => 1 - value);
  throw new ApicalError(
    'predict.invert',
    `--invert turns pictures over, but the network learned from measured values and ${file} holds such. Leave it out.`,
    { file },
  );
}

const isPicture = (data: DataDescription) =>
  data.inputScale !== 1 && withoutOnes(data.inputShape).length === 2;

/** Whether the rims of the first pictures are light on average. */
function hasLightBorder(values: Uint8Array | Float32Array, data: DataDescription): boolean {
  const [height = 1, width = 1] = withoutOnes(data.inputShape);
  const units = height * width;
  let sum = 0;
  let count = 0;
  for (let index = 0; index < Math.min(values.length, 100 * units); index++) {
    const [row, column] = [Math.floor((index % units) / width), index % width];
    if (row > 0 && row < height - 1 && column > 0 && column < width - 1) continue;
    sum += values[index] as number;
    count += 1;
  }
  return sum / count > (values instanceof Uint8Array ? 127.5 : 0.5);
}

/** Throws `predict.labels`: another number of them, or one that the network does not know. */
function labelsOf(
  cells: readonly string[],
  count: number,
  data: DataDescription,
  file: string,
): Int32Array | Float32Array {
  const isRegression = data.task === 'regression';
  const expected = isRegression ? count * data.targetSize : count;
  if (cells.length !== expected) {
    throw new ApicalError(
      'predict.labels',
      `${file} holds ${count} examples, so ${expected} ${isRegression ? 'target values' : 'labels'} are expected, but there are ${cells.length}.`,
      { file, expected, found: cells.length },
    );
  }
  const fail = (cell: string, index: number, what: string) =>
    new ApicalError('predict.labels', `${file}: label ${index} is "${cell}", but ${what}.`, {
      file,
      index,
      cell,
    });
  if (isRegression) {
    return Float32Array.from(cells, (cell, index) => {
      if (cell.trim() !== '' && Number.isFinite(Number(cell))) return Number(cell);
      throw fail(cell, index, 'a number is expected');
    });
  }
  const { classNames = [], targetSize } = data;
  return Int32Array.from(cells, (cell, index) => {
    const value = cell.trim() === '' ? NaN : Number(cell);
    const named = classNames.indexOf(Number.isNaN(value) ? cell : String(value));
    if (named >= 0) return named;
    if (Number.isInteger(value) && value >= 0 && value < targetSize) return value;
    const known = classNames.length > 0 ? classNames.join(', ') : `0 … ${targetSize - 1}`;
    throw fail(cell, index, `the network's classes are ${known}`);
  });
}

/** Throws `predict.missing`. A gzip file is unpacked. */
async function readFile(file: string): Promise<Uint8Array> {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new ApicalError('predict.missing', `There is no file ${file}. Check the path.`, { file });
  }
  const bytes = readAll(file);
  return isGzip(bytes) ? await gunzip(bytes, file) : bytes;
}

/** A shape without the axes that say nothing: a channel of its own, say. */
const withoutOnes = (shape: readonly number[]) => shape.filter((length) => length !== 1);
