import { closeSync, linkSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ApicalError } from '../../errors.ts';
import { folderError, removeQuietly, writeAll } from './files.ts';

const NAME = 'run.lock';
/** A lock that is unreadable for this long was left by a process that died while writing it. */
const HALF_WRITTEN_SECONDS = 2;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the system's own units; null if unknown. */
  readonly started: string | null;
  readonly since: string;
}

/** The lock of a folder, held by at most one living process. */
export class FolderLock {
  readonly #file: string;
  readonly #text: string;

  /**
   * Acquires the lock of a folder, and takes over one that a dead process of this machine left behind.
   * Throws `folder.locked`, which names the process and its machine, `folder.full` or `folder.unwritable`.
   */
  constructor(folder: string) {
    this.#file = path.join(folder, NAME);
    const holder: Holder = {
      pid: process.pid,
      host: os.hostname(),
      started: startOf(process.pid) ?? null,
      since: new Date().toISOString(),
    };
    this.#text = `${JSON.stringify(holder)}\n`;
    while (!createWith(this.#file, this.#text)) clearStale(folder, this.#file);
    releaseAtExit(this);
  }

  /** Releases the lock, unless another process holds it by now. */
  release(): void {
    held.delete(this);
    if (textOf(this.#file) === this.#text) removeQuietly(this.#file);
  }
}

const held = new Set<FolderLock>();
let isWatchingExit = false;

/** Releases locks when the process exits. A killed process leaves a stale lock. */
function releaseAtExit(lock: FolderLock): void {
  held.add(lock);
  if (isWatchingExit) return;
  isWatchingExit = true;
  process.once('exit', () => {
    for (const other of held) other.release();
  });
}

/** Creates the lock file; returns false if there is one already. */
function createWith(file: string, text: string): boolean {
  let handle: number;
  try {
    handle = openSync(file, 'wx');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw folderError(thrown, file);
  }
  try {
    writeAll(handle, Buffer.from(text));
  } catch (thrown) {
    removeQuietly(file);
    throw folderError(thrown, file);
  } finally {
    closeSync(handle);
  }
  return true;
}

/** Removes a stale lock. Throws `folder.locked` if a process holds it. */
function clearStale(folder: string, file: string): void {
  const text = textOf(file);
  if (text === undefined) return; // Released just now.
  const holder = parseHolder(text);
  if (!holder) {
    const age = ageOf(file);
    if (age === undefined || age < HALF_WRITTEN_SECONDS) {
      pause(0.02);
      return;
    }
  } else if (holder.host !== os.hostname()) {
    throw new ApicalError(
      'folder.locked',
      `The run folder ${folder} is in use by process ${holder.pid} on another machine, ${holder.host}, since ${holder.since}. If that process has ended, delete ${file}.`,
      { folder, ...holder },
    );
  } else if (isAlive(holder)) {
    throw new ApicalError(
      'folder.locked',
      `The run folder ${folder} is in use by process ${holder.pid} on this machine (${holder.host}), since ${holder.since}. Wait until it ends or stop it, or choose another --out.`,
      { folder, ...holder },
    );
  }
  // Two processes may get here at once. A renamed file belongs to one process only. If it is no longer the stale lock,
  // the other process was faster and has created its own lock, which is put back.
  const aside = `${file}.${process.pid}.tmp`;
  try {
    renameSync(file, aside);
    if (textOf(aside) !== text) linkSync(aside, file);
  } catch (thrown) {
    if (!['ENOENT', 'EEXIST'].includes(String((thrown as NodeJS.ErrnoException).code))) {
      throw folderError(thrown, file);
    }
  }
  removeQuietly(aside);
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: the process belongs to another user, but it is alive.
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === undefined || started === null || now === started;
}

/** Returns when a process started, if the system tells (Linux); 'ended' for a zombie. */
function startOf(pid: number): string | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // "pid (name) state ppid …": a name may hold spaces and brackets. The start is the 22nd field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return typeof holder?.pid === 'number' && typeof holder.host === 'string'
      ? { started: null, since: 'an unknown time', ...(holder as Pick<Holder, 'pid' | 'host'>) }
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function ageOf(file: string): number | undefined {
  try {
    return (Date.now() - statSync(file).mtimeMs) / 1000;
  } catch {
    return undefined;
  }
}

const pause = (seconds: number) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
