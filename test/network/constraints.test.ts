import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Network, Optimiser, plainDescent } from '../../src/network/index.ts';
import type { Constraint, ProjectionSpecification } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { openAll } from '../backends/open-all.ts';
import { BACKENDS } from './synapses.ts';

const on = openAll(BACKENDS);

/** Two input areas with 4 and 3 units onto one of 5, with weights that start between .2 and .8. */
class Afferents {
  readonly network: Network;
  readonly optimiser: Optimiser;
  readonly #compute: Compute;
  readonly #draws = new Sequence(stream(3, 'constraints'));
  #updates = 0;

  constructor(
    compute: Compute,
    constraint: Constraint | undefined,
    rest: Omit<ProjectionSpecification, 'from' | 'to'> = {},
    rate = 1,
  ) {
    this.#compute = compute;
    const from = ['left', 'right'];
    const specification = {
      areas: [
        { id: 'left', shape: [4] },
        { id: 'right', shape: [3], part: { first: 0 } },
        { id: 'cortex', shape: [5] },
      ],
      projections: from.map((id) => ({ from: id, to: 'cortex', ...rest })),
      input: 'left',
      objectives: [],
    };
    this.network = new Network(compute, specification, 5);
    for (const { weights, mask } of this.network.projections) {
      const exists = mask?.toArray();
      weights.set(
        Array.from(
          { length: weights.size },
          (_, s) => (exists?.[s] ?? 1) * (0.2 + 0.6 * this.#draws.uniform()),
        ),
      );
    }
    this.optimiser = new Optimiser(
      compute,
      this.network.parameters,
      () => ({ ...plainDescent(rate), constraint }),
      1,
    );
  }

  /** Adds random changes up to `size` in either direction, or those of `changeOf`. */
  update(size: number, changeOf?: (projection: string, synapse: number) => number): void {
    this.#updates += 1;
    this.#compute.scope(() => {
      for (const { id, weights, mask } of this.network.projections) {
        const exists = mask?.toArray();
        const changes = Array.from(
          { length: weights.size },
          (_, s) => (exists?.[s] ?? 1) * (changeOf?.(id, s) ?? size * (2 * this.#draws.uniform() - 1)),
        );
        const direction = this.#compute.temporary(weights.shape).set(changes);
        const term = { kind: 'direction', direction, factor: -1 } as const;
        this.optimiser.apply(this.network.projection(id), [term], this.#updates, 0);
      }
      this.optimiser.constrain();
    });
  }

  /** Weights of a projection, (presynaptic, postsynaptic). */
  weights(from: string): number[] {
    return this.network.projection(`${from}→cortex`).weights.toArray();
  }

  /** Sums f(w) over the weights onto each unit of the cortex, from the areas given. */
  sums(from: readonly string[], f: (w: number) => number): number[] {
    const sums = new Array<number>(5).fill(0);
    for (const id of from) {
      for (const [s, w] of this.weights(id).entries()) sums[s % 5] = (sums[s % 5] as number) + f(w);
    }
    return sums;
  }

  dispose(): void {
    this.network.dispose();
    this.optimiser.dispose();
  }
}

const expectClose = (found: readonly number[], expected: readonly number[], digits: number) => {
  for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] as number, digits);
};

