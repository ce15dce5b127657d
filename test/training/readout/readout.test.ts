import { describe, expect, test } from 'vitest';
import { train } from '../../../src/entries/index.ts';
import type { TrainOptions } from '../../../src/entries/index.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import hebbian from '../../../examples/readout/hebbian.ts';

/*
 * Readouts of whole runs: what they find, and that they change nothing.
 */

const digits: TrainOptions = {
  dataset: 'mnist',
  task: { trainExamples: 1500, validation: 0.01 },
  network: { hidden: [200] },
  objective: 'none',
  epochs: 1,
  probe: { every: 0 },
  backend: 'wasm',
  threads: 1,
};

/** A rule that changes nothing, so that features stay random. */
const still = { ...hebbian, id: 'still', learn: () => undefined } as NonNullable<TrainOptions['rule']>;

describe('readouts of random features', () => {
  test.each(['ridge', 'softmax', 'nearest-neighbours'] as const)('%s learns digits', async (kind) => {
    const result = await train({ ...digits, rule: still, readout: { kind } });
    expect(result.metrics).toMatchObject({ train: null, test: null });
    expect(result.metrics.readout?.validation?.count).toBe(600);
    expect(result.metrics.readout?.test).toMatchObject({ count: 10_000 });
    // Chance is 90 %.
    expect(result.metrics.readout?.test?.error).toBeLessThan(0.2);
    result.dispose();
  });
});

describe('a readout of the input', () => {
  test('is a linear classifier', async () => {
    const readout = {
      kind: 'softmax' as const,
      areas: ['input'],
      normalise: 'none' as const,
      regularisation: 0,
    };
    const own = await train({ ...digits, rule: still, readout: { ...readout, epochs: 40 } });
    const classifier = await train({
      ...digits,
      objective: 'cross-entropy',
      network: { hidden: [] },
      epochs: 40,
      optimiser: { kind: 'adam', rate: { kind: 'cosine', value: 0.01 } },
    });
    const [found, expected] = [own.metrics.readout?.test, classifier.metrics.test];
    expect(found?.error).toBeCloseTo(expected?.error ?? NaN, 1.5);
    expect(found?.loss).toBeCloseTo(expected?.loss ?? NaN, 0.5);
    own.dispose();
    classifier.dispose();
  });
});

const rings: TrainOptions = {
  dataset: 'rings',
  network: { hidden: [8, 6], dropout: 0.2 },
  epochs: 3,
  backend: 'wasm',
  threads: 1,
};

/** Activations of rules whose units are bounded. */
const ACTIVATIONS: Readonly<Record<string, 'hard-sigmoid' | 'logistic'>> = {
  'equilibrium-propagation': 'hard-sigmoid',
  reinforce: 'logistic',
  'wake-sleep': 'logistic',
};

describe('a readout changes nothing', () => {
  const weightsOf = async (options: TrainOptions) => {
    const result = await train(options);
    const tensors = [...result.learner.tensors()].map(([name, tensor]) => [name, tensor.toArray()]);
    const records = result.records.map((record) => ({ ...record, trainedSeconds: 0, readout: undefined }));
    const scores = result.records.flatMap((record) => ('readout' in record ? [record.readout] : []));
    result.dispose();
    return { tensors, records, scores };
  };

  test.each([
    'backprop',
    'kolen-pollack',
    'weight-mirror',
    'equilibrium-propagation',
    'reinforce',
    'wake-sleep',
  ] as const)('of %s, to the bit', async (rule) => {
    const network = ACTIVATIONS[rule] ? { hidden: [8, 6], activation: ACTIVATIONS[rule] } : rings.network;
    const options: TrainOptions = { ...rings, rule, network };
    const without = await weightsOf(options);
    for (const kind of ['ridge', 'softmax', 'nearest-neighbours'] as const) {
      const { tensors, records, scores } = await weightsOf({ ...options, readout: { kind, examples: 300 } });
      expect(tensors).toEqual(without.tensors);
      expect(records).toEqual(without.records.map((record) => ({ ...record, readout: undefined })));
      expect(scores).toHaveLength(3);
    }
  });

  test('and is the same again, at the epochs that are asked for and the last', async () => {
    const options = { ...rings, readout: { kind: 'softmax', examples: 300, every: 2 } } as const;
    const [first, second] = [await weightsOf(options), await weightsOf(options)];
    expect(first.scores).toHaveLength(2);
    expect(second.scores).toEqual(first.scores);
  });
});

