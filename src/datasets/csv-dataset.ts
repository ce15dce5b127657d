import { ApicalError } from '../errors.ts';
import type { Dataset, Draws, Split } from './dataset.ts';
import { elementCount } from './formats/array.ts';
import { parseCsv } from './formats/csv.ts';
import type { CsvTable } from './formats/csv.ts';
import { requireEqualShapes } from './checks.ts';
import { splitSeries } from './in-time.ts';
import { didYouMean } from '../suggest.ts';

/** Options for reading a CSV table as a data set. */
export interface CsvDatasetOptions {
  /**
   * The target column: a name, or a number from 0 (−1 is the last column). A list for regression with several outputs.
   * Default: the column named "label", else the last.
   */
  readonly label?: string | number | readonly (string | number)[];
  /** Whether the first row names the columns. Default: true if none of its cells is a number. */
  readonly header?: boolean;
  /** Default: comma, semicolon or tab, whichever occurs most often in the first row. */
  readonly delimiter?: string;
  /** Default: classification. */
  readonly task?: Dataset['task'];
  /** Whether the inputs are pixels (0 … 255), which are kept as bytes and scaled to 0 … 1. Default false. */
  readonly pixels?: boolean;
  /** Default: one dimension, which holds every column except the target. */
  readonly inputShape?: readonly number[];
  /** Without a test file: the share of the rows, drawn at random, that becomes the test set. Default 0.2. */
  readonly testFraction?: number;
  /** Whether the rows are the steps of one series, in order; the test set is then its end. Default false. */
  readonly isStream?: boolean;
}

