import { parse } from 'csv-parse/browser/esm/sync';
import { ApicalError } from '../../errors.ts';
import { corruptFile, messageOf } from './array.ts';

export interface CsvOptions {
  /** Whether the first row names the columns. Left out: it does where none of its cells is a number. */
  readonly header?: boolean;
  /** Left out: comma, semicolon or tab, whichever the first row has most of. */
  readonly delimiter?: string;
  /** Whether the numbers are whole, from 0 to 255, and kept as bytes. */
  readonly bytes?: boolean;
}

export interface CsvTable {
  /** The columns' names, where the first row gives them. */
  readonly header: readonly string[] | undefined;
  /** Rows, the header not counted. */
  readonly count: number;
  /** Count × (columns that are not text), row-major. */
  readonly values: Uint8Array | Float32Array;
  /** For each text column asked for, its count cells. */
  readonly texts: readonly (readonly string[])[];
}

/** Chooses the columns to keep as text, once the table's width and header (if any) are known. */
export type ChooseTextColumns = (width: number, header: readonly string[] | undefined) => readonly number[];

/**
 * Reads a table of numbers in UTF-8 CSV, with some columns kept as text. Empty lines are skipped.
 *
 * Throws `dataset.corrupt` on rows of unequal length, on bad quoting and on a table without rows, and
 * `dataset.values` on a cell that is not a number, by line and column.
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
        return null; // Nothing is collected: a row lives on as numbers only.
      },
    });
  } catch (thrown) {
    if (thrown instanceof ApicalError) throw thrown;
    throw corruptFile(name, 'a CSV table with equally long rows', messageOf(thrown), thrown);
  }
  if (table === undefined || table.count === 0) throw corruptFile(name, 'a CSV table with rows', 'none');
  return table.build();
}

/** Rows as they come, in arrays that grow. */
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
      // Number('') is 0, which would hide a missing value.
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
      `${this.#name}, ${place}: "${cell}" is not ${expected}. Mend the cell or drop its row; if this column holds ` +
        'the labels, or the first row names the columns, say so by the options label and header.',
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
