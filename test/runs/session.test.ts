import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { parseConfig } from '../../src/config/config.ts';
import { readRunFolder } from '../../src/runs/folder/index.ts';
import { resumable } from '../../src/runs/resume.ts';
import { runSession as runPlainSession } from '../../src/runs/session.ts';
import type { SessionOptions } from '../../src/runs/session.ts';

let parent = '';
beforeEach(() => (parent = mkdtempSync(path.join(os.tmpdir(), 'apical-session-'))));
afterEach(() => rmSync(parent, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(parent, ...names);

const config = (rule: string, seed: number, more: object = {}) =>
  parseConfig({
    rule,
    seed,
    task: { dataset: 'rings', options: { trainCount: 60, testCount: 20 } },
    network: { hidden: [6] },
    batch: 20,
    epochs: 2,
    backend: 'wasm',
    probe: { every: 2, examples: 10 },
    ...more,
  });
const configs = [0, 1].flatMap((seed) =>
  ['backprop', 'feedback-alignment'].map((rule) => config(rule, seed)),
);
const command = 'apical compare rings';
const runSession = (options: SessionOptions) =>
  runPlainSession({ reports: () => import('../../src/reports/index.ts'), ...options });

describe('a session of several runs', () => {
  test('writes one folder per run, the plan, the comparison and its report, and returns the same', async () => {
    const events: string[] = [];
    const session = await runSession({
      configs,
      folder: at('here'),
      command,
      listener: {
        opened: () => events.push('opened'),
        finished: (index) => events.push(`finished ${index}`),
      },
    });
    expect(session.status).toBe('done');
    expect(events[0]).toBe('opened');
    expect(events.slice(1).sort()).toEqual(['finished 0', 'finished 1', 'finished 2', 'finished 3']);
    expect(readdirSync(at('here')).sort()).toEqual([
      'backprop-seed0',
      'backprop-seed1',
      'compare.json',
      'compare.md',
      'feedback-alignment-seed0',
      'feedback-alignment-seed1',
      'plan.json',
      'report.html',
    ]);
    expect(JSON.parse(readFileSync(at('here', 'compare.json'), 'utf8'))).toEqual(session.comparison);
    expect(resumable(at('here'))).toEqual({ configs, command });
    for (const { document, metrics } of session.runs) {
      const kept = readRunFolder(document.folder ?? '');
      expect(kept.run).toMatchObject({ status: 'done', command, document });
      expect(kept.metrics).toEqual(metrics);
      expect(existsSync(path.join(document.folder ?? '', 'report.html'))).toBe(true);
    }
  });

  test('that is stopped before it starts is interrupted, and can be resumed to the end', async () => {
    const stop = new AbortController();
    stop.abort();
    const options = { configs, folder: at('here'), command };
    const first = await runSession({ ...options, signal: stop.signal });
    expect(first.status).toBe('interrupted');
    const second = await runSession({ ...options, resume: true });
    const whole = await runSession({ ...options, folder: at('whole') });
    expect(second.status).toBe('done');
    const results = ({ documents }: typeof whole) =>
      documents.map(({ rule, seed, train, test }) => ({ rule, seed, train, test }));
    expect(results(second)).toEqual(results(whole));
  });

  test('names in run.json the projections that are stored sparsely', async () => {
    const sparse = config('backprop', 0, { network: { hidden: [6], density: 0.5, storage: 'sparse' } });
    await runSession({ configs: [sparse], folder: at('sparse'), command });
    await runSession({ configs: [config('backprop', 0)], folder: at('dense'), command });
    const storage = (folder: string) => readRunFolder(at(folder)).run.document?.storage;
    expect(storage('sparse')).toEqual({ 'input→hidden1': 'sparse', 'hidden1→output': 'sparse' });
    expect(storage('dense')).toBe(undefined);
  });

  test('unlocks every folder, also if it fails', async () => {
    const options = { configs, folder: at('here'), command };
    await runSession(options);
    await expect(runSession(options)).rejects.toMatchObject({ code: 'folder.exists' });
    for (const { rule, seed } of configs) {
      expect(readdirSync(at('here', `${rule}-seed${seed}`))).not.toContain('run.lock');
    }
  });

  test('writes nothing if any of its configs is invalid', async () => {
    for (const more of [
      { batch: 999 },
      { ruleOptions: { nonsense: 1 } },
      { task: { dataset: 'no-such-set' } },
    ]) {
      const wrong = [config('backprop', 0, more), config('feedback-alignment', 0, more)];
      await expect(runSession({ configs: wrong, folder: at('here'), command })).rejects.toBeInstanceOf(
        ApicalError,
      );
      expect(existsSync(at('here'))).toBe(false);
    }
  });
});

test('a session of one run writes no comparison', async () => {
  const session = await runSession({ configs: [config('backprop', 0)], folder: at('here'), command });
  expect(session.comparison).toBeUndefined();
  expect(session.report).toBe(at('here', 'report.html'));
  expect(resumable(at('here'))).toEqual({ configs: [config('backprop', 0)], command });
});

test('a session without a renderer saves its runs and writes no reports', async () => {
  const session = await runPlainSession({ configs: [config('backprop', 0)], folder: at('here'), command });
  expect(session).toMatchObject({ status: 'done' });
  expect(session.report).toBeUndefined();
  expect(readdirSync(at('here'))).not.toContain('report.html');
});
