import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blasBackend } from '../../src/backends/blas/index.ts';
import { openBackend, provideBlas } from '../../src/backends/open.ts';
import { materialise, Network, Optimiser } from '../../src/network/index.ts';
import type { OptimiserSpecification, Parameter, Term } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { at, gradientOf, map, PlainOptimiser } from './plain-optimiser.ts';
import type { Matrix, PlainTerm } from './plain-optimiser.ts';

provideBlas(blasBackend);

const KINDS = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const;
const BACKENDS = ['reference', 'wasm', 'blas'] as const;

const plain: OptimiserSpecification = {
  kind: 'sgd',
  rate: 0.05,
  momentum: 0.8,
  meanSquareDecay: 0.9,
  epsilon: 1e-3,
  decay: 0,
  maximumNorm: 0,
};

const computes = new Map<string, Compute>();
beforeAll(async () => {
  for (const backend of BACKENDS) computes.set(backend, await openBackend({ backend }));
});
afterAll(() => {
  for (const compute of computes.values()) compute.dispose();
});
const on = (backend: (typeof BACKENDS)[number]): Compute => {
  const compute = computes.get(backend);
  if (!compute) throw new Error(`${backend} is not open.`);
  return compute;
};

/** A projection (n, m) with an optimiser, driven by plain terms. */
class Synapses {
  readonly compute: Compute;
  readonly network: Network;
  readonly parameter: Parameter;
  readonly optimiser: Optimiser;
  #updates = 0;

  constructor(
    compute: Compute,
    specification: OptimiserSpecification,
    shape: readonly [number, number],
    density = 1,
  ) {
    this.compute = compute;
    this.network = new Network(
      compute,
      {
        areas: [
          { id: 'a', shape: [shape[0]] },
          { id: 'b', shape: [shape[1]] },
        ],
        projections: [{ from: 'a', to: 'b', density }],
        input: 'a',
        objectives: [],
      },
      4,
    );
    this.parameter = this.network.projection('a→b');
    this.optimiser = new Optimiser(compute, this.network.parameters, () => specification, 10);
  }

  get weights(): Matrix {
    return this.#matrix(this.parameter.values.toArray());
  }

  get mask(): Matrix {
    return this.#matrix(this.parameter.mask?.toArray() ?? this.parameter.values.toArray().map(() => 1));
  }

  update(terms: readonly PlainTerm[], parameter = this.parameter): void {
    this.#updates += 1;
    this.compute.scope(() =>
      this.optimiser.apply(
        parameter,
        terms.map((term) => this.term(term)),
        this.#updates,
        0,
      ),
    );
  }

  /** Within a scope. */
  term(term: PlainTerm): Term {
    const tensor = (matrix: Matrix) =>
      this.compute.temporary([matrix.length, matrix[0]?.length ?? 0]).set(matrix.flat());
    const { kind, factor } = term;
    switch (kind) {
      case 'outer':
        return { kind, factor, pre: tensor(term.pre), post: tensor(term.post) };
      case 'direction':
        return { kind, factor, direction: tensor(term.direction) };
      case 'weight-decay':
        return { kind, factor, perUnit: tensor([term.perUnit]).reshape([term.perUnit.length]) };
      case 'mixing':
        return { kind, factor, mixing: tensor(term.mixing) };
    }
  }

  dispose(): void {
    this.optimiser.dispose();
    this.network.dispose();
  }

  #matrix(values: readonly number[]): Matrix {
    const { rows, columns } = this.parameter.values;
    return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
  }
}

const random = (draws: Sequence, rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => Math.fround(2 * draws.uniform() - 1)),
  );

const termOf = (
  kind: Term['kind'],
  draws: Sequence,
  [n, m]: readonly [number, number],
  batch: number,
): PlainTerm => {
  const factor = draws.uniform() * 2 - 0.5;
  switch (kind) {
    case 'outer':
      return { kind, factor, pre: random(draws, batch, n), post: random(draws, batch, m) };
    case 'direction':
      return { kind, factor, direction: random(draws, n, m) };
    case 'weight-decay':
      return { kind, factor, perUnit: random(draws, 1, m)[0] ?? [] };
    case 'mixing':
      return { kind, factor, mixing: random(draws, m, m) };
  }
};

const distance = (a: Matrix, b: Matrix): number =>
  Math.max(...map(a, (value, i, j) => Math.abs(value - at(b, i, j)) / (1 + Math.abs(at(b, i, j)))).flat());

