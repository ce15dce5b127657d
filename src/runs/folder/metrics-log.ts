import { closeSync, fsyncSync, ftruncateSync, openSync, constants } from 'node:fs';
import type { MetricsRecord } from '../../training/records.ts';
import { parseMetrics } from './contents.ts';
import { folderError, readAll, writeAll } from './files.ts';

/** Buffered lines are written when there are so many characters of them, so that others can follow a run. */
const BUFFER = 2 ** 16;
const NEWLINE = 10;

/** `metrics.jsonl`: a record a line, appended; cut back when a run goes on from a checkpoint. */
export class MetricsLog {
  readonly #file: string;
  readonly #handle: number;
  /** Bytes of whole lines in the file. */
  #length: number;
  #buffer = '';

  /** Opens or creates the file; a torn last line is dropped. Throws `folder.full`, `folder.unwritable`. */
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

  /** Throws `folder.full`, `folder.unwritable`; the lines stay in the buffer then. */
  append(record: MetricsRecord): void {
    this.#buffer += `${JSON.stringify(record)}\n`;
    if (this.#buffer.length >= BUFFER) this.flush();
  }

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

  /** Writes everything to the disk and returns the length of the file in bytes. */
  sync(): number {
    this.flush();
    try {
      fsyncSync(this.#handle);
    } catch (thrown) {
      throw folderError(thrown, this.#file);
    }
    return this.#length;
  }

  /** Drops what comes after the first `length` bytes; returns how many of these are missing (0 when all is well). */
  cut(length: number): number {
    this.#buffer = '';
    const missing = Math.max(0, length - this.#length);
    this.#length = Math.min(length, this.#length);
    ftruncateSync(this.#handle, this.#length);
    return missing;
  }

  /** Every record so far. Throws `folder.metrics` on a line that is not JSON. */
  read(): MetricsRecord[] {
    return [...readMetricsFile(this.#file), ...parseMetrics(this.#buffer, this.#file)];
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/** The records in a file that may be growing: whole lines only. Throws `folder.metrics`. */
export function readMetricsFile(file: string): MetricsRecord[] {
  const bytes = readAll(file);
  return parseMetrics(new TextDecoder().decode(bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)), file);
}
