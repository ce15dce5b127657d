import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/runs/folder/checkpoint.ts';
import { describeEnvironment, identityOf, readRunFolder, RunFolder } from '../../../src/runs/folder/index.ts';
import { config, position, progress } from './child.ts';
import { backend, command, compute, edit, folder, leave, reopened, tensorsOf, thrownBy } from './fixture.ts';

const checkpoints = () => readdirSync(folder).filter((name) => name.startsWith('checkpoint-'));
const file = (step: number) => path.join(folder, `checkpoint-${String(step).padStart(10, '0')}.safetensors`);

describe('checkpoints', () => {
  test('restore every bit and the position of the run, and truncate the metrics', () => {
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

  test('are optional: without one, a run starts again with empty metrics', () => {
    leave();
    reopened((run) => run.record(progress(1)));
    reopened((run) => {
      expect(run.latest()).toBeUndefined();
      expect(run.readMetrics()).toEqual([]);
    });
  });

  test('are kept for the newest two steps', () => {
    leave(1, 5, 20, 100);
    expect(checkpoints()).toEqual(['checkpoint-0000000020.safetensors', 'checkpoint-0000000100.safetensors']);
  });

  test('with numbers that are not finite are not saved', () => {
    leave(1);
    reopened((run) => {
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        expect(run.checkpoint(tensorsOf(1, bad), position(2))).toBe(false);
      }
    });
    reopened((run) => expect(run.latest()?.step).toBe(1));
  });

  test('reveal every flipped bit and every cut', () => {
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
      // A flip in the version makes it a later version, which is refused as well.
      expect(['checkpoint.corrupt', 'checkpoint.newer']).toContain(code(changed));
    }
  });

  test('that are damaged are skipped by name, and removed after the next two', () => {
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

  test('that are all damaged are an error; the run does not silently start again', () => {
    leave(1, 2);
    for (const step of [1, 2]) edit(file(step), '"F64"', '"F32"');
    const error = reopened((run) => thrownBy(() => run.latest()));
    expect(error.code).toBe('checkpoint.corrupt');
    expect(error.message).toContain('checkpoint-0000000001');
    expect(readRunFolder(folder).metrics).toHaveLength(2);
  });

  test('of a later version are skipped for an older one, or refused', () => {
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

  test('warn of another backend, thread count or processor', () => {
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

  test('reveal lost metrics', () => {
    leave(3);
    writeFileSync(path.join(folder, 'metrics.jsonl'), `${JSON.stringify(progress(1))}\n`);
    reopened((run) => {
      expect(run.latest()?.warnings[0]).toMatch(/metrics\.jsonl lacks \d+ bytes/);
      expect(run.readMetrics()).toEqual([progress(1)]);
    });
  });

  test('that do not match name the tensor and change nothing', () => {
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
