import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { RULES } from '../../src/rules/index.ts';
import { learnerOf, optimiser, smallStack, train } from './fixtures.ts';

/*
 * Ten steps of every rule on the reference backend, as they once were. A difference means that results
 * reported with an earlier version would come out otherwise: intended or not, it must not pass unseen.
 * APICAL_UPDATE_GOLDEN=1 writes the file anew.
 */

interface Trajectory {
  readonly losses: readonly number[];
  /** Of every parameter, a sum of its values with unequal factors. */
  readonly checksums: Readonly<Record<string, number>>;
}

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
if (UPDATE) writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Trajectory>;

test.each(RULES.map(({ id }) => id))('%s takes the ten steps that it always took', (id) => {
  const kept = golden[id];
  const now = actual[id];
  if (!kept || !now) {
    expect.fail(
      `test/rules/golden.json has no trajectory of "${id}": run this test with APICAL_UPDATE_GOLDEN=1 and look at the difference.`,
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

test('no trajectory is left of a rule that is gone', () => {
  expect(Object.keys(golden).sort()).toEqual(RULES.map(({ id }) => id).sort());
});
