import {
  closeSync,
  existsSync,
  fsyncSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ApicalError } from '../../errors.ts';

/**
 * Writes a file completely or not at all, and returns only when it would survive a power cut: writes a temporary file,
 * syncs it, renames it, and syncs the folder. (A single write call may write only a part, as on a nearly full disk.)
 * Throws `folder.full` or `folder.unwritable`; the temporary file is then removed and an older file stays.
 */
export function writeDocument(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = openSync(temporary, 'w');
    try {
      writeAll(handle, typeof content === 'string' ? Buffer.from(content) : content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (thrown) {
    removeQuietly(temporary);
    throw folderError(thrown, file);
  }
  syncFolder(path.dirname(file));
}

/** Returns whether a name is one that `writeDocument` may leave behind if the process is killed. */
export const isTemporary = (name: string): boolean => /\.\d+\.tmp$/.test(name);

/** Bytes per system call, which moves at most 2 GiB. */
const CHUNK = 2 ** 28;

/** Writes every byte, from `position` or at the current position. */
export function writeAll(handle: number, bytes: Uint8Array, position?: number): void {
  let written = 0;
  while (written < bytes.length) {
    const length = Math.min(CHUNK, bytes.length - written);
    written += writeSync(handle, bytes, written, length, position === undefined ? null : position + written);
  }
}

/** Reads a file of any size. */
export function readAll(file: string): Uint8Array {
  const handle = openSync(file, 'r');
  try {
    const bytes = new Uint8Array(fstatSync(handle).size);
    let done = 0;
    while (done < bytes.length) {
      const read = readSync(handle, bytes, done, Math.min(CHUNK, bytes.length - done), done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(handle);
  }
}

/**
 * Creates a folder and its parents. Throws `folder.full` or `folder.unwritable`.
 * (Node's recursive mkdir never returns for a folder that cannot exist, such as one in /proc.)
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let above = path.resolve(folder); !existsSync(above); above = path.dirname(above)) missing.push(above);
  try {
    for (const each of missing.reverse()) makeOne(each);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (thrown) {
    throw folderError(thrown, path.join(folder, 'run.json'));
  }
}

/** Creates a folder whose parent exists. Another process may create it first, as the trials of a search do. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}

/** Deletes a file; ignores any failure. */
export function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A leftover file does no harm.
  }
}

/** Syncs a folder, so that a rename survives a power cut. Some systems cannot sync folders. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // The system decides when the rename is durable.
  }
}

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would exceed the largest allowed file size',
};

const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a file of that name exists',
  ENOENT: 'it cannot be created there',
};

/** Converts a system error about a file of a run folder to one that a user can act on. */
export function folderError(thrown: unknown, file: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ApicalError || !('code' in thrown)) return thrown;
  const code = String(thrown.code);
  const folder = path.dirname(file);
  const full = FULL[code];
  if (full !== undefined) {
    return new ApicalError(
      'folder.full',
      `Cannot write ${path.basename(file)} in the run folder ${folder}: ${full}. Make room, then resume with --resume ${folder}; saved checkpoints are kept.`,
      { folder, file, system: code },
      thrown,
    );
  }
  const reason = UNWRITABLE[code] ?? thrown.message;
  return new ApicalError(
    'folder.unwritable',
    `Cannot write ${path.basename(file)} in the run folder ${folder}: ${reason}. Choose another --out, or make that folder writable.`,
    { folder, file, system: code },
    thrown,
  );
}