const termKinds = fc.array(fc.constantFrom<Term['kind'][]>('outer', 'direction', 'weight-decay', 'mixing'), {
  minLength: 1,
  maxLength: 4,
});

interface Course {
  readonly kinds: readonly (readonly Term['kind'][])[];
  readonly shape: readonly [number, number];
  readonly batch: number;
  readonly density: number;
  readonly decay: number;
  readonly maximumNorm: number;
  readonly seed: number;
}

/** A course of five updates with any terms on any projection, beside the plain formulas. */
const course: fc.Arbitrary<Course> = fc.record({
  kinds: fc.array(termKinds, { minLength: 5, maxLength: 5 }),
  shape: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  batch: fc.constantFrom(1, 2, 5),
  density: fc.constantFrom(1, 0.6),
  decay: fc.constantFrom(0, 0.3),
  maximumNorm: fc.constantFrom(0, 0.7),
  seed: fc.nat({ max: 10_000 }),
});

function divergence(
  compute: Compute,
  kind: OptimiserSpecification['kind'],
  { kinds, shape, batch, density, decay, maximumNorm, seed }: Course,
): number {
  const specification = { ...plain, kind, decay, maximumNorm };
  const synapses = new Synapses(compute, specification, shape, density);
  const formula = new PlainOptimiser(specification, synapses.weights, synapses.mask);
  const draws = new Sequence(stream(seed, 'terms'));
  for (const its of kinds) {
    const terms = its.map((term) => termOf(term, draws, shape, batch));
    synapses.update(terms);
    formula.update(terms);
  }
  const worst = distance(synapses.weights, formula.weights);
  synapses.dispose();
  return worst;
}