describe('constraints conserve what they say', () => {
  const self = (w: number) => w;
  const cases: readonly (readonly [
    string,
    Constraint,
    readonly (readonly string[])[],
    (w: number) => number,
  ])[] = [
    ['the sum', { over: 'incoming', how: 'subtractive' }, [['left'], ['right']], self],
    ['Σ|w|', { over: 'incoming', how: 'multiplicative' }, [['left'], ['right']], Math.abs],
    ['the norm', { over: 'incoming', how: 'multiplicative', norm: 2 }, [['left'], ['right']], (w) => w * w],
    ['the sum of both eyes', { over: 'afferents', how: 'subtractive' }, [['left', 'right']], self],
    ['Σ|w| of both eyes', { over: 'afferents', how: 'multiplicative' }, [['left', 'right']], Math.abs],
    ...(['subtractive', 'multiplicative'] as const).map(
      (how) =>
        [
          `the sum within limits, ${how}`,
          { over: 'afferents', how, limits: [0, 1] },
          [['left', 'right']],
          self,
        ] as const,
    ),
    [
      'the norm within limits',
      { over: 'incoming', how: 'multiplicative', norm: 2, limits: [0, 1] },
      [['left'], ['right']],
      (w) => w * w,
    ],
  ];

  for (const backend of BACKENDS) {
    test.each(cases)(`${backend}: %s, over 100 updates`, (_, constraint, groups, f) => {
      for (const density of [1, 0.6]) {
        const each = new Afferents(on(backend), constraint, { density });
        const before = groups.map((from) => each.sums(from, f));
        for (let update = 0; update < 100; update++) {
          each.update(0.2);
          for (const [index, from] of groups.entries()) {
            expectClose(each.sums(from, f), before[index] as number[], backend === 'reference' ? 11 : 5);
          }
          if (constraint.limits) {
            for (const w of [...each.weights('left'), ...each.weights('right')]) {
              expect(w).toBeGreaterThanOrEqual(0);
              expect(w).toBeLessThanOrEqual(1);
            }
          }
        }
        each.dispose();
      }
    });
  }

  test('the sum of outgoing weights of each presynaptic unit, and a total of its own', () => {
    const each = new Afferents(on('reference'), { over: 'outgoing', how: 'multiplicative', total: 3 });
    each.update(0.1);
    const rows = Array.from({ length: 4 }, (_, row) =>
      each
        .weights('left')
        .slice(5 * row, 5 * row + 5)
        .reduce((sum, w) => sum + Math.abs(w), 0),
    );
    expectClose(rows, [3, 3, 3, 3], 12);
    each.dispose();
  });

  test('weights within limits are the nearest with the sum, which bisection finds too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 35, maxLength: 35 }),
        (list) => {
          const each = new Afferents(on('reference'), {
            over: 'afferents',
            how: 'subtractive',
            limits: [0, 1],
          });
          const start = { left: each.weights('left'), right: each.weights('right') };
          const sums = each.sums(['left', 'right'], (w) => w);
          const change = (id: string, s: number) => list[id.startsWith('left') ? s : 20 + s] as number;
          each.update(0, change);
          for (let unit = 0; unit < 5; unit++) {
            const moved = [
              ...start.left.map((w, s) => [s, w + change('left', s)] as const),
              ...start.right.map((w, s) => [s, w + change('right', s)] as const),
            ].flatMap(([s, w]) => (s % 5 === unit ? [w] : []));
            const clip = (w: number) => Math.min(1, Math.max(0, w));
            let [low, high] = [-10, 10];
            for (let step = 0; step < 100; step++) {
              const middle = (low + high) / 2;
              const sum = moved.reduce((all, w) => all + clip(w - middle), 0);
              if (sum > (sums[unit] as number)) low = middle;
              else high = middle;
            }
            const found = [...each.weights('left'), ...each.weights('right')].filter((_, s) =>
              s < 20 ? s % 5 === unit : (s - 20) % 5 === unit,
            );
            expectClose(
              found,
              moved.map((w) => clip(w - low)),
              10,
            );
          }
          each.dispose();
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('two eyes (Miller & MacKay 1994)', () => {
  /** Hebbian growth for inputs with covariance 1 within an eye and .5 between eyes, until weights settle. */
  const develop = (how: Constraint['how'], freeze: boolean) => {
    const each = new Afferents(on('reference'), { over: 'afferents', how, total: 3, limits: [0, 1], freeze });
    for (let update = 0; update < 1000; update++) {
      const [left, right] = [each.sums(['left'], (w) => w), each.sums(['right'], (w) => w)];
      each.update(0, (id, s) => {
        const [own, other] = id.startsWith('left') ? [left, right] : [right, left];
        return 0.02 * ((own[s % 5] as number) + (other[s % 5] as number) / 2);
      });
    }
    return each;
  };

  test('subtraction lets the stronger eye win: the weights of the other end at 0', () => {
    for (const freeze of [false, true]) {
      const each = develop('subtractive', freeze);
      expect(new Set(each.weights('right'))).toEqual(new Set([0]));
      expectClose(
        each.sums(['left'], (w) => w),
        [3, 3, 3, 3, 3],
        10,
      );
      each.dispose();
    }
  });

  test('division keeps both eyes, in the proportion of the principal eigenvector', () => {
    const each = develop('multiplicative', false);
    // 4a + 1.5b = λa and 2a + 3b = λb for the weights a of 4 synapses and b of 3.
    const ratio = (3.5 + Math.sqrt(3.25) - 4) / 1.5;
    const a = 3 / (4 + 3 * ratio);
    expectClose(each.weights('left'), new Array<number>(20).fill(a), 6);
    expectClose(each.weights('right'), new Array<number>(15).fill(a * ratio), 6);
    each.dispose();
  });

  test('without limits, correlated growth C·w has its analytic fixed points', () => {
    // Two synapses, dw = C w with C = [[1, .5], [.5, 1]]: e₁ = (1, 1) of eigenvalue 1.5 and e₂ = (1, −1) of .5.
    const compute = on('reference');
    const run = (how: Constraint['how']) => {
      const specification = {
        areas: [
          { id: 'eyes', shape: [2] },
          { id: 'unit', shape: [1] },
        ],
        projections: [{ from: 'eyes', to: 'unit' }],
        input: 'eyes',
        objectives: [],
      };
      const network = new Network(compute, specification, 1);
      const { weights } = network.projection('eyes→unit');
      weights.set([0.55, 0.45]);
      const constraint = { over: 'incoming', how } as const;
      const optimiser = new Optimiser(
        compute,
        network.parameters,
        () => ({ ...plainDescent(0.01), constraint }),
        1,
      );
      const differences = [];
      for (let update = 1; update <= 100; update++) {
        compute.scope(() => {
          const [a, b] = weights.toArray() as [number, number];
          const direction = compute.temporary([2, 1]).set([a + b / 2, b + a / 2]);
          optimiser.apply(
            network.projection('eyes→unit'),
            [{ kind: 'direction', direction, factor: -1 }],
            update,
            0,
          );
          optimiser.constrain();
        });
        const [a, b] = weights.toArray() as [number, number];
        differences.push(a - b);
      }
      network.dispose();
      optimiser.dispose();
      return differences;
    };
    // Subtraction leaves the growth of the difference, 1 + .01 · .5 in each update; division shrinks it by 1.005 / 1.015.
    expectClose(
      run('subtractive'),
      Array.from({ length: 100 }, (_, t) => 0.1 * 1.005 ** (t + 1)),
      10,
    );
    expectClose(
      run('multiplicative'),
      Array.from({ length: 100 }, (_, t) => 0.1 * (1.005 / 1.015) ** (t + 1)),
      10,
    );
  });
});

test('sparse storage is constrained as a matrix is', () => {
  const constraints: readonly Constraint[] = [
    { over: 'incoming', how: 'multiplicative', norm: 2 },
    { over: 'outgoing', how: 'subtractive', limits: [-0.5, 0.5] },
    { over: 'afferents', how: 'subtractive', limits: [0, 1], freeze: true },
    { over: 'afferents', how: 'multiplicative', limits: [0, 1] },
  ];
  const compute = on('reference');
  for (const constraint of constraints) {
    const areas = ['left', 'right', 'cortex'].map((id) => ({
      ...{ id, shape: [30], sheet: { periodic: true } },
      ...(id === 'right' ? { part: { first: 0 } } : {}),
    }));
    const connection = {
      kind: 'distance',
      radius: 0.1,
      profile: { kind: 'uniform', amplitude: 0.5 },
    } as const;
    const [dense, sparse] = (['dense', 'sparse'] as const).map((storage) => {
      const projections = ['left', 'right'].map((from) => ({ from, to: 'cortex', connection, storage }));
      const network = new Network(compute, { areas, projections, input: 'left', objectives: [] }, 1);
      const specification = { ...plainDescent(0.1), constraint };
      const optimiser = new Optimiser(compute, network.parameters, () => specification, 1);
      const draws = new Sequence(stream(3, 'activity'));
      for (let update = 1; update <= 30; update++) {
        compute.scope(() => {
          for (const projection of network.projections) {
            const activity = () =>
              compute.temporary([2, 30]).set(Array.from({ length: 60 }, () => 2 * draws.uniform() - 1));
            optimiser.apply(projection, [{ kind: 'outer', pre: activity(), post: activity() }], update, 0);
          }
          optimiser.constrain();
        });
      }
      const matrices = network.projections.map((projection) => Array.from(projection.matrix()));
      network.dispose();
      optimiser.dispose();
      return matrices.flat();
    }) as [number[], number[]];
    expectClose(sparse, dense, 12);
    expect(dense.filter((w) => w !== 0 && Math.abs(w - 0.3) > 0.01).length).toBeGreaterThan(50);
  }
});

describe('frozen weights', () => {
  test.each(BACKENDS)('%s: stay at their limit whatever the updates say', (backend) => {
    const each = new Afferents(on(backend), {
      ...{ over: 'afferents', how: 'subtractive', limits: [0, 1], freeze: true },
    });
    const frozen = new Map<string, number>();
    for (let update = 0; update < 100; update++) {
      each.update(0.3);
      for (const eye of ['left', 'right']) {
        for (const [s, w] of each.weights(eye).entries()) {
          const key = `${eye} ${s}`;
          if (frozen.has(key)) expect(w).toBe(frozen.get(key));
          if (w === 0 || w === 1) frozen.set(key, w);
        }
      }
    }
    expect(frozen.size).toBeGreaterThan(10);
    each.dispose();
  });

  test('are restored by a checkpoint of the optimiser', () => {
    const constraint = { over: 'afferents', how: 'subtractive', limits: [0, 1], freeze: true } as const;
    const [first, second] = [0, 1].map(() => new Afferents(on('reference'), constraint)) as [
      Afferents,
      Afferents,
    ];
    for (let update = 0; update < 20; update++) first.update(0.3);
    for (const [name, tensor] of first.optimiser.tensors()) {
      second.optimiser.tensors().get(name)?.set(tensor.toArray());
    }
    for (const [index, { weights }] of first.network.projections.entries()) {
      second.network.projections[index]?.weights.set(weights.toArray());
    }
    const change = (_: string, s: number) => Math.sin(s);
    first.update(0, change);
    second.update(0, change);
    expect(second.weights('left')).toEqual(first.weights('left'));
    expect(second.weights('right')).toEqual(first.weights('right'));
    first.dispose();
    second.dispose();
  });
});

describe('constraints that make no sense are refused by name', () => {
  const refusals: readonly (readonly [Constraint, Omit<ProjectionSpecification, 'from' | 'to'>, RegExp])[] = [
    [{ over: 'incoming', how: 'subtractive', norm: 2 }, {}, /"left→cortex" is subtractive with norm 2/],
    [{ over: 'incoming', how: 'multiplicative', total: 0 }, {}, /has the total 0/],
    [{ over: 'incoming', how: 'subtractive', limits: [1, 0] }, {}, /has the limits 1 and 0/],
    [{ over: 'incoming', how: 'multiplicative', limits: [-1, 1] }, {}, /keeps the sign of a weight/],
    [{ over: 'incoming', how: 'subtractive', freeze: true }, {}, /freezes weights at limits, but has none/],
    [{ over: 'incoming', how: 'subtractive' }, { excitatory: 0.5 }, /across the signs of Dale's law/],
  ];

  test.each(refusals)('%o', (constraint, rest, message) => {
    expect(() => new Afferents(on('reference'), constraint, rest)).toThrow(message);
  });

  test('a convolution has incoming weights only', () => {
    const specification = {
      areas: [
        { id: 'image', shape: [1, 4, 4] },
        { id: 'maps', shape: [2, 3, 3] },
      ],
      projections: [{ from: 'image', to: 'maps', connection: { kind: 'convolution', kernel: [2, 2] } }],
      input: 'image',
      objectives: [],
    } as const;
    const network = new Network(on('reference'), specification, 1);
    const optimiser = (over: Constraint['over']) =>
      new Optimiser(
        on('reference'),
        network.parameters,
        () => ({ ...plainDescent(1), constraint: { over, how: 'multiplicative' } }),
        1,
      );
    expect(() => optimiser('outgoing')).toThrow(/"image→maps" is over outgoing weights.*Use "incoming"/s);
    expect(() => optimiser('incoming')).not.toThrow();
  });
});
