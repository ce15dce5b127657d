import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import {
  describeEnvironment,
  differences,
  identityOf,
  readRunFolder,
  RunFolder,
} from '../../../src/runs/folder/index.ts';
import { config, progress } from './child.ts';
import { backend, command, edit, folder, leave, parent, reopened, thrownBy } from './fixture.ts';

describe('identity', () => {
  test('depends on every value, but not on the order of keys', () => {
    const shuffled = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
    expect(identityOf(shuffled)).toBe(identityOf(config));
    expect(identityOf(config)).toMatch(/^[0-9a-f]{64}$/);
    expect(identityOf({ ...config, seed: 1 })).not.toBe(identityOf(config));
  });

  test('differs exactly when differences are listed', () => {
    const some = fc.record({
      seed: fc.integer({ min: 0, max: 2 }),
      optimiser: fc.record({ rate: fc.constantFrom(0.1, { kind: 'constant' as const, value: 0.1 }) }),
      network: fc.constantFrom({ hidden: [3] }, { hidden: [3, 3] }, {}),
    });
    fc.assert(
      fc.property(some, some, (a, b) => {
        const [here, there] = [parseConfig(a), parseConfig(b)];
        expect(differences(here, there).length === 0).toBe(identityOf(here) === identityOf(there));
      }),
    );
  });

  test('differences name the key and both values', () => {
    const other = parseConfig({ optimiser: { rate: 0.1 }, task: { trainExamples: 10 } });
    expect(differences(other, parseConfig({}))).toEqual([
      'task.trainExamples: 10 here, not set in the folder',
      'optimiser.rate: 0.1 here, 0.05 in the folder',
    ]);
  });
});

describe('a new folder', () => {
  test('holds the complete config, the command and the environment', () => {
    leave();
    const { run, config: kept, metrics } = readRunFolder(folder);
    expect(kept).toEqual(config);
    expect(metrics).toEqual([]);
    expect(JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'))).toEqual(config);
    expect(run).toMatchObject({
      version: 1,
      kind: 'run-folder',
      status: 'running',
      command,
      backend: 'reference',
      threads: 1,
      identity: identityOf(config),
      environment: describeEnvironment(),
    });
  });

  test('is refused if it holds a run, whatever its config and status', () => {
    leave(1);
    const error = thrownBy(() =>
      RunFolder.create(folder, { config: { ...config, seed: 9 }, command, backend }),
    );
    expect(error.code).toBe('folder.exists');
    expect(error.message).toContain(`--resume ${folder}`);
    reopened((run) => expect(run.latest()?.step).toBe(1));
  });

  test('does not overwrite a config.json of the user', () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'config.json'), '{"seed": 3}');
    expect(thrownBy(() => RunFolder.create(folder, { config, command, backend })).code).toBe('folder.exists');
    expect(readFileSync(path.join(folder, 'config.json'), 'utf8')).toBe('{"seed": 3}');
  });

  test('can start where another run was killed before its start', () => {
    leave();
    rmSync(path.join(folder, 'run.json'));
    rmSync(path.join(folder, 'metrics.jsonl'));
    leave(1);
    reopened((run) => expect(run.latest()?.step).toBe(1));
  });

  test('that cannot be created is an error', () => {
    const blocker = path.join(parent, 'file');
    writeFileSync(blocker, '');
    for (const where of [blocker, path.join(blocker, 'below')]) {
      const error = thrownBy(() => RunFolder.create(where, { config, command, backend }));
      expect(error.code).toBe('folder.unwritable');
      expect(error.message).toContain(where);
      expect(error.message).toContain('--out');
    }
  });
});

describe('opening', () => {
  const code = () => thrownBy(() => RunFolder.open(folder)).code;

  test('names the problem of a folder', () => {
    expect(code()).toBe('folder.missing');
    mkdirSync(folder, { recursive: true });
    expect(code()).toBe('folder.not-a-run');
    writeFileSync(path.join(folder, 'run.json'), '{');
    writeFileSync(path.join(folder, 'config.json'), '{}');
    expect(code()).toBe('folder.not-a-run');
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'run.json']);
  });

  test('refuses what a later version wrote', () => {
    leave();
    edit(path.join(folder, 'run.json'), '"version": 1', '"version": 2');
    expect(code()).toBe('folder.newer');
    edit(path.join(folder, 'run.json'), '"version": 2', '"version": 1');
    edit(path.join(folder, 'config.json'), '"version": 1', '"version": 2');
    expect(code()).toBe('folder.newer');
  });

  test('takes an unknown key of a later version as such', () => {
    const future = { ...config, sleep: 8 } as typeof config;
    const environment = { ...describeEnvironment(), apical: '99.0.0' };
    RunFolder.create(folder, { config: future, command, backend, environment }).close();
    const error = thrownBy(() => RunFolder.open(folder));
    expect(error.code).toBe('folder.newer');
    expect(error.message).toMatch(/99\.0\.0.*sleep/);
  });

  test('accepts a run from before a key was added', () => {
    const past = { ...config, probe: undefined };
    RunFolder.create(folder, { config: past as unknown as typeof config, command, backend }).close();
    reopened((run) => expect(run.config).toEqual(config), { config });
  });

  test('refuses another config, and a config changed by hand', () => {
    leave();
    const error = thrownBy(() => RunFolder.open(folder, { config: { ...config, seed: 4 } }));
    expect(error.code).toBe('run.other-config');
    expect(error.message).toContain('seed: 4 here, 0 in the folder');
    reopened((run) => expect(run.config.seed).toBe(0), { config });
    edit(path.join(folder, 'config.json'), '"seed": 0', '"seed": 5');
    expect(code()).toBe('run.other-config');
  });
});

describe('status and metrics', () => {
  test('run.json holds the latest status; a failure disappears when the run continues', () => {
    leave();
    const failure = { code: 'run.diverged', message: 'The loss is not finite.' };
    reopened((run) => run.status({ status: 'failed', failure }));
    expect(readRunFolder(folder).run).toMatchObject({ status: 'failed', failure });
    reopened((run) => run.status({ status: 'done' }));
    expect(readRunFolder(folder).run.status).toBe('done');
    expect(readRunFolder(folder).run.failure).toBeUndefined();
  });

  test('records are available to the run at once and on disk at the end; an incomplete line is dropped', () => {
    const run = RunFolder.create(folder, { config, command, backend });
    run.record(progress(1));
    expect(run.readMetrics()).toEqual([progress(1)]);
    run.close();
    writeFileSync(path.join(folder, 'metrics.jsonl'), '{"kind":"progr', { flag: 'a' });
    expect(readRunFolder(folder).metrics).toEqual([progress(1)]);
    reopened((again) => {
      again.record(progress(2));
      expect(again.readMetrics()).toEqual([progress(1), progress(2)]);
    });
    expect(readRunFolder(folder).metrics).toEqual([progress(1), progress(2)]);
  });

  test('a damaged line is named', () => {
    leave(2);
    edit(path.join(folder, 'metrics.jsonl'), '}\n{"kind"', '}\n{_kind"');
    const error = thrownBy(() => readRunFolder(folder));
    expect(error.code).toBe('folder.metrics');
    expect(error.message).toContain('Line 2');
  });

  test('a report is written completely', () => {
    leave();
    reopened((run) => run.writeReport('<p>±</p>'));
    expect(readFileSync(path.join(folder, 'report.html'), 'utf8')).toBe('<p>±</p>');
  });
});
