import { describe, expect, test } from 'vitest';
import { csvDataset, generateDataset, npzDataset, picturesInTime } from '../../src/datasets/index.ts';
import type { Dataset } from '../../src/datasets/index.ts';
import { amountOf, firstExamples } from '../../src/datasets/dataset.ts';
import { serializeNpz } from '../../src/datasets/formats/npz.ts';
import type { NumericArray } from '../../src/datasets/formats/array.ts';
import { Sequence, stream } from '../../src/random/index.ts';

const generate = (id: string, options: Readonly<Record<string, number>> = {}, seed = 1) =>
  generateDataset(id, options, new Sequence(stream(seed, 'dataset')));

describe('delayed XOR', () => {
  test('is one cue per channel, silence, and whether the cues differ', () => {
    const { train, time } = generate('delayed-xor', { trainCount: 40, cueSteps: 3, delay: 4 });
    expect(time).toEqual({ kind: 'sequences', steps: 7, targets: 'last' });
    for (let example = 0; example < 40; example++) {
      const at = (step: number, channel: number) =>
        train.inputs[(example * 7 + step) * 2 + channel] as number;
      const cues = [0, 1].map((channel) => {
        const pulses = [0, 1, 2, 3, 4, 5, 6].filter((step) => at(step, channel) !== 0);
        expect(pulses).toHaveLength(1);
        expect(pulses[0]).toBeLessThan(3);
        return at(pulses[0] as number, channel);
      });
      expect(train.targets[example]).toBe(cues[0] === cues[1] ? 0 : 1);
    }
  });

  test('has equal bits for equal draws, and a test split that does not depend on the number of training sequences', () => {
    const options = { trainCount: 20, testCount: 10, noise: 0.1 };
    const first = generate('delayed-xor', options);
    expect(generate('delayed-xor', options)).toEqual(first);
    expect(generate('delayed-xor', { ...options, trainCount: 8 }).test).toEqual(first.test);
  });
});

describe('streams', () => {
  test.each(['sine-waves', 'mackey-glass'])('of %s have the next input as their target', (id) => {
    const { train, time } = generate(id, { trainCount: 50, testCount: 10 });
    expect(time).toEqual({ kind: 'stream', steps: 50, targets: 'all' });
    expect(train.count).toBe(1);
    for (let step = 0; step < 49; step++) expect(train.targets[step]).toBe(train.inputs[step + 1]);
  });

  test('of Mackey–Glass follow the equation by Euler steps of 0.1', () => {
    // A delay of 1 unit, written out: the history, its transient, and one value per ten steps.
    const draws = new Sequence(stream(3, 'dataset'));
    const x = Array.from({ length: 10 }, () => 1.2 + 0.2 * (draws.uniform() - 0.5));
    for (let step = 0; step < 10_200; step++) {
      const [now, before] = [x.at(-1) as number, x.at(-10) as number];
      x.push(now + 0.1 * ((0.2 * before) / (1 + before ** 10) - 0.1 * now));
    }
    const { test: series } = generate('mackey-glass', { trainCount: 5, testCount: 19, delay: 1 }, 3);
    for (let step = 0; step < 19; step++) {
      expect(series.inputs[step]).toBeCloseTo(x[9 + 10 * (1001 + step)] as number, 6);
    }
  });

  test('of Mackey–Glass are chaotic at a delay of 17, within known bounds', () => {
    const { inputs } = generate('mackey-glass', { trainCount: 3000, testCount: 1 }).train;
    const [least, most] = [Math.min(...inputs), Math.max(...inputs)];
    expect(least).toBeGreaterThan(0.2);
    expect(least).toBeLessThan(0.5);
    expect(most).toBeGreaterThan(1.2);
    expect(most).toBeLessThan(1.5);
  });
});

