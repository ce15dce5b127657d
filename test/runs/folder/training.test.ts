import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { generateDataset } from '../../../src/datasets/index.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { Config } from '../../../src/config/config.ts';
import { Examples } from '../../../src/training/examples.ts';
import { RunFolder } from '../../../src/runs/folder/index.ts';
import { ExampleTraining } from '../../../src/training/example-training.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import { ruleById } from '../../../src/rules/index.ts';

const config = parseConfig({
  rule: 'feedback-alignment',
  task: { dataset: 'two-spirals', validation: 0.1 },
  network: { hidden: [12, 9], dropout: 0.2 },
  optimiser: { kind: 'adam', rate: { kind: 'cosine', value: 0.01 } },
  batch: 32,
  epochs: 3,
  seed: 5,
  probe: { every: 7, examples: 20 },
});
const sparse = parseConfig({ ...config, network: { ...config.network, density: 0.4, storage: 'sparse' } });
const dataset = generateDataset(
  'two-spirals',
  { trainCount: 500, testCount: 100 },
  new Sequence(stream(1, 'data')),
);

let parent = '';
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'apical-folder-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** Runs one session on a backend of its own, as in a process of its own, up to a step if one is given. */
async function session(
  folder: string,
  { config, backend, stop = Infinity }: { config: Config; backend: 'reference' | 'wasm'; stop?: number },
) {
  const compute = await openBackend({ backend });
  const examples = new Examples(compute, dataset);
  const run = RunFolder.exists(folder)
    ? RunFolder.open(folder, { config, backend: compute.backend })
    : RunFolder.create(folder, { config, command: 'test', backend: compute.backend });
  const training = new ExampleTraining({
    compute,
    examples,
    config,
    rule: ruleById(config.rule),
    record: (record) => run.record(record),
  });
  const found = run.latest();
  if (found) {
    run.restoreInto(training.snapshot().tensors, found);
    training.restore(found.position);
  }
  const clock = () => 0;
  while (!training.done && training.step < stop) training.advance(1, clock);
  const { tensors, position } = training.snapshot();
  run.checkpoint(tensors, position);
  // These steps are lost when the run resumes from the checkpoint.
  if (!training.done) training.advance(5, clock);
  const numbers = [...tensors].map(([name, { data }]) => [
    name,
    Buffer.from(data.slice().buffer).toString('hex'),
  ]);
  run.close();
  return { step: found?.step ?? 0, warnings: found?.warnings ?? [], numbers };
}

describe('a run that is interrupted', () => {
  test.each([
    ['reference', 'dense', config],
    ['wasm', 'dense', config],
    ['wasm', 'sparse', sparse],
  ] as const)('resumes to the same bits (%s, %s)', async (backend, _, config) => {
    const straight = path.join(parent, 'straight');
    const sliced = path.join(parent, 'sliced');
    const whole = await session(straight, { config, backend });
    // In mid-epoch between progress records, just before a probe, and at the end of an epoch.
    const stops = [3, 14, 15, 29, Infinity];
    let last: typeof whole | undefined;
    for (const [index, stop] of stops.entries()) {
      last = await session(sliced, { config, backend, stop });
      expect(last.step).toBe(index === 0 ? 0 : stops[index - 1]);
      expect(last.warnings).toEqual([]);
    }
    const metrics = (folder: string) => readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8');
    expect(metrics(sliced)).toBe(metrics(straight));
    expect(metrics(straight).match(/"evaluation"/g)).toHaveLength(3);
    expect(last?.numbers).toEqual(whole.numbers);
  });
});
