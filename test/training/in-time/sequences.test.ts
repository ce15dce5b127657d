import { describe, expect, test } from 'vitest';
import { ruleById, RULES } from '../../../src/rules/index.ts';
import { RULES_IN_TIME } from '../../../src/training/of-config/learner-of-config.ts';
import { ownDataset } from '../../../src/training/own/own-data.ts';
import { begin, finish, generate, resume, snapshotOf } from './fixture.ts';

const SMALL = { trainCount: 200, testCount: 100 } as const;

describe('sequences', () => {
  test('of a delayed XOR are learned: no test sequence is wrong', async () => {
    const { training, records } = await begin(generate('delayed-xor'), { batch: 32, epochs: 10 });
    finish(training);
    expect(training.lastEvaluation?.test).toMatchObject({ errors: 0, count: 500 });
    expect(training.examplesSeen).toBe(20_000);
    const probe = records.findLast(({ kind }) => kind === 'probe');
    for (const { angle } of Object.values(probe && 'projections' in probe ? probe.projections : {}))
      expect(angle).toBeLessThan(1e-3);
    training.dispose();
  });

  test('of different lengths give the same scores alone and padded beside longer ones', async () => {
    const inputs = [
      [1, 0, 0],
      [0, 1],
      [1, 1],
      [0, 0, 1],
    ];
    const data = { inputs, labels: [0, 1, 1, 0], time: {} };
    const { training } = await begin(ownDataset({ ...data, test: data }), { batch: 4, epochs: 40 });
    finish(training);
    expect(training.lastEvaluation?.test).toMatchObject({ errors: 0, count: 4 });
    training.dispose();
  });

  test('are learned in windows: more updates, of which the early ones have no target', async () => {
    const input = { batch: 32, epochs: 2, task: { time: { window: 4 } } };
    const { training } = await begin(generate('delayed-xor', SMALL), input);
    expect(training.stepsPerEpoch).toBe(Math.ceil(200 / 32) * 3);
    finish(training);
    expect(training.examplesSeen).toBe(400);
    expect(training.lastEvaluation?.train?.loss).toBeGreaterThan(0);
    training.dispose();
  });

  test('learn whole if the window is longer than they are', async () => {
    const input = { batch: 32, epochs: 1 };
    const whole = await begin(generate('delayed-xor', SMALL), input);
    const wide = await begin(generate('delayed-xor', SMALL), { ...input, task: { time: { window: 99 } } });
    for (const { training } of [whole, wide]) finish(training);
    expect(snapshotOf(wide.training)).toEqual(snapshotOf(whole.training));
  });

  test('in windows resume to the bit between two windows, also in the smaller last batch of an epoch', async () => {
    const input = { batch: 32, epochs: 2, task: { time: { window: 3 } } };
    const whole = await begin(generate('delayed-xor', SMALL), input);
    finish(whole.training);
    for (const stop of [2, 26, 29]) {
      const first = await begin(generate('delayed-xor', SMALL), input);
      // An epoch ends a call of advance.
      while (first.training.step < stop) first.training.advance(stop - first.training.step, () => 0);
      const second = await begin(generate('delayed-xor', SMALL), input);
      resume(second.training, snapshotOf(first.training));
      finish(second.training);
      expect(snapshotOf(second.training)).toEqual(snapshotOf(whole.training));
      for (const { training } of [first, second]) training.dispose();
    }
  });

  test('of the rows of pictures are learned', async () => {
    const input = { batch: 20, epochs: 20, task: { time: { from: 'rows' as const } } };
    const { training } = await begin(generate('bars', SMALL), input);
    finish(training);
    expect(training.lastEvaluation?.test?.error).toBeLessThan(0.05);
    const [mistake] = training.mistakes(1);
    if (mistake) expect(mistake.pixels).toHaveLength(16);
    training.dispose();
  });
});

test('data in time are refused by rules without time, with the rules that have it', async () => {
  await expect(begin(generate('delayed-xor', SMALL), {}, ruleById('feedback-alignment'))).rejects.toThrow(
    'Rule "feedback-alignment" does not learn data in time, and Delayed XOR has 10 steps. ',
  );
  expect(RULES_IN_TIME).toEqual(RULES.filter(({ dynamics }) => dynamics.inTime).map(({ id }) => id));
});

test('settings that do not fit are refused', async () => {
  const xor = generate('delayed-xor', SMALL);
  const rings = generate('rings', SMALL);
  await expect(begin(rings, { task: { time: { window: 4 } } })).rejects.toThrow(
    'task.time.window is 4, but Concentric rings has no time axis. Leave it out, or set task.time.from for pictures.',
  );
  await expect(begin(xor, { task: { time: { washout: 4 } } })).rejects.toThrow(
    'task.time.washout is 4, but Delayed XOR holds sequences, whose mask says which steps are scored. Leave it out.',
  );
  await expect(begin(xor, { task: { time: { kind: 'stream' } } })).rejects.toThrow(
    'task.time.kind is "stream", but Delayed XOR holds sequences. Leave task.time.kind out: it says how to read a .npz or .csv file.',
  );
  await expect(begin(rings, { network: { recurrent: true } })).rejects.toThrow(
    'network.recurrent is true, but Concentric rings has no time axis. Leave it out.',
  );
});

test('hidden areas are recurrent for data in time, unless the config says otherwise', async () => {
  const projections = async (recurrent?: boolean) => {
    const network = { hidden: [4, 3], ...(recurrent === undefined ? {} : { recurrent }) };
    const { training } = await begin(generate('delayed-xor', SMALL), { network });
    const found = training.learner.network.projections;
    const ids = found.filter(({ kind }) => kind === 'lateral').map(({ id }) => id);
    training.dispose();
    return ids;
  };
  expect(await projections()).toEqual(['hidden1→hidden1', 'hidden2→hidden2']);
  expect(await projections(false)).toEqual([]);
});
