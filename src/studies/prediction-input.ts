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

/** Options that say how to read examples from a file. */
export interface InputOptions {
  /**
   * Location of the labels. In a table: a column by name or number, or several separated by commas. In NPZ: an array by
   * name. Otherwise: a file of labels.
   */
  readonly labels?: string | undefined;
  /** Inverts images: dark becomes light. */
  readonly invert?: boolean | undefined;
}

/** Examples from a file, ready for the network. */
export interface PredictionInput {
  /** Shape (count, …), where … is the shape of the network's input; (count, steps, …) for sequences, (steps, …) for a stream. */
  readonly inputs: { readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array };
  /** For each example a class number, or for regression `targetSize` values. */
  readonly labels: Int32Array | Float32Array | undefined;
  /** Notes for the user: assumptions that were made, and what looks wrong. */
  readonly notes: readonly string[];
}

/** The data and the config that a network was trained with; `TrainedNetwork` has both. */
interface TrainedWith {
  readonly data: DataDescription;
  readonly config: Pick<Config, 'task'>;
}

/**
 * Reads examples from an IDX (optionally .gz), CSV, NPZ, NPY or PNG file, recognised by content, and checks them
 * against the network's input. Throws `predict.…` errors, and `dataset.…` errors for damaged files.
 */
export async function readExamples(
  file: string,
  trained: TrainedWith,
  options: InputOptions = {},
): Promise<PredictionInput> {
  const { data } = trained;
  const contents = await parse(file, trained, options);
  const shape = inputShapeOf(contents.array.shape, data, file);
  const count = answersOf(shape, data);
  const notes = [...contents.notes];
  let values = asInputs(contents.array.data, data, file, notes);
  if (options.invert) values = inverted(values, data, file);
  else if (isImage(data) && hasLightBorder(values, data)) {
    notes.push(
      `${basename(file)}: the images have light borders. If the network was trained on light figures on a dark background, as in MNIST, add --invert.`,
    );
  }
  return {
    inputs: { shape, data: values },
    labels: contents.labels && labelsOf(contents.labels, count, data, file),
    notes,
  };
}

/** The contents of a file, before they are checked against the network. */
interface FileContents {
  readonly array: ShapedArray;
  /** In row order. */
  readonly labels?: readonly string[] | undefined;
  readonly notes: readonly string[];
}

async function parse(file: string, trained: TrainedWith, options: InputOptions): Promise<FileContents> {
  const bytes = await readFile(file);
  const starts = (...expected: number[]) => expected.every((byte, index) => bytes[index] === byte);
  if (starts(0x50, 0x4b)) return parseArrays(bytes, file, options.labels);
  if (/\.[ct]sv$/i.test(file.replace(/\.gz$/i, ''))) return parseTable(bytes, file, trained, options.labels);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
  if (starts(0x89, 0x50, 0x4e, 0x47))
    return { array: await parseImage(bytes, file, trained), labels, notes: [] };
  if (starts(0x93, 0x4e)) return { array: parseNpy(bytes, file), labels, notes: [] };
  if (starts(0, 0)) return { array: parseIdx(bytes, file), labels, notes: [] };
  throw new ApicalError(
    'predict.format',
    `The format of ${file} is unknown. Give an IDX file (optionally .gz), .csv, .tsv, .npz, .npy or .png.`,
    { file },
  );
}

/** Parses a PNG image. Its decoder is loaded on demand, and the size is checked before anything is decoded. */
async function parseImage(bytes: Uint8Array, file: string, { data }: TrainedWith): Promise<ShapedArray> {
  const { parsePng, pngSize } = await import('../datasets/formats/png.ts');
  const { width, height } = pngSize(bytes, file);
  const expected = squeeze(wholeShape(data));
  if (expected.join() !== squeeze([height, width]).join())
    throw wrongShape(wholeShape(data), [height, width], file);
  return { shape: [1, height, width], data: parsePng(bytes, file).data };
}

/** Names of arrays that hold examples, each with the name of the array that holds their labels. */
const ARRAY_NAMES: Readonly<Record<string, string>> = {
  x: 'y',
  x_test: 'y_test',
  inputs: 'labels',
  images: 'labels',
};

function parseArrays(bytes: Uint8Array, file: string, labelsName: string | undefined): FileContents {
  const arrays = parseNpz(bytes, file);
  const names = [...arrays.keys()];
  const others = names.filter((name) => name !== labelsName && !Object.values(ARRAY_NAMES).includes(name));
  const name =
    Object.keys(ARRAY_NAMES).find((known) => arrays.has(known)) ??
    (others.length === 1 ? others[0] : undefined);
  if (name === undefined) {
    throw new ApicalError(
      'predict.array',
      `${file} holds ${names.map((array) => `"${array}"`).join(', ') || 'no arrays'}, so it is unclear which array holds the examples. Name it ${Object.keys(ARRAY_NAMES).join(' or ')}, or keep only one array in the file.`,
      { file, names },
    );
  }
  const labels = arrays.get(labelsName ?? ARRAY_NAMES[name] ?? '');
  if (labelsName !== undefined && !labels) {
    throw new ApicalError(
      'predict.labels',
      `${file} has no array "${labelsName}" for --labels. Its arrays are ${names.map((array) => `"${array}"`).join(', ')}.`,
      { file, names },
    );
  }
  return {
    array: arrays.get(name) as ShapedArray,
    labels: labels && Array.from(labels.data, String),
    notes: names.length > 1 ? [`${basename(file)}: the array "${name}" is read as the examples.`] : [],
  };
}

