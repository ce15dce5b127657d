import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { RULES } from '../../src/rules/index.ts';
import { learnerOf, optimiser, smallStack, train } from './fixtures.ts';
import { updateGolden } from './golden-file.ts';

/*
 * Compares ten steps of every rule on the reference backend with the recorded steps. A difference means that results
 * reported with an earlier version would change: intended or not, it must not go unnoticed.
 * APICAL_UPDATE_GOLDEN=1 writes new and changed numbers to the file, and keeps every other number to the last digit.
 */

// A type alias, unlike an interface, is assignable to `Numbers`.
type Trajectory = {
  readonly losses: readonly number[];
  /** Weighted sum of the values of each parameter, with unequal weights. */
  readonly checksums: Readonly<Record<string, number>>;
};

const file = new URL('golden.json', import.meta.url);
const UPDATE = process.env['APICAL_UPDATE_GOLDEN'] === '1';

async function trajectories(): Promise<Record<string, Trajectory>> {
  const compute = await openBackend({ backend: 'reference' });
  const all: Record<string, Trajectory> = {};
  for (const rule of RULES) {
    const learner = learnerOf(compute, rule, {
      specification: smallStack({ dropout: 0.2, density: 0.8 }, rule),
      optimiser: optimiser({ kind: 'nesterov', decay: 0.01 }),
      seed: 42,
    });
    const losses = train(compute, learner, 0, 10);
    const checksums = Object.fromEntries(
      learner.network.parameters.map(({ id, values }) => [
        id,
        values.toArray().reduce((sum, value, i) => sum + value * (1 + ((i * 37) % 101) / 101), 0),
      ]),
    );
    all[rule.id] = { losses, checksums };
    learner.dispose();
  }
  compute.dispose();
  return all;
}

const actual = await trajectories();
if (UPDATE) updateGolden(file, actual);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Trajectory>;

test.each(RULES.map(({ id }) => id))('%s takes the same ten steps as recorded', (id) => {
  const kept = golden[id];
  const now = actual[id];
  if (!kept || !now) {
    expect.fail(
      `test/rules/golden.json has no trajectory of "${id}": run this test with APICAL_UPDATE_GOLDEN=1 and review the difference.`,
    );
  }
  expect(now.losses.length).toBe(kept.losses.length);
  for (const [step, loss] of kept.losses.entries()) {
    expect(Math.abs((now.losses[step] ?? NaN) - loss), `loss of step ${step}`).toBeLessThan(1e-9);
  }
  expect(Object.keys(now.checksums)).toEqual(Object.keys(kept.checksums));
  for (const [name, checksum] of Object.entries(kept.checksums)) {
    expect(Math.abs((now.checksums[name] ?? NaN) - checksum), name).toBeLessThan(1e-9);
  }
});

test('only existing rules have trajectories', () => {
  expect(Object.keys(golden).sort()).toEqual(RULES.map(({ id }) => id).sort());
});

test('an update keeps every number within 1e-9, and writes new and changed numbers', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'apical-golden-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const small = path.join(folder, 'golden.json');
  writeFileSync(
    small,
    JSON.stringify({
      kept: { losses: [1.25, -3e-7, 0], checksums: { 'a→b': 2 } },
      changed: { losses: [1, 2], checksums: { gone: 1 } },
      gone: { losses: [1], checksums: {} },
    }),
  );
  const now = {
    added: { losses: [5], checksums: { c: 6 } },
    kept: { losses: [1.25 * (1 + 9e-10), -3e-7 * (1 - 9e-10), 0], checksums: { 'a→b': 2 + 1e-9 } },
    changed: { losses: [1 + 2e-9, 2, 3], checksums: { 'a→b': 4 } },
  };
  updateGolden(small, now);
  const written = readFileSync(small, 'utf8');
  expect(JSON.parse(written)).toEqual({
    added: now.added,
    kept: { losses: [1.25, -3e-7, 0], checksums: { 'a→b': 2 } },
    changed: now.changed,
  });
  expect(Object.keys(JSON.parse(written) as object)).toEqual(['added', 'kept', 'changed']);
  expect(written).toMatch(/^\{\n {2}"added": \{\n/);
});
