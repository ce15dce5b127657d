import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { ActivityReader } from '../../../src/training/readout/activity.ts';
import { begin, finish, generate, resume, snapshotOf } from '../in-time/fixture.ts';

/*
 * Readouts of sequences and streams.
 */

describe('a stream', () => {
  const still = {
    network: { hidden: [40] },
    optimiser: { rate: 1e-9 },
    batch: 4,
    epochs: 1,
    task: { validation: 0.2 },
  };

  test('is read by ridge over its steps, after the washout, and is not changed by it', async () => {
    const data = generate('sine-waves', { trainCount: 3000, testCount: 500 });
    const task = { validation: 0.2, time: { washout: 50 } };
    const plain = await begin(data, { ...still, task });
    const read = await begin(data, { ...still, task, readout: { regularisation: 1e-6 } });
    for (const { training } of [plain, read]) finish(training);
    const { readout, test: own, ...others } = read.training.lastEvaluation ?? {};
    expect(readout?.validation?.count).toBe(550);
    expect(readout?.test?.count).toBe(450);
    // The weights hardly move, so the network itself has learned nothing; its random state predicts well all the same.
    expect(own?.error).toBeGreaterThan(0.3);
    expect(readout?.test?.error).toBeLessThan(0.01);
    expect(snapshotOf(read.training)).toEqual(snapshotOf(plain.training));
    expect({ ...others, test: own }).toEqual(plain.training.lastEvaluation);
    for (const { training } of [plain, read]) training.dispose();
  });

  test('has the same readout after a resume, to the bit', async () => {
    const data = generate('sine-waves', { trainCount: 1000, testCount: 200 });
    const input = { batch: 2, epochs: 2, readout: {} };
    const whole = await begin(data, input);
    finish(whole.training);
    const [first, second] = [await begin(data, input), await begin(data, input)];
    first.training.advance(7, () => 0);
    resume(second.training, snapshotOf(first.training));
    finish(second.training);
    expect(second.training.lastEvaluation?.readout).toEqual(whole.training.lastEvaluation?.readout);
    for (const { training } of [whole, first, second]) training.dispose();
  });

  test('is read up to the number of examples', async () => {
    const data = generate('sine-waves', { trainCount: 3000, testCount: 500 });
    const errors: (number | undefined)[] = [];
    for (const examples of [45, 3000]) {
      const { training } = await begin(data, { ...still, readout: { examples, regularisation: 1e-6 } });
      finish(training);
      errors.push(training.lastEvaluation?.readout?.test?.error);
      training.dispose();
    }
    expect(errors[0]).toBeGreaterThan(10 * (errors[1] ?? NaN));
  });
});

describe('sequences', () => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openBackend({ backend: 'wasm' });
  });

  test.each(['last', 'mean'] as const)('are read by the %s activity at each target', async (activity) => {
    const data = generate('rings', { trainCount: 90, testCount: 20 });
    const { training } = await begin(
      { ...data, inputShape: [2, 1] },
      {
        task: { time: { from: 'rows' } },
        readout: { kind: 'nearest-neighbours', activity },
        epochs: 1,
        batch: 30,
      },
    );
    finish(training);
    expect(training.lastEvaluation?.readout?.test?.count).toBe(20);
    training.dispose();
  });

  test('have the mean over the steps before a target, or the step itself', () => {
    // One unit, two series of three steps; targets at step 1 of the first series and step 2 of both.
    const rates = [1, 10, 2, 20, 6, 60];
    const area = { id: 'unit', units: 1 };
    const phase = { takesPart: () => true, rate: () => ({ data: Float32Array.from(rates) }) };
    const learner = { respond: (_: unknown, visit: (of: unknown) => void) => visit(phase) };
    const featuresOf = (activity: 'last' | 'mean') =>
      compute.scope(() => {
        const reader = new ActivityReader(compute, learner as never, [area] as never, activity);
        const due = compute.temporary([6]).set([0, 0, 1, 0, 1, 1]);
        const read = reader.read({
          inputs: compute.temporary([6, 1]),
          targets: compute.temporary([6], 'i32').set([0, 1, 2, 3, 4, 5]),
          time: { steps: 3, count: 3, continues: false, first: 0, due },
        });
        return [read?.features.toArray(), read?.targets.toArray()];
      });
    expect(featuresOf('last')).toEqual([
      [2, 6, 60],
      [2, 4, 5],
    ]);
    expect(featuresOf('mean')).toEqual([
      [1.5, 3, 30],
      [2, 4, 5],
    ]);
  });
});
