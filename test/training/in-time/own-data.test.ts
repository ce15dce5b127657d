import { describe, expect, test } from 'vitest';
import { isContentsId, ownDataset } from '../../../src/training/own/own-data.ts';
import type { OwnData } from '../../../src/training/own/own-data.ts';

describe('own sequences', () => {
  test('of any lengths are padded, with a label each', () => {
    const { id, time, train, inputShape } = ownDataset({
      inputs: [
        [[1, 2]],
        [
          [3, 4],
          [5, 6],
          [7, 8],
        ],
      ],
      labels: [1, 0],
      time: {},
    });
    expect(time).toEqual({ kind: 'sequences', steps: 3, targets: 'last' });
    expect(inputShape).toEqual([2]);
    expect([...train.inputs]).toEqual([1, 2, 0, 0, 0, 0, 3, 4, 5, 6, 7, 8]);
    expect(train).toMatchObject({ count: 2, steps: 3, lengths: Int32Array.of(1, 3) });
    expect(isContentsId(id)).toBe(true);
  });

  test('of single values need no inner brackets', () => {
    const { train, inputShape } = ownDataset({
      inputs: [
        [1, 2, 3],
        [4, 5],
      ],
      labels: [0, 1],
      time: {},
    });
    expect(inputShape).toEqual([1]);
    expect([...train.inputs]).toEqual([1, 2, 3, 4, 5, 0]);
    expect(train.lengths).toEqual(Int32Array.of(3, 2));
  });

  test('may be flat with the number of steps, as NumPy arrays are', () => {
    const inputs = Float32Array.from({ length: 12 }, (_, index) => index);
    const flat = ownDataset({ inputs, labels: [0, 1], time: { steps: 3, lengths: [3, 2] } });
    expect(flat.inputShape).toEqual([2]);
    expect(flat.train).toMatchObject({ count: 2, steps: 3, inputs, lengths: Int32Array.of(3, 2) });
  });

  test('have a target at each step, or where a mask is 1', () => {
    const inputs = [
      [1, 2],
      [3, 4],
    ];
    expect(
      ownDataset({
        inputs,
        labels: [
          [0, 1],
          [1, 2],
        ],
        time: {},
      }),
    ).toMatchObject({
      targetSize: 3,
      time: { targets: 'all' },
      train: { targets: Uint8Array.of(0, 1, 1, 2) },
    });
    expect(
      ownDataset({
        inputs,
        targets: [
          [[1], [2]],
          [[3], [4]],
        ],
        time: {},
      }),
    ).toMatchObject({
      targetSize: 1,
      time: { targets: 'all' },
    });
    expect(
      ownDataset({
        inputs,
        targets: [
          [1, 2],
          [3, 4],
        ],
        time: { targets: 'all' },
      }),
    ).toMatchObject({
      targetSize: 1,
      time: { targets: 'all' },
    });
    expect(
      ownDataset({
        inputs,
        targets: [
          [1, 2],
          [3, 4],
        ],
        time: {},
      }),
    ).toMatchObject({
      targetSize: 2,
      time: { targets: 'last' },
    });
    const mask = [
      [false, true],
      [true, true],
    ];
    expect(
      ownDataset({
        inputs,
        targets: [
          [1, 2],
          [3, 4],
        ],
        time: { mask },
      }),
    ).toMatchObject({
      targetSize: 1,
      time: { targets: 'masked' },
      train: { mask: Uint8Array.of(0, 1, 1, 1) },
    });
  });

  test('differ in id by their lengths and masks', () => {
    const inputs = [
      [1, 2],
      [3, 4],
    ];
    const id = (time: OwnData['time']) =>
      ownDataset({
        inputs,
        labels: [
          [0, 1],
          [1, 0],
        ],
        ...(time ? { time } : {}),
      }).id;
    const ids = [
      id({}),
      id({ lengths: [1, 2] }),
      id({
        mask: [
          [1, 0],
          [1, 1],
        ],
      }),
      id({
        mask: [
          [1, 1],
          [1, 1],
        ],
      }),
    ];
    expect(new Set(ids).size).toBe(4);
  });
});

