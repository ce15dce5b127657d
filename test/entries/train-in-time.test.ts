import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compare, evaluate, loadNetwork, train } from '../../src/entries/index.ts';
import { throughTime } from '../training/in-time/fixture.ts';

const SMALL = {
  rule: throughTime,
  network: { hidden: [16], activation: 'tanh' as const },
  optimiser: { kind: 'adam' as const, rate: 0.02 },
  batch: 20,
  epochs: 8,
};

/** Whether the first value of a sequence was 1, asked at its end. */
const inputs = Array.from({ length: 60 }, (_, index) => [
  index % 2,
  ...Array.from({ length: 2 + (index % 3) }, (_value, step) => ((index + step) % 4) / 4),
]);
const labels = inputs.map(([first = 0]) => first);

test('own sequences are learned, predicted, saved, loaded and evaluated', async () => {
  const data = { inputs, labels, time: {} };
  const result = await train({ ...SMALL, epochs: 30, dataset: { ...data, test: data } });
  expect(result.metrics.test).toMatchObject({ errors: 0, count: 60 });
  const { classes, count, steps } = result.predict(inputs);
  expect([...(classes ?? [])]).toEqual(labels);
  expect([count, steps]).toEqual([60, undefined]);
  // One by one, without padding, the answers are the same.
  for (const [index, sequence] of inputs.slice(0, 6).entries()) {
    expect(result.predict([sequence]).outputs[0]).toBeCloseTo(
      result.predict(inputs).outputs[2 * index] ?? NaN,
      5,
    );
  }
  expect(await evaluate(result, data)).toMatchObject({ errors: 0, count: 60 });
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'apical-')), 'run');
  const loaded = await loadNetwork(await result.save(folder), { rule: throughTime });
  expect(loaded.predict(inputs).outputs).toEqual(result.predict(inputs).outputs);
  await expect(evaluate(loaded, { inputs: [[1]], labels: [1] })).rejects.toThrow(
    /does not fit the network: it holds examples without a time axis, and the network learned sequences/,
  );
  expect(() => loaded.predict({ shape: [2, 3, 4], data: new Float32Array(24) })).toThrow(
    'Inputs must have the shape (count, steps, 1), but theirs is (2, 3, 4).',
  );
  loaded.dispose();
  result.dispose();
});

test('a stream is learned, and predicted at each of its steps', async () => {
  const options = { trainCount: 2000, testCount: 300 };
  const result = await train({ ...SMALL, batch: 8, dataset: 'sine-waves', task: { options } });
  expect(result.metrics.test?.error).toBeLessThan(0.05);
  const series = Float32Array.from({ length: 700 }, (_, step) => Math.sin(step / 3));
  const { outputs, count, steps } = result.predict(series);
  expect([count, steps]).toEqual([700, 700]);
  const rows = Array.from(series, (value) => [value]);
  expect(result.predict(rows).outputs).toEqual(outputs);
  expect(result.predict({ shape: [700, 1], data: series }).outputs).toEqual(outputs);
  const { count: scored } = await evaluate(result, {
    inputs: rows,
    targets: Array.from(series),
    time: { kind: 'stream' },
  });
  expect(scored).toBe(700);
  result.dispose();
});

test('rules are compared on pictures row by row', async () => {
  const { runs } = await compare({
    ...{ rules: [throughTime, { rule: throughTime, name: 'twin' }], network: { hidden: [8] }, epochs: 1 },
    ...{
      dataset: 'bars',
      task: { options: { trainCount: 200, testCount: 50 }, time: { from: 'rows' as const } },
    },
  });
  expect(runs.map(({ status }) => status)).toEqual(['done', 'done']);
  expect(runs[0]?.test).toEqual(runs[1]?.test);
});
