import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { parseConfig } from '../../src/experiments/config.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/experiments/folder/checkpoint.ts';
import {
  describeEnvironment,
  differences,
  identityOf,
  readRunFolder,
  RunFolder,
} from '../../src/experiments/folder/index.ts';
import { ApicalError } from '../../src/errors.ts';
import { config, position, progress } from './folder-child.ts';

const compute = await openBackend({ backend: 'reference' });
const { backend } = compute;
const command = 'apical run --set seed=0';
const tensorsOf = (...values: number[]) =>
  new Map([['weights', compute.allocate([values.length]).set(values)]]);

let parent = '';
let folder = '';
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'apical-folder-'));
  folder = path.join(parent, 'runs', 'first');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function thrownBy(body: () => unknown): ApicalError {
  try {
    body();
  } catch (thrown) {
    if (thrown instanceof ApicalError) return thrown;
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
}

/** A closed folder with a checkpoint at each of the steps, and a record a step. */
function leave(...steps: number[]): void {
  const run = RunFolder.create(folder, { config, command, backend });
  for (let step = 1; step <= Math.max(0, ...steps); step++) {
    run.record(progress(step));
    if (steps.includes(step)) run.checkpoint(tensorsOf(step, -step), position(step));
  }
  run.close();
}

function reopened<Result>(body: (run: RunFolder) => Result, options = {}): Result {
  const run = RunFolder.open(folder, options);
  try {
    return body(run);
  } finally {
    run.close();
  }
}

const checkpoints = () => readdirSync(folder).filter((name) => name.startsWith('checkpoint-'));
const file = (step: number) => path.join(folder, `checkpoint-${String(step).padStart(10, '0')}.safetensors`);

/** Replaces text of the same length in a file. */
function edit(name: string, from: string, to: string): void {
  const text = readFileSync(name, 'latin1');
  expect(text).toContain(from);
  writeFileSync(name, text.replace(from, to), 'latin1');
}

describe('identity', () => {
  test('does not depend on the order of keys, and on every value', () => {
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
  test('holds the complete config, the command, and where it runs', () => {
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

  test('is refused where there is a run, whatever its config and state', () => {
    leave(1);
    const error = thrownBy(() =>
      RunFolder.create(folder, { config: { ...config, seed: 9 }, command, backend }),
    );
    expect(error.code).toBe('folder.exists');
    expect(error.message).toContain(`--resume ${folder}`);
    reopened((run) => expect(run.latest()?.step).toBe(1));
  });

  test('leaves a config.json alone that is not its own', () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'config.json'), '{"seed": 3}');
    expect(thrownBy(() => RunFolder.create(folder, { config, command, backend })).code).toBe('folder.exists');
    expect(readFileSync(path.join(folder, 'config.json'), 'utf8')).toBe('{"seed": 3}');
  });

  test('begins where another one was killed before it had begun', () => {
    leave();
    rmSync(path.join(folder, 'run.json'));
    rmSync(path.join(folder, 'metrics.jsonl'));
    leave(1);
    reopened((run) => expect(run.latest()?.step).toBe(1));
  });

  test('that cannot be made says so', () => {
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

  test('says what is wrong with a folder', () => {
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

  test('knows a key that it does not know for one of a later version', () => {
    const future = { ...config, sleep: 8 } as typeof config;
    const environment = { ...describeEnvironment(), apical: '99.0.0' };
    RunFolder.create(folder, { config: future, command, backend, environment }).close();
    const error = thrownBy(() => RunFolder.open(folder));
    expect(error.code).toBe('folder.newer');
    expect(error.message).toMatch(/99\.0\.0.*sleep/);
  });

  test('still knows a run from before a key was added', () => {
    const past = { ...config, probe: undefined };
    RunFolder.create(folder, { config: past as unknown as typeof config, command, backend }).close();
    reopened((run) => expect(run.config).toEqual(config), { config });
  });

  test('refuses another config, and one that was changed by hand', () => {
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
  test('run.json tells the latest status; a failure is gone when the run goes on', () => {
    leave();
    const failure = { code: 'run.diverged', message: 'The loss is not finite.' };
    reopened((run) => run.status({ status: 'failed', failure }));
    expect(readRunFolder(folder).run).toMatchObject({ status: 'failed', failure });
    reopened((run) => run.status({ status: 'done' }));
    expect(readRunFolder(folder).run.status).toBe('done');
    expect(readRunFolder(folder).run.failure).toBeUndefined();
  });

  test('records are there at once for the run, on disk when it ends, and a torn line is dropped', () => {
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

  test('a report takes its place whole', () => {
    leave();
    reopened((run) => run.writeReport('<p>±</p>'));
    expect(readFileSync(path.join(folder, 'report.html'), 'utf8')).toBe('<p>±</p>');
  });
});

describe('checkpoints', () => {
  test('come back to the bit, with where the run stood; metrics are cut back', () => {
    const values = [1 / 3, -0, 5e-324, Number.MAX_VALUE];
    const run = RunFolder.create(folder, { config, command, backend });
    run.record(progress(1));
    run.checkpoint(tensorsOf(...values), position(1));
    run.record(progress(2));
    run.close();
    reopened((again) => {
      const found = again.latest();
      expect(found?.position).toEqual(position(1));
      expect(found?.warnings).toEqual([]);
      const into = tensorsOf(0, 0, 0, 0);
      if (found) again.restoreInto(into, found);
      expect(
        into
          .get('weights')
          ?.toArray()
          .map((value, index) => Object.is(value, values[index])),
      ).toEqual(values.map(() => true));
      expect(again.readMetrics()).toEqual([progress(1)]);
    });
  });

  test('without one, a run begins again with empty metrics', () => {
    leave();
    reopened((run) => run.record(progress(1)));
    reopened((run) => {
      expect(run.latest()).toBeUndefined();
      expect(run.readMetrics()).toEqual([]);
    });
  });

  test('the newest two are kept', () => {
    leave(1, 5, 20, 100);
    expect(checkpoints()).toEqual(['checkpoint-0000000020.safetensors', 'checkpoint-0000000100.safetensors']);
  });

  test('numbers that are not finite are not saved', () => {
    leave(1);
    reopened((run) => {
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        expect(run.checkpoint(tensorsOf(1, bad), position(2))).toBe(false);
      }
    });
    reopened((run) => expect(run.latest()?.step).toBe(1));
  });

  test('every flipped bit and every cut is found', () => {
    const bytes = encodeCheckpoint(tensorsOf(1, 2, 3), {
      position: position(3),
      metricsBytes: 77,
      identity: identityOf(config),
      origin: { backend: 'wasm', threads: 1, processor: 'x', sources: '0' },
    });
    if (!bytes) throw new Error('The numbers are finite.');
    expect(decodeCheckpoint(bytes, 'it').metricsBytes).toBe(77);
    const code = (changed: Uint8Array) => thrownBy(() => decodeCheckpoint(changed, 'it')).code;
    for (let length = 0; length < bytes.length; length++) {
      expect(code(bytes.slice(0, length))).toBe('checkpoint.corrupt');
    }
    expect(code(Uint8Array.of(...bytes, 0))).toBe('checkpoint.corrupt');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      // A flip in the version makes it one of a later version, which is refused as well.
      expect(['checkpoint.corrupt', 'checkpoint.newer']).toContain(code(changed));
    }
  });

  test('a damaged one is passed over by name, and gone after the next two', () => {
    leave(1, 2);
    writeFileSync(file(2), readFileSync(file(2)).subarray(0, -1));
    reopened((run) => {
      const found = run.latest();
      expect(found?.step).toBe(1);
      expect(found?.warnings).toHaveLength(1);
      expect(found?.warnings[0]).toMatch(/checkpoint-0000000002\.safetensors is damaged.*from step 1/);
      expect(run.readMetrics()).toEqual([progress(1)]);
      run.record(progress(2));
      run.checkpoint(tensorsOf(2, -2), position(2));
    });
    reopened((run) => expect(run.latest()).toMatchObject({ step: 2, warnings: [] }));
  });

  test('when all are damaged the run does not begin again in silence', () => {
    leave(1, 2);
    for (const step of [1, 2]) edit(file(step), '"F64"', '"F32"');
    const error = reopened((run) => thrownBy(() => run.latest()));
    expect(error.code).toBe('checkpoint.corrupt');
    expect(error.message).toContain('checkpoint-0000000001');
    expect(readRunFolder(folder).metrics).toHaveLength(2);
  });

  test('one of a later version is passed over for an older one, else refused', () => {
    leave(1, 2);
    edit(file(2), '"version":"1"', '"version":"2"');
    reopened((run) => {
      const found = run.latest();
      expect(found?.step).toBe(1);
      expect(found?.warnings[0]).toMatch(/checkpoint-0000000002.*format 2/);
    });
    edit(file(1), '"version":"1"', '"version":"3"');
    expect(reopened((run) => thrownBy(() => run.latest())).code).toBe('checkpoint.newer');
  });

  test('another backend, thread count or processor gives a warning each', () => {
    leave(1);
    const environment = { ...describeEnvironment(), processor: 'riscv64 Other' };
    const other = { name: 'blas', threads: 3, detail: 'OpenBLAS' };
    reopened(
      (run) => {
        const warnings = run.latest()?.warnings.join('\n');
        expect(warnings).toContain('"1" until step 1 and is "3" now');
        expect(warnings).toContain('"blas (OpenBLAS)"');
        expect(warnings).toContain('"riscv64 Other"');
        expect(run.latest()?.warnings).toHaveLength(3);
      },
      { backend: other, environment },
    );
    reopened((run) => expect(run.latest()?.warnings).toEqual([]), { backend });
  });

  test('metrics that got lost are noticed', () => {
    leave(3);
    writeFileSync(path.join(folder, 'metrics.jsonl'), `${JSON.stringify(progress(1))}\n`);
    reopened((run) => {
      expect(run.latest()?.warnings[0]).toMatch(/metrics\.jsonl lacks \d+ bytes/);
      expect(run.readMetrics()).toEqual([progress(1)]);
    });
  });

  test('a checkpoint that does not fit names the tensor and changes nothing', () => {
    leave(1);
    reopened((run) => {
      const found = run.latest();
      if (!found) throw new Error('There is a checkpoint.');
      const weights = compute.allocate([2]);
      const misfits = [
        {
          tensors: new Map([
            ['weights', weights],
            ['bias', compute.allocate([1])],
          ]),
          named: 'bias',
        },
        { tensors: new Map(), named: 'weights' },
        { tensors: new Map([['weights', compute.allocate([1, 2])]]), named: 'weights' },
        { tensors: new Map([['weights', compute.allocate([2], 'i32')]]), named: 'weights' },
      ];
      for (const { tensors, named } of misfits) {
        const error = thrownBy(() => run.restoreInto(tensors, found));
        expect(error.code).toBe('checkpoint.mismatch');
        expect(error.message).toContain(`"${named}"`);
      }
      expect(weights.toArray()).toEqual([0, 0]);
      const single = compute.allocate([2], 'f32');
      run.restoreInto(new Map([['weights', single]]), found);
      expect(single.toArray()).toEqual([1, -1]);
    });
  });
});
