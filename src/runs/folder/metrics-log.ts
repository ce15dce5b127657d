import { closeSync, fsyncSync, ftruncateSync, openSync, constants } from 'node:fs';
import type { MetricsRecord } from '../../training/records.ts';
import { parseMetrics } from './contents.ts';
import { folderError, readAll, writeAll } from './files.ts';

/** Number of buffered characters from which lines are written, so that other programs can follow a run. */
const BUFFER = 2 ** 16;
const NEWLINE = 10;

/** The file `metrics.jsonl`: one record per line, appended; truncated when a run resumes from a checkpoint. */
export class MetricsLog {
  readonly #file: string;
  readonly #handle: number;
  /** Length of the complete lines in the file, in bytes. */
  #length: number;
  #buffer = '';

  /** Opens or creates the file and drops an incomplete last line. Throws `folder.full` or `folder.unwritable`. */
  constructor(file: string) {
    this.#file = file;
    try {
      this.#handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666);
    } catch (thrown) {
      throw folderError(thrown, file);
    }
    this.#length = readAll(file).lastIndexOf(NEWLINE) + 1;
    ftruncateSync(this.#handle, this.#length);
  }

  /** Appends a record. Throws `folder.full` or `folder.unwritable`; the lines then stay in the buffer. */
  append(record: MetricsRecord): void {
    this.#buffer += `${JSON.stringify(record)}\n`;
    if (this.#buffer.length >= BUFFER) this.flush();
  }

  /** Writes the buffered lines. Throws `folder.full` or `folder.unwritable`. */
  flush(): void {
    if (this.#buffer === '') return;
    const bytes = Buffer.from(this.#buffer);
    try {
      writeAll(this.#handle, bytes, this.#length);
    } catch (thrown) {
      ftruncateSync(this.#handle, this.#length);
      throw folderError(thrown, this.#file);
    }
    this.#length += bytes.length;
    this.#buffer = '';
  }

  /** Flushes and syncs the file; returns its length in bytes. */
  sync(): number {
    this.flush();
    try {
      fsyncSync(this.#handle);
    } catch (thrown) {
      throw folderError(thrown, this.#file);
    }
    return this.#length;
  }

  /** Truncates the file to `length` bytes; returns how many of these bytes are missing (0 if none). */
  cut(length: number): number {
    this.#buffer = '';
    const missing = Math.max(0, length - this.#length);
    this.#length = Math.min(length, this.#length);
    ftruncateSync(this.#handle, this.#length);
    return missing;
  }

  /** Returns every record so far. Throws `folder.metrics` if a line is not JSON. */
  read(): MetricsRecord[] {
    return [...readMetricsFile(this.#file), ...parseMetrics(this.#buffer, this.#file)];
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/** Reads the complete lines of a file that may be growing. Throws `folder.metrics` if a line is not JSON. */
export function readMetricsFile(file: string): MetricsRecord[] {
  const bytes = readAll(file);
  return parseMetrics(new TextDecoder().decode(bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)), file);
}
