import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { generateDataset } from '../../src/datasets/index.ts';
import { Examples } from '../../src/training/examples.ts';
import { configFilesIn, readVariants } from '../../src/runs/plan.ts';
import { loadRule } from '../../src/runs/files/rule-file.ts';
import { ExampleTraining } from '../../src/training/example-training.ts';
import { Sequence, stream } from '../../src/random/index.ts';

const COUNT = 100;
const FOLDERS = readdirSync('examples', { withFileTypes: true })
  .flatMap((entry) => (entry.isDirectory() ? [`examples/${entry.name}`] : []))
  .filter((folder) => readdirSync(folder).some((name) => name.endsWith('.json')));

test('there are folders of configs', () => {
  expect(FOLDERS.length).toBeGreaterThan(3);
});

describe.each(FOLDERS)('%s', (folder) => {
  const variants = readVariants(configFilesIn(folder), [
    // Two steps of a few spirals in a plane.
    ...['task.trainExamples=50', 'batch=25', 'epochs=1'],
    ...['threads=1', 'probe.examples=10'],
  ]);

  test.each(variants)('$name runs, and changes weights', async ({ config }) => {
    const rule = await loadRule(config.rule);
    const compute = await openBackend({ backend: 'wasm', threads: 1 });
    const draws = new Sequence(stream(0, 'dataset'));
    const spirals = generateDataset('two-spirals', { trainCount: COUNT, testCount: 5 }, draws);
    const examples = new Examples(compute, spirals);
    const training = new ExampleTraining({ compute, examples, config, rule });
    const before = training.learner.network.projections.map(({ weights }) => weights.toArray());
    training.advance(2, () => 0);
    const after = training.learner.network.projections.map(({ weights }) => weights.toArray());
    expect(after).not.toEqual(before);
    expect(after.flat().every(Number.isFinite)).toBe(true);
    training.dispose();
  });
});
