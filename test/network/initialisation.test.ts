import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { Network, stack } from '../../src/network/index.ts';
import type { Initialisation, NetworkSpecification } from '../../src/network/index.ts';
import { ACTIVATIONS } from '../../src/tensor/index.ts';
import type { ActivationReference, Compute } from '../../src/tensor/index.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const twoAreas = (
  shape: readonly [number, number],
  change: { activation?: ActivationReference; initialisation?: Initialisation; density?: number } = {},
): NetworkSpecification => {
  const { activation = 'linear', ...projection } = change;
  return {
    areas: [
      { id: 'a', shape: [shape[0]] },
      { id: 'b', shape: [shape[1]], activation },
    ],
    projections: [{ from: 'a', to: 'b', ...projection }],
    input: 'a',
    objectives: [],
  };
};

const weightsOf = (specification: NetworkSpecification, id: string, seed = 1): number[] => {
  const network = new Network(compute, specification, seed);
  const values = network.projection(id).weights.toArray();
  network.dispose();
  return values;
};

const N = 120;
const M = 80;
const first = (change: Parameters<typeof twoAreas>[1], seed = 1) =>
  weightsOf(twoAreas([N, M], change), 'a→b', seed);

/** Returns the largest magnitude, the mean and the variance. */
const summary = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0), mean, variance };
};

const expectUniform = (values: readonly number[], bound: number) => {
  const { largest, mean, variance } = summary(values);
  expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
  expect(largest).toBeGreaterThan(0.99 * bound);
  expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * values.length));
  expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / values.length));
};

const expectNormal = (values: readonly number[], deviation: number) => {
  const { mean, variance } = summary(values);
  expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(values.length));
  expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
};

describe('initial weights', () => {
  test('uniform: within ±scale, or ±1/√n', () => {
    expectUniform(first({ initialisation: { kind: 'uniform', scale: 0.3 } }), 0.3);
    expectUniform(first({ initialisation: { kind: 'uniform' } }), 1 / Math.sqrt(N));
  });

  test('normal: with the given standard deviation', () => {
    expectNormal(first({ initialisation: { kind: 'normal', scale: 0.05 } }), 0.05);
  });

  test('Glorot: U(±√(6/(n+m))), four times that for logistic units', () => {
    const bound = Math.sqrt(6 / (N + M));
    expectUniform(first({ initialisation: { kind: 'glorot' }, activation: 'tanh' }), bound);
    expectUniform(first({ initialisation: { kind: 'glorot' }, activation: 'logistic' }), 4 * bound);
    expectUniform(first({ initialisation: { kind: 'glorot', scale: 0.5 } }), bound / 2);
  });

  test('He: N(0, 2/n)', () => {
    expectNormal(first({ initialisation: { kind: 'he' }, activation: 'relu' }), Math.sqrt(2 / N));
  });

  test('default: He for rectifying activations, Glorot for the others', () => {
    for (const activation of ACTIVATIONS) {
      const kind = activation === 'relu' || activation === 'softplus' ? 'he' : 'glorot';
      expect(first({ activation })).toEqual(first({ activation, initialisation: { kind } }));
    }
  });

  test('zero: all 0', () => {
    expect(first({ initialisation: { kind: 'zero' } }).every((value) => value === 0)).toBe(true);
  });

  test('sparse: scaled by the fan-in of the synapses that exist', () => {
    const density = 0.25;
    const values = first({ initialisation: { kind: 'he' }, density }).filter((value) => value !== 0);
    expectNormal(values, Math.sqrt(2 / (N * density)));
  });

  test.each([
    [30, 30],
    [17, 40],
    [40, 17],
    [1, 8],
  ] as const)('orthogonal: the shorter side of (%i, %i) is orthonormal, times the scale', (rows, columns) => {
    const scale = 1.5;
    const initialisation: Initialisation = { kind: 'orthogonal', scale };
    const values = weightsOf(twoAreas([rows, columns], { initialisation }), 'a→b');
    const byRow = rows <= columns;
    const vectors = Array.from({ length: Math.min(rows, columns) }, (_, v) =>
      Array.from(
        { length: Math.max(rows, columns) },
        (_, i) => values[byRow ? v * columns + i : i * columns + v] as number,
      ),
    );
    for (const [i, u] of vectors.entries()) {
      for (const [j, v] of vectors.entries()) {
        const dot = u.reduce((sum, value, k) => sum + value * (v[k] as number), 0);
        expect(dot).toBeCloseTo(i === j ? scale ** 2 : 0, 10);
      }
    }
  });
});

