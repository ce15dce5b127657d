import { feedforward } from '../../src/dynamics/index.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { defineRule, noOptions } from '../../src/learning/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { clouds, learnerOf, release, smallStack } from './fixtures.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'wasm' });
});
afterAll(() => compute.dispose());

const DROPOUT = 0.25;

/** Returns gains and activities of both hidden areas, which are of equal size, in one training pass. */
function passAt(step: number, seed = 1): { gains: number[][]; sent: number[][]; rates: number[][] } {
  const record = { gains: [] as number[][], sent: [] as number[][], rates: [] as number[][] };
  const watching = defineRule({
    id: 'watching',
    family: 'Test',
    title: 'Watching',
    summary: '',
    equation: '',
    cites: [],
    options: noOptions,
    dynamics: feedforward,
    learn({ network, run }) {
      const phase = run('forward');
      for (const area of [network.area('hidden1'), network.area('hidden2')]) {
        record.gains.push(phase.gain(area)?.toArray() ?? []);
        record.sent.push(phase.activity(area).toArray());
        record.rates.push(phase.rate(area).toArray());
      }
    },
  });
  const learner = learnerOf(compute, watching, {
    specification: smallStack({ layers: [6, 50, 50, 3], dropout: DROPOUT }),
    seed,
  });
  const batch = clouds(compute, 0, 40);
  learner.learn(batch, step, 0);
  // Outside training no unit is silenced.
  learner.evaluate(batch, (phase) => {
    for (const area of learner.network.areas) {
      expect(phase.gain(area)).toBeUndefined();
      expect(phase.activity(area)).toBe(phase.rate(area));
    }
  });
  learner.dispose();
  release(compute, batch);
  return record;
}

test('dropout silences the given fraction of units and scales up the others', () => {
  const { gains, sent, rates } = passAt(0);
  for (const [area, factors] of gains.entries()) {
    const up = Math.fround(1 / (1 - DROPOUT));
    expect(factors.every((gain) => gain === 0 || gain === up)).toBe(true);
    const silenced = factors.filter((gain) => gain === 0).length / factors.length;
    expect(Math.abs(silenced - DROPOUT)).toBeLessThan(
      5 * Math.sqrt((DROPOUT * (1 - DROPOUT)) / factors.length),
    );
    expect(sent[area]).toEqual(rates[area]?.map((rate, i) => Math.fround(rate * (factors[i] ?? NaN))));
  }
});

test('dropout silences different units for every area, step, example and seed, reproducibly', () => {
  const first = passAt(0);
  expect(passAt(0)).toEqual(first);
  const [one, two] = first.gains;
  const patterns = [
    one,
    two,
    passAt(1).gains[0],
    passAt(0, 2).gains[0],
    one?.slice(0, 50),
    one?.slice(50, 100),
  ];
  expect(new Set(patterns.map(String)).size).toBe(patterns.length);
});