test('ridge reads target values, with the normalised error', async () => {
  const result = await train({
    dataset: 'linear-teacher',
    network: { hidden: [20] },
    epochs: 1,
    readout: { areas: ['input'], regularisation: 0 },
    backend: 'wasm',
  });
  // The teacher is linear.
  expect(result.metrics.readout?.test).toMatchObject({ errors: 0, count: 1000 });
  expect(result.metrics.readout?.test?.error).toBeLessThan(1e-6);
  result.dispose();
});

describe('examples without targets', () => {
  const draws = new Sequence(stream(1, 'unlabelled'));
  const inputs = Array.from({ length: 60 }, () => {
    const along = draws.normal();
    return [along + 0.1 * draws.normal(), along + 0.1 * draws.normal(), 0.1 * draws.normal()];
  });
  const options: TrainOptions = {
    dataset: { inputs, test: { inputs: inputs.slice(0, 20) } },
    rule: hebbian,
    network: { hidden: [1], activation: 'linear' },
    optimiser: { rate: 0.02 },
    batch: 20,
    epochs: 30,
    backend: 'wasm',
  };

  test('train a rule that needs none, whose records are its measures alone', async () => {
    const result = await train(options);
    expect(result.data).toMatchObject({ task: 'none', targetSize: 0 });
    expect(result.network.areas.map(({ id }) => id)).toEqual(['input', 'hidden1']);
    // One direction holds nearly all of the power.
    expect(result.metrics.named['explained']).toBeGreaterThan(0.95);
    expect(result.metrics).toMatchObject({ train: null, test: null });
    expect(JSON.stringify(result.records)).not.toMatch(/"(loss|error)"|NaN/);
    for (const record of result.records) expect(record).not.toHaveProperty('train');
    expect(await result.evaluate({ inputs })).toEqual({
      count: 60,
      metrics: { explained: expect.closeTo(0.97, 1) as number },
    });
    expect(result.predict([[1, 1, 0]])).toMatchObject({ width: 1, classes: undefined });
    result.dispose();
  });

  test.each<[string, TrainOptions, string]>([
    [
      'an objective',
      { objective: 'cross-entropy', rule: 'backprop' },
      'The objective "cross-entropy" of area "output" compares it with targets, but Own arrays has none. Give labels or targets',
    ],
    [
      'a rule that learns from errors',
      { rule: 'backprop' },
      'Rule "backprop" changes nothing in a network without an objective. Set objective',
    ],
    ['a readout', { readout: {} }, 'readout: Own arrays has no targets for a readout to learn'],
  ])('are refused with %s', async (_, further, message) => {
    await expect(train({ ...options, ...further })).rejects.toThrow(message);
  });
});

describe('a readout is refused', () => {
  test.each<[string, TrainOptions, string]>([
    [
      'with an unknown area',
      { readout: { areas: ['hiden1'] } },
      'readout.areas: the network has no area "hiden1". Did you mean "hidden1"?',
    ],
    [
      'with too many neighbours',
      { readout: { kind: 'nearest-neighbours', neighbours: 30, examples: 20 } },
      'readout.neighbours is 30, but the readout learns from only 20 training examples',
    ],
    [
      'of classes from values',
      { dataset: 'linear-teacher', readout: { kind: 'softmax' } },
      'readout.kind is "softmax", which needs class labels, but',
    ],
    [
      'beside an environment',
      { dataset: undefined, task: { environment: 'cart-pole' }, readout: {} },
      'readout: has no place beside task.environment',
    ],
  ])('%s', async (_, further, message) => {
    await expect(train({ ...rings, network: { hidden: [8] }, ...further })).rejects.toThrow(message);
  });
});