describe('initial weights depend on the seed and the id of the projection alone', () => {
  const base = stack({ layers: [10, 8, 6, 4], activation: 'tanh', objective: 'squared-error', density: 0.7 });
  const all = (specification: NetworkSpecification, seed: number) =>
    Object.fromEntries(
      specification.projections.map(({ from, to }) => [
        `${from}→${to}`,
        weightsOf(specification, `${from}→${to}`, seed),
      ]),
    );

  test('the same seed gives the same weights; another seed gives other weights and another mask', () => {
    expect(all(base, 5)).toEqual(all(base, 5));
    const other = all(base, 6);
    for (const [id, values] of Object.entries(all(base, 5))) {
      expect(other[id]).not.toEqual(values);
      expect(other[id]?.map((value) => value === 0)).not.toEqual(values.map((value) => value === 0));
    }
  });

  test('feedback, a skip connection and another order of projections change no forward weight', () => {
    const grown: NetworkSpecification = {
      ...base,
      projections: [
        { from: 'input', to: 'output' },
        { from: 'output', to: 'hidden2', kind: 'feedback', answers: 'hidden2→output' },
        ...[...base.projections].reverse(),
      ],
    };
    for (const [id, values] of Object.entries(all(base, 5))) expect(weightsOf(grown, id, 5)).toEqual(values);
  });

  test('projections of the same shape differ, and feedback is not the transpose', () => {
    const specification: NetworkSpecification = {
      areas: ['a', 'b', 'c'].map((id) => ({ id, shape: [6] })),
      projections: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
        { from: 'c', to: 'b', kind: 'feedback', answers: 'b→c' },
      ],
      input: 'a',
      objectives: [],
    };
    const rows = ['a→b', 'b→c', 'feedback:c→b'].map((id) => weightsOf(specification, id));
    for (const [i, values] of rows.entries()) {
      for (const other of rows.slice(i + 1)) {
        expect(values.filter((value) => other.includes(value))).toEqual([]);
      }
    }
  });

  test('feedback has the distribution of the forward projection that it answers', () => {
    const specification: NetworkSpecification = {
      areas: [
        { id: 'a', shape: [N] },
        { id: 'b', shape: [M], activation: 'relu' },
      ],
      projections: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a', kind: 'feedback', answers: 'a→b' },
      ],
      input: 'a',
      objectives: [],
    };
    expectNormal(weightsOf(specification, 'feedback:b→a'), Math.sqrt(2 / N));
  });
});

describe('a masked projection', () => {
  test.each([0.1, 0.5, 0.9])('of density %f has that share of synapses and no other weights', (density) => {
    const network = new Network(compute, twoAreas([N, M], { density }), 3);
    const { weights, mask } = network.projection('a→b');
    const exists = mask?.toArray() ?? [];
    expect(exists.every((value) => value === 0 || value === 1)).toBe(true);
    const share = exists.reduce((sum, value) => sum + value, 0) / (N * M);
    expect(Math.abs(share - density)).toBeLessThan(5 * Math.sqrt((density * (1 - density)) / (N * M)));
    expect(weights.toArray().map((value) => Number(value !== 0))).toEqual(exists);
    network.dispose();
  });

  test('of density 1 has no mask', () => {
    const network = new Network(compute, twoAreas([3, 3], { density: 1 }), 3);
    expect(network.projection('a→b').mask).toBeUndefined();
    network.dispose();
  });
});

test('uniform and normal draws have a mean, and other kinds refuse one', () => {
  const around = (kind: 'uniform' | 'normal', mean?: number) =>
    first({ initialisation: { kind, scale: 0.2, ...(mean === undefined ? {} : { mean }) } });
  for (const kind of ['uniform', 'normal'] as const) {
    expect(around(kind, 0)).toEqual(around(kind));
    for (const [index, value] of around(kind, 1).entries()) {
      expect(value).toBeCloseTo(1 + (around(kind)[index] as number), 6);
      if (index === 20) break;
    }
  }
  expect(() => first({ initialisation: { kind: 'he', mean: 1 } })).toThrow(
    /only uniform and normal draws have one/,
  );
});