describe('pictures', () => {
  const bars = generate('bars', { side: 3, trainCount: 4, testCount: 2 });

  test('become sequences of rows or pixels in the same memory', () => {
    const rows = picturesInTime(bars, 'rows');
    expect(rows.inputShape).toEqual([3]);
    expect(rows.time).toEqual({ kind: 'sequences', steps: 3, targets: 'last' });
    expect(rows.train.inputs).toBe(bars.train.inputs);
    expect(amountOf(rows.train, rows)).toBe('4 sequences of 3 steps × 3 values');
    const pixels = picturesInTime(bars, 'pixels');
    expect([pixels.inputShape, pixels.train.steps]).toEqual([[1], 9]);
    expect(firstExamples(pixels.train, 2)).toMatchObject({ count: 2, steps: 9 });
    expect(firstExamples(pixels.train, 2).inputs).toHaveLength(18);
  });

  test('need rows, and no time axis', () => {
    expect(() => picturesInTime(generate('rings'), 'rows')).toThrow(
      'task.time.from is "rows", but an example of Concentric rings has the shape (2), not (height, width). Use "pixels", or leave task.time out.',
    );
    expect(() => picturesInTime(generate('delayed-xor'), 'rows')).toThrow(
      'task.time.from is "rows", but Delayed XOR has a time axis already. Leave task.time.from out.',
    );
  });
});

type Arrays = Readonly<Record<string, readonly [data: NumericArray, ...shape: number[]]>>;

const npz = (arrays: Arrays, time?: 'sequences' | 'stream'): Dataset =>
  npzDataset(
    serializeNpz(Object.entries(arrays).map(([name, [data, ...shape]]) => [name, { data, shape }])),
    'own',
    'own.npz',
    { time },
  );

/** Two training sequences and one test sequence of three steps with two values. */
const SEQUENCES: Arrays = {
  x_train: [Float32Array.from({ length: 12 }, (_, index) => index), 2, 3, 2],
  y_train: [Uint8Array.of(1, 0), 2],
  x_test: [new Float32Array(6), 1, 3, 2],
  y_test: [Uint8Array.of(2), 1],
};