/** The bytes of a file with its name. */
export interface NamedBytes {
  /** Shown in messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a data set from a CSV table, or from one table for training and one for testing. Labels may be class numbers
 * or names. Names are numbered in sorted order, and so are numbers that have gaps or do not start at 0.
 *
 * Throws `dataset.corrupt`, `dataset.column` (no such column), `dataset.values`, `dataset.labels`,
 * `dataset.mismatch` or `dataset.option`.
 *
 * @example
 * ```ts
 * import { csvDataset, Sequence, stream } from 'apical/rules';
 *
 * const bytes = new TextEncoder().encode('5.1,3.5,setosa\n6.3,3.3,virginica\n7.0,3.2,versicolor\n');
 * const draws = new Sequence(stream(1, 'dataset'));
 * const irises = csvDataset('irises', { name: 'irises.csv', bytes }, undefined, { testFraction: 0.3 }, draws);
 * ```
 */
export function csvDataset(
  id: string,
  train: NamedBytes,
  test: NamedBytes | undefined,
  options: CsvDatasetOptions,
  draws: Draws,
): Dataset {
  const tables = (test === undefined ? [train] : [train, test]).map((file) => readTable(file, options));
  const [first, second] = tables as [CsvTable, CsvTable | undefined];
  const width = first.values.length / first.count;
  if (second !== undefined) {
    requireEqualShapes(train.name, [width], test?.name ?? '', [second.values.length / second.count]);
  }
  const inputShape = options.inputShape ?? [width];
  if (elementCount(inputShape) !== width) {
    throw new ApicalError(
      'dataset.option',
      `${train.name} has ${width} input columns, but the inputShape [${inputShape.join(', ')}] has ` +
        `${elementCount(inputShape)} elements. The two must be equal: correct the option inputShape.`,
      { width, inputShape },
    );
  }
  const task = options.task ?? 'classification';
  const targets =
    task === 'regression' ? measuredTargets(tables, train.name) : namedClasses(tables, train.name);
  const { isStream = false } = options;
  const splits = tables.map((table, index) => ({
    ...(isStream ? { count: 1, steps: table.count } : { count: table.count }),
    inputs: table.values,
    targets: targets.values[index] as Split['targets'],
  }));
  const [trainSplit, testSplit] =
    splits[1] !== undefined
      ? (splits as [Split, Split])
      : isStream
        ? splitSeries(splits[0] as Split, train.name, options.testFraction)
        : splitAtRandom(splits[0] as Split, options.testFraction ?? 0.2, train.name, draws);
  return {
    id,
    title: id,
    task,
    inputShape,
    inputScale: options.pixels === true ? 1 / 255 : 1,
    targetSize: targets.size,
    ...(targets.names === undefined ? {} : { classNames: targets.names }),
    ...(isStream ? { time: { kind: 'stream', steps: trainSplit.steps ?? 0, targets: 'all' } } : {}),
    train: trainSplit,
    test: testSplit,
    verified: false,
    source: test === undefined ? train.name : `${train.name}, ${test.name}`,
  };
}

function readTable({ name, bytes }: NamedBytes, options: CsvDatasetOptions): CsvTable {
  const { header, delimiter, pixels } = options;
  const csvOptions = {
    ...(header === undefined ? {} : { header }),
    ...(delimiter === undefined ? {} : { delimiter }),
    bytes: pixels ?? false,
  };
  return parseCsv(bytes, name, csvOptions, (width, columns) => {
    if (width < 2) {
      throw new ApicalError(
        'dataset.column',
        `${name} has a single column, but needs at least one for the inputs and one for the target. ` +
          'If another character separates its columns, set the option delimiter.',
        { name },
      );
    }
    const { label = columns?.includes('label') === true ? 'label' : -1 } = options;
    const targets = typeof label === 'object' ? label : [label];
    return targets.map((column) => columnIndex(column, width, columns, name));
  });
}

/** Returns the number, from 0, of a column that is given by name or number. Throws `dataset.column`. */
export function columnIndex(
  column: string | number,
  width: number,
  header: readonly string[] | undefined,
  name: string,
): number {
  const index =
    typeof column === 'string' ? (header?.indexOf(column) ?? -1) : column < 0 ? width + column : column;
  if (Number.isInteger(index) && index >= 0 && index < width) return index;
  const fix =
    typeof column === 'number'
      ? `. Give a number from 0 to ${width - 1}, or from -${width} to -1 to count from the end.`
      : header === undefined
        ? ': its first row does not name the columns. Give a number, or set the option header.'
        : `; its columns are ${header.slice(0, 12).join(', ')}${width > 12 ? ', …' : ''}.${didYouMean(column, header)}`;
  throw new ApicalError('dataset.column', `${name} has no column ${JSON.stringify(column)}${fix}`, {
    name,
    column,
  });
}

interface Targets {
  /** One array per table. */
  readonly values: readonly (Uint8Array | Float32Array)[];
  readonly size: number;
  readonly names?: readonly string[];
}

function measuredTargets(tables: readonly CsvTable[], name: string): Targets {
  const size = tables[0]?.texts.length ?? 0;
  const values = tables.map(({ count, texts }) => {
    const targets = new Float32Array(count * size);
    texts.forEach((cells, output) => {
      cells.forEach((cell, row) => {
        const value = Number(cell);
        if (cell === '' || !Number.isFinite(value)) throw badLabel(name, row, cell, 'a finite number');
        targets[row * size + output] = value;
      });
    });
    return targets;
  });
  return { values, size };
}

function namedClasses(tables: readonly CsvTable[], name: string): Targets {
  if (tables.some(({ texts }) => texts.length !== 1)) {
    throw new ApicalError(
      'dataset.option',
      'Classification takes one label column, but the option label names several. Name one, or set the option task to ' +
        '"regression".',
    );
  }
  const columns = tables.map(({ texts }) =>
    (texts[0] as readonly string[]).map((cell, row) => {
      const value = Number(cell);
      if (cell === '' || (!Number.isNaN(value) && !Number.isInteger(value)))
        throw badLabel(name, row, cell, 'a class name or number');
      return Number.isNaN(value) ? cell : String(value); // "1.0" is the class "1".
    }),
  );
  const distinct = [...new Set(columns.flat())];
  const numeric = distinct.every((label) => !Number.isNaN(Number(label)));
  const names = numeric ? distinct.sort((a, b) => Number(a) - Number(b)) : distinct.sort();
  const numberOf = new Map(names.map((label, index) => [label, index]));
  const values = columns.map((cells) =>
    packed(
      cells.map((cell) => numberOf.get(cell) as number),
      names.length,
    ),
  );
  const countsFromZero = names.every((label, index) => label === String(index));
  return { values, size: names.length, ...(countsFromZero ? {} : { names }) };
}

const packed = (labels: number[], classes: number): Uint8Array | Float32Array =>
  classes <= 256 ? Uint8Array.from(labels) : Float32Array.from(labels);

const badLabel = (name: string, row: number, cell: string, expected: string): ApicalError =>
  new ApicalError(
    'dataset.labels',
    `${name}: the target of row ${row + 1} is "${cell}", which is not ${expected}. Fix the row, set the option task ` +
      'to "regression" for measured values, or choose another target column with the option label.',
    { name, row: row + 1, cell },
  );

function splitAtRandom(complete: Split, testFraction: number, name: string, draws: Draws): [Split, Split] {
  const testCount = Math.max(1, Math.round(complete.count * testFraction));
  if (!(testFraction > 0 && testFraction < 1) || testCount >= complete.count) {
    throw new ApicalError(
      'dataset.option',
      `A testFraction of ${testFraction} leaves no training rows or no test rows of the ${complete.count} in ${name}. ` +
        'Give a number between 0 and 1, and a table of at least two rows.',
      { testFraction, count: complete.count },
    );
  }
  const order = Int32Array.from({ length: complete.count }, (_, row) => row);
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(draws.uniform() * (last + 1));
    const kept = order[last] as number;
    order[last] = order[other] as number;
    order[other] = kept;
  }
  return [pick(complete, order.subarray(testCount)), pick(complete, order.subarray(0, testCount))];
}

const pick = (complete: Split, rows: Int32Array): Split => ({
  count: rows.length,
  inputs: pickRows(complete.inputs, complete.count, rows),
  targets: pickRows(complete.targets, complete.count, rows),
});

function pickRows(
  values: Uint8Array | Float32Array,
  count: number,
  rows: Int32Array,
): Uint8Array | Float32Array {
  const width = values.length / count;
  const length = width * rows.length;
  const picked = values instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  rows.forEach((row, index) => {
    picked.set(values.subarray(row * width, (row + 1) * width), index * width);
  });
  return picked;
}
