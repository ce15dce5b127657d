import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import type { Dataset, Split } from '../../../src/datasets/index.ts';
import type { Batch } from '../../../src/learning/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { Examples } from '../../../src/training/examples.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

/** Three sequences of up to four steps with two values: value v of step t of sequence e is 100 e + 10 t + v. */
const inputs = Float32Array.from(
  { length: 24 },
  (_, index) => 100 * Math.floor(index / 8) + 10 * (Math.floor(index / 2) % 4) + (index % 2),
);
const lengths = Int32Array.of(4, 2, 3);
const about = {
  ...{ id: 'own', title: 'Own', inputShape: [2], inputScale: 1, verified: true, source: 'test' },
  time: { kind: 'sequences', steps: 4, targets: 'last' },
} as const;
const none: Split = { count: 0, steps: 4, inputs: new Float32Array(0), targets: new Uint8Array(0) };

const gathered = (
  dataset: Omit<Dataset, 'test'>,
  indices: readonly number[],
  window?: { first: number; steps: number; continues: boolean },
) => {
  const examples = new Examples(compute, { ...dataset, test: none });
  const values = compute.scope(() => {
    const tensor = compute.temporary([indices.length], 'i32').set(indices);
    return plain(examples.train.gather(tensor, window));
  });
  examples.dispose();
  return values;
};

const plain = ({ inputs: x, targets, time, named, nameOf }: Batch) => ({
  inputs: x.toArray(),
  targets: targets?.toArray(),
  named: named && Object.fromEntries(Object.entries(named).map(([name, tensor]) => [name, tensor.toArray()])),
  present: time?.present?.toArray(),
  due: time?.due?.toArray(),
  count: time?.count,
  name: nameOf?.(1),
});

test('sequences are gathered step by step, with their label at the last', () => {
  const dataset = {
    ...about,
    task: 'classification',
    targetSize: 3,
    named: { place: { task: 'regression', size: 1 } },
    train: {
      ...{ count: 3, steps: 4, inputs, lengths, targets: Uint8Array.of(2, 0, 1) },
      named: { place: Float32Array.of(5, 6, 7) },
    },
  } as const;
  expect(gathered(dataset, [2, 1])).toEqual({
    inputs: [200, 201, 100, 101, 210, 211, 110, 111, 220, 221, 120, 121, 230, 231, 130, 131],
    targets: [1, 0, 1, 0, 1, 0, 1, 0],
    named: { place: [7, 6, 7, 6, 7, 6, 7, 6] },
    present: [1, 1, 1, 1, 1, 0, 0, 0],
    due: [0, 0, 0, 1, 1, 0, 0, 0],
    count: 2,
    name: 'training sequence 1 (counted from 0)',
  });
  // The second window has the end of sequence 2 alone.
  expect(gathered(dataset, [2, 1], { first: 2, steps: 2, continues: true })).toMatchObject({
    inputs: [220, 221, 120, 121, 230, 231, 130, 131],
    present: [1, 0, 0, 0],
    due: [1, 0, 0, 0],
    count: 1,
  });
  expect(gathered(dataset, [0], { first: 0, steps: 2, continues: false })).toMatchObject({
    present: undefined,
    due: [0, 0],
    count: 0,
  });
});

test('targets at all steps are due within the sequence', () => {
  const dataset = {
    ...about,
    task: 'regression',
    targetSize: 1,
    time: { ...about.time, targets: 'all' },
    train: { count: 3, steps: 4, inputs, targets: Float32Array.from({ length: 12 }, (_, index) => index) },
  } as const;
  expect(gathered(dataset, [0, 2])).toMatchObject({
    targets: [0, 8, 1, 9, 2, 10, 3, 11],
    present: undefined,
    due: undefined,
    count: 8,
  });
  const train = { ...dataset.train, lengths };
  expect(gathered({ ...dataset, train }, [0, 1])).toMatchObject({
    present: [1, 1, 1, 1, 1, 0, 1, 0],
    due: [1, 1, 1, 1, 1, 0, 1, 0],
    count: 6,
  });
});

test('a mask says where targets are due, and a washout where they are not', () => {
  const mask = Uint8Array.of(0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0);
  const dataset = {
    ...about,
    task: 'regression',
    targetSize: 1,
    time: { ...about.time, targets: 'masked' },
    train: { count: 3, steps: 4, inputs, lengths, mask, targets: new Float32Array(12) },
  } as const;
  expect(gathered(dataset, [0, 1])).toMatchObject({ due: [0, 1, 1, 0, 0, 0, 1, 0], count: 3 });

  const time = { kind: 'stream', steps: 12, targets: 'all' } as const;
  const train = {
    count: 1,
    steps: 12,
    inputs,
    targets: Float32Array.from({ length: 12 }, (_, step) => step),
  };
  const series = new Examples(compute, {
    ...dataset,
    time,
    train,
    test: { ...none, steps: 0, targets: new Float32Array(0) },
  });
  const window = { first: 1, steps: 2, continues: true };
  expect(compute.scope(() => plain(series.train.gatherStreams([0, 6], window, 2)))).toMatchObject({
    inputs: [10, 11, 130, 131, 20, 21, 200, 201],
    targets: [1, 7, 2, 8],
    due: [0, 0, 1, 1],
    count: 2,
  });
  series.dispose();
});