function parseTable(
  bytes: Uint8Array,
  file: string,
  { data, config }: TrainedWith,
  labelColumns: string | undefined,
): FileContents {
  const units = elementCount(wholeShape(data));
  const outputs = data.task === 'regression' ? data.targetSize : 1;
  const notes: string[] = [];
  const table = parseCsv(bytes, file, {}, (width, header) => {
    const column = (name: string | number) => columnIndex(name, width, header, file);
    if (labelColumns !== undefined) {
      return labelColumns
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
        ? `${basename(file)}: the last column is read as the label. Choose another with --labels.`
        : `${basename(file)}: the last ${outputs} columns are read as the targets. Choose others with --labels.`,
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

/** Reads labels from a separate file. */
async function readLabels(file: string): Promise<readonly string[]> {
  const bytes = await readFile(file);
  const array = bytes[0] === 0x93 ? parseNpy(bytes, file) : parseIdx(bytes, file);
  return Array.from(array.data, String);
}

/** Returns the shape of one example; of a sequence that of the longest, with its steps. */
const wholeShape = ({ inputShape, time }: DataDescription): readonly number[] =>
  time?.kind === 'sequences' ? [time.steps, ...inputShape] : inputShape;

/** Returns the number of answers to inputs: one per example or sequence, or one per step. */
function answersOf([first = 1, second = 1]: readonly number[], { time }: DataDescription): number {
  return time?.kind === 'sequences' && time.targets !== 'last' ? first * second : first;
}

/** Returns the shape of the examples in an array as the network takes them. Throws `predict.shape` or `predict.empty`. */
function inputShapeOf(shape: readonly number[], data: DataDescription, file: string): readonly number[] {
  const { inputShape, time } = data;
  const count = exampleCount(shape, data, file);
  if (time?.kind !== 'sequences') return [count, ...inputShape];
  return [count, elementCount(shape) / count / unitsOf(data), ...inputShape];
}

/** Returns the number of examples in an array of this shape. Throws `predict.shape` or `predict.empty`. */
function exampleCount(shape: readonly number[], data: DataDescription, file: string): number {
  const units = unitsOf(data);
  const isStep = (step: readonly number[]) =>
    squeeze(step).join() === squeeze(data.inputShape).join() ||
    (elementCount(step) === units && squeeze(step).length === 1);
  const fits = (example: readonly number[]) =>
    data.time?.kind === 'sequences'
      ? // Any number of steps, or a flat row of the usual number.
        (example.length > 1 || units === 1 ? isStep(example.slice(1)) : false) ||
        squeeze(example).join() === String(data.time.steps * units)
      : isStep(example);
  const [count = 1, ...each] = shape;
  if (fits(each)) {
    if (count > 0) return count;
    throw new ApicalError('predict.empty', `${file} holds no examples. Give a file with at least one.`, {
      file,
    });
  }
  if (fits(shape)) return 1;
  throw wrongShape(wholeShape(data), shape.length > 1 ? each : shape, file);
}

/** Converts values to network inputs: bytes if the network was trained on bytes and these are bytes too. */
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
    notes.push(
      `${basename(file)}: the values are whole numbers up to ${largest} and are read as pixel bytes, 0 to 255.`,
    );
    return Uint8Array.from(floats);
  }
  notes.push(
    `${basename(file)}: values go up to ${largest}, but the network was trained on values from 0 to 1. Scale them as in training.`,
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
    `--invert inverts images, but the network was not trained on images and ${file} holds none. Leave it out.`,
    { file },
  );
}

const isImage = (data: DataDescription) => data.inputScale !== 1 && squeeze(wholeShape(data)).length === 2;

/** Returns whether the borders of the first images are light on average. */
function hasLightBorder(values: Uint8Array | Float32Array, data: DataDescription): boolean {
  const [height = 1, width = 1] = squeeze(wholeShape(data));
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

/**
 * Converts labels to class numbers or target values. Throws `predict.labels` if their number or one of them is wrong.
 */
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
      `${file} holds ${count} examples and needs ${expected} ${isRegression ? 'target values' : 'labels'}, but there are ${cells.length}. Give ${isRegression ? `${data.targetSize} values` : 'one label'} per example.`,
      { file, expected, found: cells.length },
    );
  }
  const labelError = (cell: string, index: number, expectation: string) =>
    new ApicalError(
      'predict.labels',
      `${file}: label ${index} is "${cell}", but ${expectation}. Fix it, or choose other labels with --labels.`,
      {
        file,
        index,
        cell,
      },
    );
  if (isRegression) {
    return Float32Array.from(cells, (cell, index) => {
      if (cell.trim() !== '' && Number.isFinite(Number(cell))) return Number(cell);
      throw labelError(cell, index, 'a number is expected');
    });
  }
  const { classNames = [], targetSize } = data;
  return Int32Array.from(cells, (cell, index) => {
    const value = cell.trim() === '' ? NaN : Number(cell);
    const named = classNames.indexOf(Number.isNaN(value) ? cell : String(value));
    if (named >= 0) return named;
    if (Number.isInteger(value) && value >= 0 && value < targetSize) return value;
    const known = classNames.length > 0 ? classNames.join(', ') : `0 … ${targetSize - 1}`;
    throw labelError(cell, index, `the network's classes are ${known}`);
  });
}

/** Reads a file and unpacks gzip. Throws `predict.missing`. */
async function readFile(file: string): Promise<Uint8Array> {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new ApicalError('predict.missing', `There is no file ${file}. Check the path.`, { file });
  }
  const bytes = readAll(file);
  return isGzip(bytes) ? await gunzip(bytes, file) : bytes;
}

/** Removes axes of length 1 from a shape, such as a single channel. */
const squeeze = (shape: readonly number[]) => shape.filter((length) => length !== 1);
