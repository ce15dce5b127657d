import { describe, expect, test } from 'vitest';
import { ownDataset } from '../../../src/training/own/own-data.ts';
import { begin, finish, generate, resume, snapshotOf } from './fixture.ts';

const SMALL = { trainCount: 1000, testCount: 200 } as const;

describe('a stream', () => {
  test('is learned: the next value of two sine waves to 1 % of the power', async () => {
    const { training } = await begin(generate('sine-waves'), { batch: 8, epochs: 5 });
    expect(training.stepsPerEpoch).toBe(Math.ceil(1250 / 32));
    finish(training);
    expect(training.lastEvaluation?.test?.error).toBeLessThan(0.01);
    expect(training.lastEvaluation?.test?.count).toBe(2000);
    expect(training.examplesSeen).toBe(50_000);
    training.dispose();
  });

  test('is scored after its washout, on the test series and on its end for validation', async () => {
    const input = { batch: 4, epochs: 1, task: { validation: 0.2, time: { washout: 20, window: 50 } } };
    const { training } = await begin(generate('sine-waves', SMALL), input);
    expect(training.stepsPerEpoch).toBe(4);
    finish(training);
    const { validation, test: tested } = training.lastEvaluation ?? {};
    expect([validation?.count, tested?.count]).toEqual([180, 180]);
    training.dispose();
  });

  test('of 10⁵ steps needs no more memory as it goes, and resumes to the bit from its middle', async () => {
    const data = generate('sine-waves', { trainCount: 100_000, testCount: 100 });
    const input = { batch: 4, epochs: 1, network: { hidden: [8] } };
    const whole = await begin(data, input);
    whole.training.advance(2, () => 0);
    const { compute } = whole;
    const before = [compute.heap.memory.buffer.byteLength, compute.temporaryBytes];
    finish(whole.training);
    expect(whole.training.step).toBe(Math.ceil(25_000 / 32));
    expect([compute.heap.memory.buffer.byteLength, compute.temporaryBytes]).toEqual(before);

    const first = await begin(data, input);
    first.training.advance(391, () => 0);
    const middle = snapshotOf(first.training);
    expect(middle.position).toMatchObject({ step: 391, streams: 4 });
    const second = await begin(data, input);
    resume(second.training, middle);
    finish(second.training);
    expect(snapshotOf(second.training)).toEqual(snapshotOf(whole.training));
    for (const { training } of [whole, first, second]) training.dispose();
  });

  test('gives the same numbers however its steps are sliced', async () => {
    const input = { batch: 4, epochs: 2 };
    const [whole, sliced] = [
      await begin(generate('mackey-glass', SMALL), input),
      await begin(generate('mackey-glass', SMALL), input),
    ];
    finish(whole.training);
    while (!sliced.training.done) sliced.training.advance(1, () => 0);
    expect(sliced.records).toEqual(whole.records);
  });

  test('is not resumed with another number of streams', async () => {
    const data = generate('sine-waves', SMALL);
    const { training } = await begin(data, { batch: 4, epochs: 1 });
    training.advance(2, () => 0);
    const other = await begin(data, { batch: 8, epochs: 1 });
    expect(() => other.training.restore(training.snapshot().position)).toThrow(
      'The checkpoint holds the state of 4 streams, but batch is 8. Resume with batch=4, or start a new run.',
    );
  });

  test('with a mask learns where it is 1', async () => {
    const inputs = Array.from({ length: 40 }, (_, step) => [step % 2]);
    const targets = inputs.map(([value = 0]) => 1 - value);
    const mask = inputs.map((_, step) => (step % 4 === 0 ? 1 : 0));
    const data = ownDataset({ inputs, targets, time: { kind: 'stream', mask } });
    const input = { batch: 2, task: { time: { window: 10 } } };
    const { training } = await begin(data, input);
    training.advance(1, () => 0);
    // Steps 0, 4 and 8, and 20, 24 and 28.
    expect(training.learner.tally().examples).toBe(6);
    training.dispose();
  });
});

test.each<[string, object, string]>([
  [
    'more streams than steps',
    { batch: 1001 },
    'batch is 1001, the number of parallel streams, but there are only 1000 training steps: use a batch of at most 1000.',
  ],
  [
    'more steps than there are',
    { batch: 1, task: { trainExamples: 2000 } },
    'task.trainExamples is 2000, but Sum of sine waves has 1000 training steps. Lower it.',
  ],
  [
    'a washout of whole streams',
    { batch: 10, task: { time: { washout: 100 } } },
    'task.time.washout is 100, but each stream has only 100 steps, of which none would be left. Lower it, or batch.',
  ],
  [
    'a washout of the test series',
    { batch: 1, task: { time: { washout: 200 } } },
    'task.time.washout is 200, but the test series has only 200 steps, of which none would be left. Lower it.',
  ],
])('a stream with %s is refused', async (_, input, message) => {
  await expect(begin(generate('sine-waves', SMALL), input)).rejects.toThrow(message);
});
