import { parse } from 'csv-parse/browser/esm/sync';
import { ApicalError } from '../../errors.ts';
import { corruptFile, messageOf } from './array.ts';

/** Options for reading a CSV table. */
export interface CsvOptions {
  /** Whether the first row names the columns. Default: true if none of its cells is a number. */
  readonly header?: boolean;
  /** Default: comma, semicolon or tab, whichever occurs most often in the first row. */
  readonly delimiter?: string;
  /** Whether the numbers are whole, from 0 to 255, and kept as bytes. Default false. */
  readonly bytes?: boolean;
}

/** A CSV table: numeric columns as one array, other columns as text. */
export interface CsvTable {
  /** Names of the columns, if the first row gives them. */
  readonly header: readonly string[] | undefined;
  /** Number of rows, without the header. */
  readonly count: number;
  /** count × (number of numeric columns) values, row-major. */
  readonly values: Uint8Array | Float32Array;
  /** The `count` cells of each requested text column. */
  readonly texts: readonly (readonly string[])[];
}

/** Chooses the columns to keep as text, once the width and the header (if any) of the table are known. */
export type ChooseTextColumns = (width: number, header: readonly string[] | undefined) => readonly number[];

/**
 * Reads a table of numbers from UTF-8 CSV and keeps some columns as text. Empty lines are skipped.
 *
 * Throws `dataset.corrupt` for rows of unequal length, for bad quoting and for a table without rows. Throws
 * `dataset.values` for a cell that is not a number; the message names line and column.
 */
export function parseCsv(
  bytes: Uint8Array,
  name: string,
  options: CsvOptions,
  chooseTextColumns: ChooseTextColumns,
): CsvTable {
  const content = withoutByteOrderMark(bytes);
  const delimiter = options.delimiter ?? guessDelimiter(content);
  let table: TableBuilder | undefined;
  const onRecord = (cells: string[], line: number): void => {
    if (table !== undefined) {
      table.add(cells, line);
      return;
    }
    const header = (options.header ?? !cells.some(isNumber)) ? cells.map((cell) => cell.trim()) : undefined;
    const textColumns = chooseTextColumns(cells.length, header);
    const rows = Math.ceil(content.length / Math.max(1, cells.join(',').length));
    table = new TableBuilder(name, header, cells.length, textColumns, options.bytes ?? false, rows);
    if (header === undefined) table.add(cells, line);
  };
  try {
    parse(content, {
      delimiter,
      skip_empty_lines: true,
      on_record: (cells: string[], { lines }) => {
        onRecord(cells, lines);
        return null; // Keeps the parser from collecting rows: the table holds their numbers.
      },
    });
  } catch (thrown) {
    if (thrown instanceof ApicalError) throw thrown;
    throw corruptFile(name, 'a CSV table with equally long rows', messageOf(thrown), thrown);
  }
  if (table === undefined || table.count === 0) throw corruptFile(name, 'a CSV table with rows', 'none');
  return table.build();
}

/** Collects rows in growing arrays. */
class TableBuilder {
  count = 0;
  readonly #name: string;
  readonly #header: readonly string[] | undefined;
  readonly #isText: readonly boolean[];
  readonly #textColumns: readonly number[];
  readonly #texts: string[][];
  readonly #bytes: boolean;
  #values: Uint8Array | Float32Array;
  #length = 0;

  constructor(
    name: string,
    header: readonly string[] | undefined,
    width: number,
    textColumns: readonly number[],
    bytes: boolean,
    expectedRows: number,
  ) {
    this.#name = name;
    this.#header = header;
    this.#textColumns = textColumns;
    this.#isText = Array.from({ length: width }, (_, column) => textColumns.includes(column));
    this.#texts = textColumns.map(() => []);
    this.#bytes = bytes;
    const capacity = expectedRows * (width - textColumns.length);
    this.#values = bytes ? new Uint8Array(capacity) : new Float32Array(capacity);
  }

  add(cells: readonly string[], line: number): void {
    if (this.#length + cells.length > this.#values.length) this.#grow(cells.length);
    for (let column = 0; column < cells.length; column++) {
      if (this.#isText[column]) continue;
      const cell = cells[column] as string;
      const value = Number(cell);
      // Number('') is 0, so an empty cell must be refused by itself.
      if (!Number.isFinite(value) || (value === 0 && cell.trim() === '')) {
        throw this.#badCell(line, column, cell, 'a finite number');
      }
      if (this.#bytes && (value < 0 || value > 255 || !Number.isInteger(value))) {
        throw this.#badCell(line, column, cell, 'a whole number from 0 to 255');
      }
      this.#values[this.#length++] = value;
    }
    this.#textColumns.forEach((column, index) => {
      (this.#texts[index] as string[]).push((cells[column] as string).trim());
    });
    this.count += 1;
  }

  build(): CsvTable {
    const values = this.#values.subarray(0, this.#length);
    return { header: this.#header, count: this.count, values, texts: this.#texts };
  }

  #grow(more: number): void {
    const length = Math.ceil(this.#values.length * 1.5) + more;
    const grown = this.#bytes ? new Uint8Array(length) : new Float32Array(length);
    grown.set(this.#values);
    this.#values = grown;
  }

  #badCell(line: number, column: number, cell: string, expected: string): ApicalError {
    const label = this.#header?.[column];
    const place = `line ${line}, column ${column + 1}${label === undefined ? '' : ` ("${label}")`}`;
    return new ApicalError(
      'dataset.values',
      `${this.#name}, ${place}: "${cell}" is not ${expected}. Fix the cell or delete its row; if the column holds the ` +
        'labels, set the option label, and if the first row names the columns, set the option header.',
      { name: this.#name, line, column, cell },
    );
  }
}

const isNumber = (cell: string): boolean => cell.trim() !== '' && Number.isFinite(Number(cell));

const withoutByteOrderMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

function guessDelimiter(bytes: Uint8Array): string {
  const end = bytes.indexOf(0x0a);
  const line = new TextDecoder().decode(bytes.subarray(0, end < 0 ? Math.min(bytes.length, 65_536) : end));
  const occurrences = (delimiter: string): number => line.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, other) => (occurrences(other) > occurrences(best) ? other : best));
}
