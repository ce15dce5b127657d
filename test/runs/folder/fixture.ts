import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { RunFolder } from '../../../src/runs/folder/index.ts';
import type { OpenOptions } from '../../../src/runs/folder/index.ts';
import { ApicalError } from '../../../src/errors.ts';
import { config, position, progress } from './child.ts';

/** Shared by the tests of run folders: an empty folder for each test, and helpers. */
export const compute = await openBackend({ backend: 'reference' });
export const { backend } = compute;
export const command = 'apical run --set seed=0';
export const tensorsOf = (...values: number[]) =>
  new Map([['weights', compute.allocate([values.length]).set(values)]]);

export let parent = '';
export let folder = '';
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'apical-folder-'));
  folder = path.join(parent, 'runs', 'first');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

export function thrownBy(body: () => unknown): ApicalError {
  try {
    body();
  } catch (thrown) {
    if (thrown instanceof ApicalError) return thrown;
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
}

/** Creates and closes a run folder with a checkpoint at each of the steps and a record for every step. */
export function leave(...steps: number[]): void {
  const run = RunFolder.create(folder, { config, command, backend });
  for (let step = 1; step <= Math.max(0, ...steps); step++) {
    run.record(progress(step));
    if (steps.includes(step)) run.checkpoint(tensorsOf(step, -step), position(step));
  }
  run.close();
}

export function reopened<Result>(body: (run: RunFolder) => Result, options: OpenOptions = {}): Result {
  const run = RunFolder.open(folder, options);
  try {
    return body(run);
  } finally {
    run.close();
  }
}

/** Replaces text of the same length in a file. */
export function edit(name: string, from: string, to: string): void {
  const text = readFileSync(name, 'latin1');
  expect(text).toContain(from);
  writeFileSync(name, text.replace(from, to), 'latin1');
}
