import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blasBackend } from '../../../src/backends/blas/index.ts';
import { openBackend, provideBlas } from '../../../src/backends/open.ts';
import { generateDataset } from '../../../src/datasets/index.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { ConfigInput } from '../../../src/config/config.ts';
import { Examples } from '../../../src/training/examples.ts';
import { ExampleTraining } from '../../../src/training/example-training.ts';
import type { MetricsRecord } from '../../../src/training/records.ts';
import { WorkerPool } from '../../../src/runs/workers/pool.ts';
import type { WorkerPoolOptions } from '../../../src/runs/workers/pool.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';

provideBlas(blasBackend);

/* Real threads on real trainings: whatever happens to the workers, the weights equal those of one worker. */

interface Place {
  readonly compute: Compute;
  readonly examples: Examples;
}
const places = new Map<string, Place>();
beforeAll(async () => {
  for (const backend of ['wasm', 'blas', 'reference'] as const) {
    const compute = await openBackend({ backend, threads: 1 });
    const draws = new Sequence(stream(0, 'dataset'));
    const examples = new Examples(
      compute,
      generateDataset('rings', { trainCount: 90, testCount: 20 }, draws),
    );
    places.set(backend, { compute, examples });
  }
});
afterAll(() => {
  for (const { compute } of places.values()) compute.dispose();
});

const RULES = [
  ['weight-perturbation', { samples: 7 }],
  ['weight-perturbation', { samples: 4, twoSided: true }],
  ['serial-weight-perturbation', { synapses: 9, change: 'twiddle' }],
] as const;

interface BeginOptions extends Pick<WorkerPoolOptions, 'ring' | 'ahead' | 'startSeconds'> {
  readonly backend?: string;
  readonly more?: ConfigInput;
}

function begin(
  workers: number,
  [rule, ruleOptions]: readonly [string, object] = RULES[0],
  { backend = 'wasm', more, ...options }: BeginOptions = {},
) {
  const { compute, examples } = places.get(backend) as Place;
  const config = parseConfig({
    rule,
    ruleOptions: { ...ruleOptions },
    network: { hidden: [7, 5], dropout: 0.2, density: 0.8 },
    task: { dataset: 'rings', validation: 0.1 },
    batch: 20,
    epochs: 6,
    probe: { every: 4, examples: 10 },
    workers,
    ...more,
  });
  const warnings: string[] = [];
  const records: MetricsRecord[] = [];
  const pool = new WorkerPool({
    config,
    examples,
    backend: compute.backend.name,
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  const record = (entry: MetricsRecord) => records.push(entry);
  const training = new ExampleTraining({
    compute,
    examples,
    config,
    rule: ruleById(rule),
    record,
    together: pool,
  });
  return { training, pool, warnings, records };
}

type Begun = ReturnType<typeof begin>;

/** Finishes a training and returns everything that must not depend on its workers. */
async function finish({ training, pool, records }: Begun) {
  while (!training.done) {
    training.advance(1, () => 0);
    await setImmediate();
  }
  await pool.close();
  const { tensors, position } = training.snapshot();
  const outcome = {
    tensors: Object.fromEntries([...tensors].map(([name, tensor]) => [name, tensor.toArray()])),
    position,
    records,
  };
  training.dispose();
  return outcome;
}

async function withOneWorker(rule?: (typeof RULES)[number], backend?: string) {
  return finish(begin(1, rule, backend === undefined ? {} : { backend }));
}

test.each([
  [2, 0],
  [3, 0],
  [2, 1],
  [3, 2],
])('%i workers give the weights, records and passes of one, to the bit (rule %i)', async (workers, index) => {
  const rule = RULES[index] as (typeof RULES)[number];
  const begun = begin(workers, rule);
  await begun.pool.start(begun.training);
  expect(begun.pool.size).toBe(workers);
  expect(await finish(begun)).toEqual(await withOneWorker(rule));
  expect(begun.warnings).toEqual([]);
});

test.each(['blas', 'reference'])('the same holds on %s', async (backend) => {
  const begun = begin(2, RULES[0], { backend });
  await begun.pool.start(begun.training);
  expect(begun.pool.size).toBe(2);
  expect(await finish(begun)).toEqual(await withOneWorker(RULES[0], backend));
  expect(begun.warnings).toEqual([]);
});

test('a short ring that blocks workers, and rounds longer than the ring, change nothing', async () => {
  const begun = begin(2, RULES[0], { ring: 8 });
  await begun.pool.start(begun.training);
  expect(await finish(begun)).toEqual(await withOneWorker());
});

test('a worker that dies is named, and the run continues to the same result', async () => {
  // Five steps are 35 samples: by then, workers can be neither at the end nor too far behind.
  const begun = begin(3, RULES[0], { ahead: 64 });
  const { pool, training, warnings } = begun;
  await pool.start(training);
  training.advance(5, () => 0);
  const [thread] = pool.threads;
  if (!thread) throw new Error('There is no worker.');
  const gone = once(thread, 'exit');
  await thread.terminate();
  await gone;
  expect(pool.size).toBe(2);
  expect(await finish(begun)).toEqual(await withOneWorker());
  expect(warnings[0]).toMatch(
    /^Worker 2 stopped \(.+\)\. The run continues with 2 workers; the result does not change\.$/,
  );
});

test('the run starts without a worker that is not ready in time', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apical-pool-'));
  // Worker threads never finish loading this rule file; the main thread does not load it.
  const rule = path.join(folder, 'slow.mjs');
  writeFileSync(rule, 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
  const begun = begin(2, RULES[0], { more: { rule }, startSeconds: 0.05 });
  try {
    await begun.pool.start(begun.training);
    expect(begun.warnings).toEqual([
      'Worker 2 stopped (it was not ready after 0.05 s). The run continues with 1 worker; the result does not change.',
    ]);
    expect(await finish(begun)).toEqual(await withOneWorker());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a run that resumes from a checkpoint does so with workers at the same step', async () => {
  const first = begin(2);
  await first.pool.start(first.training);
  first.training.advance(2, () => 0);
  first.training.advance(2, () => 0);
  const { tensors, position } = first.training.snapshot();
  const saved = new Map([...tensors].map(([name, tensor]) => [name, tensor.toArray()]));
  await first.pool.close();
  first.training.dispose();

  const second = begin(3);
  for (const [name, tensor] of second.training.snapshot().tensors) tensor.set(saved.get(name) ?? []);
  second.training.restore(position);
  await second.pool.start(second.training);
  const outcome = await finish(second);
  const whole = await withOneWorker();
  expect(outcome.tensors).toEqual(whole.tensors);
  expect(outcome.position).toEqual(whole.position);
  expect(second.warnings).toEqual([]);
});