test('an own stream has a row per step', () => {
  const dataset = ownDataset({
    inputs: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    targets: [1, 2, 3],
    time: { kind: 'stream' },
    test: { inputs: [[7, 8]], targets: [4] },
  });
  expect(dataset.time).toEqual({ kind: 'stream', steps: 3, targets: 'all' });
  expect(dataset.train).toMatchObject({ count: 1, steps: 3 });
  expect(dataset.test).toMatchObject({ count: 1, steps: 1, targets: Float32Array.of(4) });
});

test('several targets have names, the main one beside them', () => {
  const dataset = ownDataset({
    inputs: [[1], [2]],
    labels: [0, 1],
    targets: {
      angle: [
        [1, 2],
        [3, 4],
      ],
      shape: { labels: [2, 0] },
    },
  });
  expect(dataset).toMatchObject({
    task: 'classification',
    named: { angle: { task: 'regression', size: 2 }, shape: { task: 'classification', size: 3 } },
  });
  expect(dataset.train.named).toEqual({ angle: Float32Array.of(1, 2, 3, 4), shape: Uint8Array.of(2, 0) });
  const main = ownDataset({ inputs: [[1], [2]], targets: { target: [5, 6], other: [7, 8] } });
  expect(main).toMatchObject({ task: 'regression', train: { targets: Float32Array.of(5, 6) } });
});

test.each<[string, OwnData, string]>([
  [
    'lengths beyond the data',
    {
      inputs: [
        [1, 2],
        [3, 4],
      ],
      labels: [0, 1],
      time: { lengths: [2, 5] },
    },
    'dataset.time.lengths: sequence 1 (counted from 0) is 5 steps long, but the data hold 2 steps of it. Correct the length, or give more steps.',
  ],
  [
    'an empty sequence',
    { inputs: [[1, 2], []], labels: [0, 1], time: {} },
    'dataset.inputs[1] has 0 steps: every sequence needs at least one. Remove it.',
  ],
  [
    'a mask without a single target',
    { inputs: [[1, 2]], labels: [[0, 1]], time: { mask: [[0, 0]] } },
    'dataset.time.mask names no step at which a target is due, so there is nothing to learn. Set the steps with a target to 1.',
  ],
  [
    'a mask of another shape',
    { inputs: [[1, 2]], labels: [[0, 1]], time: { mask: [1, 1, 1] } },
    'dataset.time.mask holds 3 values, but 1 × 2 steps need 2. Give 1 or 0 for every step of every sequence.',
  ],
  [
    'a stream with labels of another length',
    { inputs: [[1], [2], [3]], labels: [0, 1], time: { kind: 'stream' } },
    'dataset.labels holds 2 labels, but dataset.inputs holds 3 steps. Give one label for each step.',
  ],
  [
    'labels for another number of sequences',
    {
      inputs: [
        [1, 2],
        [3, 4],
      ],
      labels: [0, 1, 1],
      time: {},
    },
    'dataset.labels holds 3 labels, but there are 2 sequences. Give one for each sequence, or one for each step.',
  ],
  [
    'flat inputs without steps',
    { inputs: [1, 2, 3, 4], labels: [0, 1], time: {} },
    'dataset.inputs is flat, so that the end of a sequence is unknown. Nest it as [sequence][step][value], or set time.steps.',
  ],
  [
    'more steps than stated',
    { inputs: [[1, 2, 3]], labels: [0], time: { steps: 2 }, shape: [1] },
    'dataset.inputs[0] has 3 steps, but time.steps is 2. Raise time.steps, or shorten the sequence.',
  ],
  [
    'an unknown key of time',
    { inputs: [[1]], labels: [0], time: { length: [1] } as OwnData['time'] & object },
    'dataset.time has no key "length".',
  ],
  [
    'named targets without a main one',
    { inputs: [[1]], targets: { other: [1] } },
    'dataset has targets, of which none is called "target", and no labels: give labels (classes) or targets (values), one for each example.',
  ],
  [
    'a named target of another length',
    { inputs: [[1], [2]], labels: [0, 1], targets: { shape: { labels: [1] } } },
    'dataset.targets.shape.labels holds 1 labels, but dataset.inputs holds 2 examples. Give one label for each example.',
  ],
])('answers %s readably', (_, data, message) => {
  expect(() => ownDataset(data)).toThrow(message);
});
