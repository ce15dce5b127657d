import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { generateDataset } from '../../src/datasets/index.ts';
import { ApicalError } from '../../src/errors.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { drive } from '../../src/training/drive.ts';
import { Examples, splitExamples } from '../../src/training/examples.ts';
import type { MetricsRecord } from '../../src/training/records.ts';
import { ExampleTraining } from '../../src/training/example-training.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Compute } from '../../src/tensor/index.ts';

let compute: Compute;
let examples: Examples;
beforeAll(async () => {
  compute = await openBackend({ backend: 'wasm' });
  const draws = new Sequence(stream(0, 'dataset'));
  examples = new Examples(compute, generateDataset('rings', { trainCount: 90, testCount: 20 }, draws));
});

function begin(input: ConfigInput, rule = 'feedback-alignment') {
  const records: MetricsRecord[] = [];
  const config = parseConfig({
    network: { hidden: [7, 5], dropout: 0.2 },
    task: { dataset: 'rings' },
    batch: 20,
    epochs: 4,
    probe: { every: 4, examples: 10 },
    ...input,
  });
  const training = new ExampleTraining({
    compute,
    examples,
    config,
    rule: ruleById(rule),
    record: (record) => records.push(record),
  });
  const numbers = () =>
    Object.fromEntries([...training.snapshot().tensors].map(([name, tensor]) => [name, tensor.toArray()]));
  return { training, records, numbers };
}

const clock = () => 0;
const finish = (training: ExampleTraining) => {
  while (!training.done) training.advance(1000, clock);
};

describe('the same steps give the same numbers', () => {
  test('however they are sliced, and whichever runs take turns with them', async () => {
    const whole = begin({});
    finish(whole.training);
    const sliced = begin({});
    for (let size = 1; !sliced.training.done; size = (size % 3) + 1) sliced.training.advance(size, clock);

    const beside = begin({});
    const other = begin({ seed: 1 }, 'backprop');
    let time = 0;
    // A clock that runs ahead at random makes slices of any length.
    const options = { now: () => (time += Math.random() * 0.03), pause: () => Promise.resolve() };
    await Promise.all([beside, other].map(({ training }) => drive(training, options)));

    const timeless = (records: readonly MetricsRecord[]) =>
      records.map((record) => ({ ...record, trainedSeconds: 0 }));
    for (const { numbers, records } of [sliced, beside]) {
      expect(numbers()).toEqual(whole.numbers());
      expect(timeless(records)).toEqual(timeless(whole.records));
    }
    expect(other.numbers()).not.toEqual(whole.numbers());
    for (const { training } of [whole, sliced, beside, other]) training.dispose();
  });

  test('with and without probes', () => {
    const [often, never] = [begin({ probe: { every: 1 } }), begin({ probe: { every: 0 } })];
    for (const { training } of [often, never]) finish(training);
    expect(often.numbers()).toEqual(never.numbers());
    expect(never.records.some(({ kind }) => kind === 'probe')).toBe(false);
    for (const { training } of [often, never]) training.dispose();
  });
});

describe('the records of a run', () => {
  test('contain an evaluation after each epoch, also after a smaller last batch, and a probe at both ends', () => {
    const { training, records } = begin({});
    finish(training);
    expect(training.totalSteps).toBe(20); // 90 examples: four batches of 20 and one of 10, four times.
    const steps = (kind: string) => records.filter((record) => record.kind === kind).map(({ step }) => step);
    expect(steps('evaluation')).toEqual([5, 10, 15, 20]);
    expect(steps('probe').at(0)).toBe(0);
    expect(steps('probe').at(-1)).toBe(20);
    for (const record of records) {
      if (record.kind === 'evaluation') expect(record.test?.count).toBe(20);
      if (record.kind !== 'probe') expect(record.train?.error).toBeLessThanOrEqual(1);
    }
    training.dispose();
  });
});

describe('a driven run', () => {
  test('stops between two steps when aborted, and continues from there', async () => {
    const { training } = begin({});
    const stop = new AbortController();
    let time = 0;
    const options = {
      now: () => (time += 0.02),
      pause: () => Promise.resolve(),
      onSlice: () => training.step >= 7 && stop.abort(),
    };
    expect(await drive(training, { ...options, signal: stop.signal })).toBe('interrupted');
    expect(training.step).toBeGreaterThanOrEqual(7);
    expect(training.step).toBeLessThan(training.totalSteps);
    expect(await drive(training, options)).toBe('done');
    training.dispose();
  });
});

describe('validation', () => {
  test('holds out a fraction that depends on the seed alone, and learns from the rest', () => {
    const { train, validation } = splitExamples(100, 0.25, 60, 3);
    expect([train.length, validation.length]).toEqual([60, 25]);
    expect(new Set([...train, ...validation]).size).toBe(85);
    expect(splitExamples(100, 0.25, 10, 3).validation).toEqual(validation);
    expect(splitExamples(100, 0.25, 60, 4).validation).not.toEqual(validation);
  });
});

describe('a loss that is not finite', () => {
  test('stops the run at once and names the step and the projection', () => {
    const { training } = begin(
      {
        objective: 'squared-error',
        network: { hidden: [7], activation: 'linear' },
        optimiser: { rate: 1e6 },
      },
      'backprop',
    );
    let error: unknown;
    try {
      finish(training);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ApicalError);
    const { code, details, message } = error as ApicalError;
    expect(code).toBe('run.diverged');
    expect(details).toEqual({ step: training.step, projection: expect.stringMatching(/→/) as string });
    expect(message).toContain(`step ${training.step}`);
    expect(message).toContain(`"${String(details['projection'])}"`);
    training.dispose();
  });
});