describe('an NPZ file', () => {
  test('holds sequences with a target at the last step', () => {
    const dataset = npz({ ...SEQUENCES, lengths_train: [Int32Array.of(3, 1), 2] }, 'sequences');
    expect(dataset).toMatchObject({
      task: 'classification',
      inputShape: [2],
      targetSize: 3,
      time: { kind: 'sequences', steps: 3, targets: 'last' },
    });
    expect(dataset.train).toMatchObject({ count: 2, steps: 3, lengths: Int32Array.of(3, 1) });
    expect(amountOf(dataset.train, dataset)).toBe('2 sequences of up to 3 steps × 2 values');
  });

  test('holds targets at all steps, or where a mask is 1, which ends with the sequence', () => {
    const perStep = {
      ...SEQUENCES,
      y_train: [new Float32Array(6), 2, 3, 1],
      y_test: [new Float32Array(3), 1, 3, 1],
    } satisfies Arrays;
    expect(npz(perStep, 'sequences')).toMatchObject({ targetSize: 1, time: { targets: 'all' } });
    const masked = npz(
      {
        ...perStep,
        lengths_train: [Int32Array.of(3, 2), 2],
        mask_train: [Uint8Array.of(0, 1, 1, 0, 1, 1), 2, 3],
        mask_test: [Uint8Array.of(0, 0, 1), 1, 3],
      },
      'sequences',
    );
    expect(masked.time?.targets).toBe('masked');
    expect(masked.train.mask).toEqual(Uint8Array.of(0, 1, 1, 0, 1, 0));
  });

  test('holds further targets by name', () => {
    const dataset = npz({
      x_train: [new Float32Array(4), 2, 2],
      y_train: [Uint8Array.of(0, 1), 2],
      y_train_angle: [Float32Array.of(0.5, 1, 1.5, 2), 2, 2],
      x_test: [new Float32Array(2), 1, 2],
      y_test: [Uint8Array.of(1), 1],
      y_test_angle: [Float32Array.of(3, 4), 1, 2],
    });
    expect(dataset.named).toEqual({ angle: { task: 'regression', size: 2 } });
    expect(dataset.train.named).toEqual({ angle: Float32Array.of(0.5, 1, 1.5, 2) });
  });

  test('holds a stream, whose end is for testing', () => {
    const dataset = npz(
      {
        x_train: [Float32Array.from({ length: 10 }, (_, step) => step), 10],
        y_train: [new Float32Array(10), 10],
      },
      'stream',
    );
    expect(dataset.time).toEqual({ kind: 'stream', steps: 8, targets: 'all' });
    expect([...dataset.train.inputs]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...dataset.test.inputs]).toEqual([8, 9]);
    expect(amountOf(dataset.test, dataset)).toBe('2 steps × 1 value');
  });

  test.each<[string, Arrays, 'sequences' | 'stream' | undefined, string]>([
    [
      'lengths beyond the data',
      { ...SEQUENCES, lengths_train: [Int32Array.of(3, 4), 2] },
      'sequences',
      'own.npz: lengths_train: sequence 1 (counted from 0) is 4 steps long, but the data hold 3 steps of it. Correct the length, or give more steps.',
    ],
    [
      'a sequence without steps',
      { ...SEQUENCES, lengths_train: [Int32Array.of(0, 3), 2] },
      'sequences',
      'own.npz: lengths_train: sequence 0 (counted from 0) has 0 steps: every sequence needs at least one. Remove it.',
    ],
    [
      'lengths of another number of sequences',
      { ...SEQUENCES, lengths_train: [Int32Array.of(3), 1] },
      'sequences',
      'own.npz: lengths_train holds 1 lengths, but there are 2 sequences. Give one length for each sequence.',
    ],
    [
      'a mask without a single target',
      { ...SEQUENCES, y_train: [new Uint8Array(6), 2, 3], mask_train: [new Uint8Array(6), 2, 3] },
      'sequences',
      'own.npz: mask_train names no step at which a target is due, so there is nothing to learn. Set the steps with a target to 1.',
    ],
    [
      'a mask of another shape',
      { ...SEQUENCES, mask_train: [Uint8Array.of(1, 1), 2] },
      'sequences',
      'own.npz: mask_train holds 2 values, but 2 × 3 steps need 6. Give 1 or 0 for every step of every sequence.',
    ],
    [
      'a mask of other values',
      { ...SEQUENCES, mask_train: [Uint8Array.of(0, 1, 2, 0, 0, 0), 2, 3] },
      'sequences',
      'own.npz: mask_train: value 2 is 2, but a mask holds 1 where a target is due and 0 elsewhere.',
    ],
    [
      'targets of another number of steps',
      { ...SEQUENCES, y_train: [new Uint8Array(8), 2, 4] },
      'sequences',
      'own.npz: y_train has the shape (2, 4), but own.npz: x_train has 2 sequences of 3 steps. Give (2) for a target at the last step, or (2, 3) for one at each step.',
    ],
    [
      'no axis of steps',
      { ...SEQUENCES, x_train: [new Float32Array(2), 2] },
      'sequences',
      'own.npz: x_train has the shape (2), but sequences need (count, steps, …). Add the axis of steps, or leave task.time.kind out.',
    ],
    [
      'a stream with another number of targets',
      { x_train: [new Float32Array(10), 10], y_train: [new Float32Array(9), 9] },
      'stream',
      'own.npz: y_train holds 9 targets, but the series of own.npz: x_train has 10 steps. Give one target for each step.',
    ],
    [
      'lengths without a time axis',
      { ...SEQUENCES, lengths_train: [Int32Array.of(3, 3), 2] },
      undefined,
      'own.npz: lengths_train applies to sequences. Set task.time.kind, or leave the array out.',
    ],
    [
      'a named target of the training examples alone',
      { ...SEQUENCES, y_train_other: [new Float32Array(2), 2] },
      'sequences',
      'own.npz has y_train_other but not y_test_other. Save both, or neither.',
    ],
  ])('answers %s readably', (_, arrays, time, message) => {
    expect(() => npz(arrays, time)).toThrow(message);
  });
});

test('a CSV table as a stream keeps its order, and its end is for testing', () => {
  const rows = Array.from({ length: 10 }, (_, step) => `${step},${step + 1}`).join('\n');
  const table = { name: 'series.csv', bytes: new TextEncoder().encode(`${rows}\n`) };
  const options = { isStream: true, task: 'regression' } as const;
  const dataset = csvDataset('series', table, undefined, options, new Sequence(stream(0, 'dataset')));
  expect(dataset.time).toEqual({ kind: 'stream', steps: 8, targets: 'all' });
  expect([...dataset.train.inputs]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect([...dataset.test.targets]).toEqual([9, 10]);
});
