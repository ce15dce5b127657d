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
 * Writes a file whole or not at all, and only returns when it would survive a power cut: written beside its
 * place, synced, renamed, and the folder synced. (A library that writes with one call takes a short write, as on
 * a disk that is nearly full, for a whole one.)
 * Throws `folder.full`, `folder.unwritable`; the temporary file is then gone and an older file still there.
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

/** Names that `writeDocument` may leave behind when the process is killed. */
export const isTemporary = (name: string): boolean => /\.\d+\.tmp$/.test(name);

/** Most bytes that one call is asked to move: systems stop at 2 GiB. */
const CHUNK = 2 ** 28;

/** Writes every byte, from `position` or where the file stands. */
export function writeAll(handle: number, bytes: Uint8Array, position?: number): void {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(CHUNK, bytes.length - done);
    done += writeSync(handle, bytes, done, length, position === undefined ? null : position + done);
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
 * Makes a folder and those above it. Throws `folder.full` or `folder.unwritable`.
 * (Node's own recursive way never returns for a folder that cannot exist, such as one in /proc.)
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let above = path.resolve(folder); !existsSync(above); above = path.dirname(above)) missing.push(above);
  try {
    for (const each of missing.reverse()) mkdirSync(each);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (thrown) {
    throw folderError(thrown, path.join(folder, 'run.json'));
  }
}

export function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It is in nobody's way.
  }
}

/** Makes a rename last. Some systems cannot sync folders; there it is left to them. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // As said.
  }
}

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would be larger than files may be here',
};

const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'there is a file of that name',
  ENOENT: 'it cannot be made there',
};

/** What the system said about a file of a run folder, as an error that a user can act on. */
export function folderError(thrown: unknown, file: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ApicalError || !('code' in thrown)) return thrown;
  const code = String(thrown.code);
  const folder = path.dirname(file);
  const full = FULL[code];
  if (full !== undefined) {
    return new ApicalError(
      'folder.full',
      `Cannot write ${path.basename(file)} in the run folder ${folder}: ${full}. The last checkpoint is kept: make room, then go on with --resume ${folder}.`,
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