describe('every kind of term, alone and combined, moves synapses by its formula', () => {
  test.each(KINDS)('%s, in f64', (kind) => {
    fc.assert(
      fc.property(course, (its) => {
        expect(divergence(on('reference'), kind, its)).toBeLessThan(1e-11);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  test.each(['wasm', 'blas'] as const)(
    '%s: ten updates of a sparse projection, every optimiser',
    (backend) => {
      for (const kind of KINDS) {
        for (const batch of [1, 6]) {
          for (const decay of [0, 0.2]) {
            const its: Course = {
              kinds: Array.from({ length: 10 }, (_, i): Term['kind'][] =>
                i % 3 === 0
                  ? ['outer', 'mixing']
                  : i % 3 === 1
                    ? ['outer']
                    : ['weight-decay', 'outer', 'direction'],
              ),
              shape: [13, 9],
              batch,
              density: 0.7,
              decay,
              maximumNorm: 2,
              seed: 5,
            };
            expect(divergence(on(backend), kind, its), `${kind}, batch ${batch}`).toBeLessThan(1e-5);
          }
        }
      }
    },
  );

  test('materialised, they are the gradient: nothing emitted is nothing', () => {
    const compute = on('reference');
    const synapses = new Synapses(compute, plain, [5, 4], 0.5);
    const draws = new Sequence(stream(6, 'terms'));
    const terms = (['mixing', 'outer', 'weight-decay', 'direction', 'mixing'] as const).map((kind) =>
      termOf(kind, draws, [5, 4], 3),
    );
    for (const its of [terms, terms.slice(0, 1), []]) {
      compute.scope(() => {
        // What was in the arena must not matter.
        compute.scope(() => compute.fill(compute.temporary([1000]), NaN));
        const gradient = compute.temporary([5, 4]);
        materialise(
          compute,
          synapses.parameter,
          gradient,
          its.map((term) => synapses.term(term)),
        );
        const values = gradient.toArray();
        const expected = gradientOf(synapses.weights, its, synapses.mask).flat();
        for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] ?? NaN, 12);
      });
    }
    synapses.dispose();
  });

  test('a threshold takes the batch sum of post, and is spared by decay and max-norm', () => {
    for (const kind of KINDS) {
      const compute = on('reference');
      const specification: OptimiserSpecification = { ...plain, kind, decay: 0.5, maximumNorm: 0.01 };
      const synapses = new Synapses(compute, specification, [2, 3]);
      const bias = synapses.network.area('b').bias as Parameter;
      const formula = new PlainOptimiser({ ...plain, kind }, [[0, 0, 0]], [[1, 1, 1]]);
      const post: Matrix = [
        [1, -2, 0.5],
        [3, 1, 0.25],
      ];
      for (let update = 1; update <= 3; update++) {
        compute.scope(() => {
          const tensor = compute.temporary([2, 3]).set(post.flat());
          synapses.optimiser.apply(bias, [{ kind: 'outer', post: tensor, factor: 2 }], update, 0);
        });
        formula.update([{ kind: 'outer', pre: [[1], [1]], post, factor: 2 }]);
      }
      for (const [j, value] of bias.values.toArray().entries()) {
        expect(value, kind).toBeCloseTo(at(formula.weights, 0, j), 12);
      }
      synapses.dispose();
    }
  });
});

describe('optimisers do what their authors say', () => {
  /** ½ (w − target)² with curvature: g = c (w − target), one synapse. */
  const curvature = 3;
  const target = 0.4;
  const gradientAt = (w: number): PlainTerm => ({
    kind: 'outer',
    pre: [[curvature]],
    post: [[w - target]],
    factor: 1,
  });
  const weight = (synapses: Synapses) => at(synapses.weights, 0, 0);
  const start = (specification: OptimiserSpecification, w: number) => {
    const synapses = new Synapses(on('reference'), specification, [1, 1]);
    synapses.parameter.values.set([w]);
    return synapses;
  };

  test('momentum on a quadratic follows the closed form of its linear recurrence', () => {
    const mu = 0.7;
    const rate = 0.1;
    const synapses = start({ ...plain, kind: 'momentum', momentum: mu, rate }, 2);
    // e_{t+1} − (1 + μ − ηc) e_t + μ e_{t−1} = 0 with e_{−1} = e_0: complex roots √μ·e^{±iθ}.
    const half = (1 + mu - rate * curvature) / 2;
    const theta = Math.acos(half / Math.sqrt(mu));
    const e0 = 2 - target;
    const e1 = e0 * (1 - rate * curvature);
    const b = (e1 / Math.sqrt(mu) - e0 * Math.cos(theta)) / Math.sin(theta);
    for (let t = 1; t <= 20; t++) {
      synapses.update([gradientAt(weight(synapses))]);
      const closed = mu ** (t / 2) * (e0 * Math.cos(theta * t) + b * Math.sin(theta * t));
      expect(weight(synapses) - target).toBeCloseTo(closed, 12);
    }
    synapses.dispose();
  });

  test('Nesterov is the textbook look-ahead: the gradient is taken at θ + μv', () => {
    const mu = 0.85;
    const rate = 0.05;
    const synapses = start({ ...plain, kind: 'nesterov', momentum: mu, rate }, 2);
    let theta = 2;
    let v = 0;
    for (let t = 0; t < 20; t++) {
      synapses.update([gradientAt(weight(synapses))]);
      v = mu * v - rate * curvature * (theta + mu * v - target);
      theta += v;
      expect(weight(synapses)).toBeCloseTo(theta + mu * v, 12);
    }
    synapses.dispose();
  });

  test('the fused product of one term and the general path are the same optimiser', () => {
    for (const kind of ['momentum', 'nesterov'] as const) {
      const specification = { ...plain, kind, decay: 0.1 };
      const fused = new Synapses(on('reference'), specification, [4, 3]);
      const general = new Synapses(on('reference'), specification, [4, 3]);
      const draws = new Sequence(stream(8, 'fused'));
      for (let t = 0; t < 6; t++) {
        const term = termOf('outer', draws, [4, 3], 3);
        const nothing: PlainTerm = { kind: 'direction', direction: map(fused.weights, () => 0), factor: 1 };
        fused.update([term]);
        general.update([term, nothing]);
        expect(distance(fused.weights, general.weights)).toBeLessThan(1e-14);
      }
      fused.dispose();
      general.dispose();
    }
  });

  test('the first step of Adam is the rate against the sign of the gradient, whatever its size', () => {
    for (const size of [1e-3, 1, 1e4]) {
      const synapses = start({ ...plain, kind: 'adam', epsilon: 1e-12, rate: 0.01 }, 1);
      synapses.update([{ kind: 'direction', direction: [[-size]], factor: 1 }]);
      expect(weight(synapses)).toBeCloseTo(1.01, 8);
      synapses.dispose();
    }
  });

  test('RMSprop forgets the size of a constant gradient', () => {
    const paths = [0.01, 100].map((size) => {
      const synapses = start({ ...plain, kind: 'rmsprop', epsilon: 1e-12 }, 0);
      for (let t = 0; t < 5; t++) synapses.update([{ kind: 'direction', direction: [[size]], factor: 1 }]);
      const end = weight(synapses);
      synapses.dispose();
      return end;
    });
    expect(paths[0]).toBeCloseTo(paths[1] ?? NaN, 8);
  });

  test('with weight decay and no gradient, weights of SGD shrink by (1 − ηλ) an update', () => {
    const synapses = start({ ...plain, decay: 0.4, rate: 0.05 }, 1);
    for (let t = 1; t <= 10; t++) {
      synapses.update([{ kind: 'direction', direction: [[0]], factor: 1 }]);
      expect(weight(synapses)).toBeCloseTo((1 - 0.05 * 0.4) ** t, 13);
    }
    synapses.dispose();
  });

  test.each(BACKENDS)(
    'max-norm on %s bounds the incoming weights of a unit and leaves shorter ones alone',
    (backend) => {
      const synapses = new Synapses(on(backend), { ...plain, maximumNorm: 1, rate: 1 }, [5, 7]);
      synapses.parameter.values.data.fill(0);
      const direction = map(synapses.weights, (_, i, j) => -(j + 1) * 0.1 * (i % 2 === 0 ? 1 : -1));
      synapses.update([{ kind: 'direction', direction, factor: 1 }]);
      for (let j = 0; j < 7; j++) {
        const norm = Math.hypot(...synapses.weights.map((row) => row[j] ?? NaN));
        expect(norm).toBeCloseTo(Math.min(1, 0.1 * (j + 1) * Math.sqrt(5)), 6);
      }
      synapses.dispose();
    },
  );

  test('rates and optimisers may differ by parameter, and rates follow their schedule', () => {
    const compute = on('reference');
    const synapses = new Synapses(compute, plain, [1, 1]);
    const { network } = synapses;
    const bias = network.area('b').bias as Parameter;
    const optimiser = new Optimiser(
      compute,
      network.parameters,
      ({ role }) =>
        role === 'bias' ? { ...plain, rate: 0.5 } : { ...plain, rate: { kind: 'linear', value: 1, end: 0 } },
      10,
    );
    expect(optimiser.rate(synapses.parameter, 4)).toBeCloseTo(0.6, 12);
    expect(optimiser.rate(bias, 4)).toBe(0.5);
    const before = weight(synapses);
    compute.scope(() => {
      const one = compute.temporary([1, 1]).set([1]);
      optimiser.apply(synapses.parameter, [{ kind: 'direction', direction: one }], 1, 4);
      optimiser.apply(bias, [{ kind: 'direction', direction: one }], 1, 4);
    });
    expect(weight(synapses) - before).toBeCloseTo(-0.6, 12);
    expect(bias.values.toArray()[0]).toBeCloseTo(-0.5, 12);
    expect([...optimiser.tensors().keys()]).toEqual([]);
    synapses.dispose();
  });
});

describe('synapses that do not exist', () => {
  test.each(BACKENDS)('stay zero on %s under every optimiser and every term', (backend) => {
    for (const kind of KINDS) {
      const synapses = new Synapses(
        on(backend),
        { ...plain, kind, decay: 0.1, maximumNorm: 3 },
        [11, 9],
        0.4,
      );
      const mask = synapses.mask.flat();
      expect(mask.includes(0) && mask.includes(1)).toBe(true);
      const draws = new Sequence(stream(9, 'masked'));
      for (const its of [['outer'], ['outer', 'mixing'], ['direction'], ['weight-decay', 'outer']] as const) {
        synapses.update(its.map((term) => termOf(term, draws, [11, 9], 4)));
        const values = synapses.weights.flat();
        expect(values.every((value, i) => mask[i] === 1 || value === 0)).toBe(true);
        expect(values.some((value) => value !== 0)).toBe(true);
      }
      synapses.dispose();
    }
  });
});

test('a parameter that is not plastic is refused by name', () => {
  const synapses = new Synapses(on('reference'), plain, [2, 2]);
  const other = new Synapses(on('reference'), plain, [2, 2]);
  expect(() =>
    synapses.update([{ kind: 'direction', direction: synapses.weights, factor: 1 }], other.parameter),
  ).toThrow(/"a→b" is not plastic/);
  synapses.dispose();
  other.dispose();
});
