import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { ApicalError } from '../../../src/errors.ts';
import { readRunFolder, RunFolder } from '../../../src/runs/folder/index.ts';
import { config, position, progress } from './child.ts';

const { backend } = await openBackend({ backend: 'reference' });
const at = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const program = [at('../../../node_modules/jiti/lib/jiti-cli.mjs'), at('child.ts')];

let parent = '';
let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'apical-folder-'));
  folder = path.join(parent, 'run');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(parent, { recursive: true, force: true });
});

/** Starts a child process and waits for a line of its output, by default any line. */
async function start(
  words: readonly string[],
  awaited?: string,
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [...program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  // Sees every line, even if several arrive at once.
  for await (const line of createInterface(child.stdout)) {
    if (line === (awaited ?? line)) return { child, line };
  }
  throw new Error(`The process ended without printing "${awaited ?? 'anything'}".`);
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const begin = () => RunFolder.create(folder, { config, command: 'test', backend });

function lockError(): ApicalError {
  try {
    RunFolder.open(folder).close();
  } catch (thrown) {
    if (thrown instanceof ApicalError) return thrown;
    throw thrown;
  }
  throw new Error('The folder was not locked.');
}

/** Starts a writing child and kills it: as it opens the folder, after some checkpoints, and as it starts a file. */
const MOMENTS = [
  async () => {
    const { child } = await start(['write', folder], 'opening');
    await setTimeout(Math.random() * 50);
    await kill(child);
  },
  async () => {
    const { child } = await start(['write', folder], 'saving');
    await setTimeout(Math.random() * 100);
    await kill(child);
  },
  async () => {
    const { child } = await start(['write', folder], 'saving');
    const watcher = watch(folder);
    let name = '';
    while (!name.startsWith('checkpoint')) [, name] = (await once(watcher, 'change')) as [string, string];
    watcher.close();
    await kill(child);
  },
];

describe('killed at any moment', () => {
  test('a run has a good checkpoint and the metrics that belong to it', async () => {
    let last = 0;
    for (let round = 0; round < 9; round++) {
      await MOMENTS[round % MOMENTS.length]?.();
      if (!RunFolder.exists(folder)) continue; // Killed before the run was created.
      const run = RunFolder.open(folder);
      const found = run.latest();
      const step = found?.step ?? 0;
      expect(found?.warnings ?? []).toEqual([]);
      expect(step).toBeGreaterThanOrEqual(last);
      if (found) {
        expect(found.position).toEqual(position(step));
        expect(found.tensors.get('weights')?.data.every((value, index) => value === step + index)).toBe(true);
      }
      expect(run.readMetrics()).toEqual(Array.from({ length: step }, (_, index) => progress(index + 1)));
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      run.close();
      last = step;
    }
    expect(last).toBeGreaterThanOrEqual(6);
  });
});

describe('the lock', () => {
  test('blocks others as long as its process lives, and no longer', async () => {
    begin().close();
    const { child, line } = await start(['hold', folder]);
    expect(line).toBe('holding');
    const error = lockError();
    expect(error.code).toBe('folder.locked');
    expect(error.message).toContain(`process ${child.pid}`);
    expect(error.message).toContain(os.hostname());
    await kill(child);
    expect(existsSync(path.join(folder, 'run.lock'))).toBe(true);
    RunFolder.open(folder).close();
    expect(existsSync(path.join(folder, 'run.lock'))).toBe(false);
  });

  test('also blocks the same process, and is released', () => {
    const run = begin();
    expect(lockError().code).toBe('folder.locked');
    run.close();
    run.close();
    RunFolder.open(folder).close();
  });

  test('is taken by exactly one of several processes that find it stale', async () => {
    begin().close();
    const { child } = await start(['hold', folder]);
    await kill(child);
    const when = String(Date.now() + 3000);
    const lines = await Promise.all(
      Array.from({ length: 4 }, () => start(['hold', folder, when]).then(({ line }) => line)),
    );
    expect(lines.sort()).toEqual(['folder.locked', 'folder.locked', 'folder.locked', 'holding']);
  });

  test('of another machine is respected; the message says how to remove it', () => {
    begin().close();
    const file = path.join(folder, 'run.lock');
    writeFileSync(file, JSON.stringify({ pid: 1, host: 'elsewhere', started: '1', since: 'yesterday' }));
    const error = lockError();
    expect(error.code).toBe('folder.locked');
    expect(error.message).toContain('elsewhere');
    expect(error.message).toContain(`delete ${file}`);
  });

  test('of a process whose number was reused is stale, if the system tells start times', () => {
    begin().close();
    const holder = { pid: process.pid, host: os.hostname(), started: '1', since: 'before' };
    writeFileSync(path.join(folder, 'run.lock'), JSON.stringify(holder));
    if (existsSync('/proc/self/stat')) RunFolder.open(folder).close();
    else expect(lockError().code).toBe('folder.locked');
  });

  test('that was left incomplete is stale', () => {
    begin().close();
    const file = path.join(folder, 'run.lock');
    writeFileSync(file, '{"pid":');
    utimesSync(file, new Date(0), new Date(0));
    RunFolder.open(folder).close();
  });
});

describe('on a full disk', () => {
  test('a write fails completely, says so, and leaves the last checkpoint', async () => {
    // A limit for the size of files stands for a full disk: the system cuts a write short and then refuses.
    const words = [process.execPath, ...program, 'overflow', folder];
    const { stdout } = await promisify(execFile)('bash', ['-c', 'ulimit -f 64; exec "$@"', 'bash', ...words]);
    const [checkpoint, metrics, status, close] = stdout.trim().split('\n');
    for (const line of [checkpoint, metrics]) {
      expect(line).toMatch(/^folder\.full /);
      expect(line).toContain('saved checkpoints are kept');
      expect(line).toContain(folder);
    }
    // A second failure does not hide the one that is being reported.
    expect([status, close]).toEqual(['went well', 'went well']);
    expect(readdirSync(folder).sort()).toEqual([
      'checkpoint-0000000001.safetensors',
      'config.json',
      'metrics.jsonl',
      'run.json',
    ]);
    expect(readRunFolder(folder).run.status).toBe('failed');
    expect(readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8')).toMatch(/\}\n$/);

    const run = RunFolder.open(folder);
    expect(run.latest()).toMatchObject({ step: 1, warnings: [] });
    expect(run.readMetrics()).toEqual([progress(1)]);
    run.close();
  });
});
