import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Network, Optimiser, plainDescent, Sheet, SparseProjection } from '../../../src/network/index.ts';
import type {
  AreaSpecification,
  DistanceConnection,
  NetworkSpecification,
  Profile,
  ProjectionSpecification,
} from '../../../src/network/index.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import { openAll } from '../../backends/open-all.ts';
import { BACKENDS } from '../synapses.ts';

const on = openAll(BACKENDS);

type Rest = Omit<ProjectionSpecification, 'from' | 'to' | 'connection'>;

const networkOf = (
  [from, to]: readonly [Omit<AreaSpecification, 'id'>, Omit<AreaSpecification, 'id'>?],
  connection: DistanceConnection,
  rest: Rest = {},
): NetworkSpecification => ({
  areas: [{ id: 'retina', ...from }, ...(to ? [{ id: 'tectum', ...to }] : [])],
  projections: [
    {
      id: 'p',
      from: 'retina',
      to: to ? 'tectum' : 'retina',
      kind: to ? 'forward' : 'lateral',
      connection,
      ...rest,
    },
  ],
  input: 'retina',
  objectives: [],
});

const gaussian = (d: number, sigma: number) => Math.exp(-(d ** 2) / (2 * sigma ** 2));

/** The plain distance between unit i of a sheet (height, width) of extent 1 × 1 or 1 and unit j of another. */
function plainDistance(
  i: number,
  from: readonly number[],
  j: number,
  to: readonly number[],
  periodic: boolean,
) {
  const [width, otherWidth] = [from.at(-1) as number, to.at(-1) as number];
  const axes = from.length === 1 ? [0] : [0, 1];
  const coordinate = (unit: number, shape: readonly number[], columns: number, axis: number) => {
    const index = axis === from.length - 1 ? unit % columns : Math.floor(unit / columns);
    return (index + 0.5) / (shape[axis] as number);
  };
  return Math.hypot(
    ...axes.map((axis) => {
      const gap = Math.abs(coordinate(i, from, width, axis) - coordinate(j, to, otherWidth, axis));
      return periodic ? Math.min(gap, 1 - gap) : gap;
    }),
  );
}

/** Neither a distance nor a radius is exact in binary: one part in 10⁹ above the radius still counts as within. */
const isWithin = (distance: number, radius: number) => distance <= radius * (1 + 1e-9);

const sides = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 9 })),
  fc.integer({ min: 1, max: 5 }).map((side) => [side, side] as const),
);
const pairOfSides = fc
  .tuple(sides, sides)
  .filter(([a, b]) => a.length === b.length)
  .map(([a, b]) => [[...a], [...b]] as const);

/** Radii on which units lie exactly. */
const onUnits = [0.8, 0.4, 0.2].map((radius) => {
  const squares: readonly [readonly [number, number], readonly [number, number]] = [
    [5, 5],
    [5, 5],
  ];
  return [squares, false, false, radius, 'dense'] as [typeof squares, boolean, boolean, number, 'dense'];
});

describe('projections by distance equal plain loops over pairs', () => {
  test('between two sheets, on every storage: weights, products and gradients', () => {
    const compute = on('reference');
    fc.assert(
      fc.property(
        pairOfSides,
        fc.boolean(),
        fc.boolean(),
        // No distance between units is within rounding of such a radius.
        fc.integer({ min: 15, max: 80 }).map((hundredths) => hundredths / 100 + 0.0031),
        fc.constantFrom('dense' as const, 'sparse' as const, 'shared' as const),
        ([from, to], periodic, lateral, radius, storage) => {
          const profile: Profile = {
            ...{ kind: 'difference-of-gaussians', sigma: 0.1, amplitude: 2 },
            surround: { sigma: 0.3, amplitude: 0.7 },
          };
          const connection: DistanceConnection = {
            kind: 'distance',
            radius,
            profile,
            shared: storage === 'shared',
          };
          const target = lateral ? from : to;
          const ends = [{ shape: from, sheet: { periodic } }] as const;
          const specification = networkOf(
            lateral ? ends : [...ends, { shape: target, sheet: { periodic } }],
            connection,
            storage === 'shared' ? {} : { storage },
          );
          const [pre, post] = [from, target].map((shape) => shape.reduce((all, n) => all * n, 1)) as [
            number,
            number,
          ];
          const expected: number[] = [];
          let joined = 0;
          for (let i = 0; i < pre; i++) {
            for (let j = 0; j < post; j++) {
              const d = plainDistance(i, from, j, target, periodic);
              const isNear = isWithin(d, radius) && !(lateral && i === j);
              joined += Number(isNear);
              expected.push(isNear ? 2 * gaussian(d, 0.1) - 0.7 * gaussian(d, 0.3) : 0);
            }
          }
          if (joined === 0) {
            expect(() => new Network(compute, specification, 1)).toThrow(/"p" joins nothing/);
            return;
          }
          const network = new Network(compute, specification, 1);
          const projection = network.projection('p');
          const matrix = projection.matrix();
          for (const [s, w] of expected.entries()) expect(matrix[s]).toBeCloseTo(w, 12);
          compute.scope(() => {
            const draws = new Sequence(stream(joined, 'activity'));
            const [x, y] = [pre, post].map((units) =>
              compute
                .temporary([2, units])
                .set(Array.from({ length: 2 * units }, () => draws.uniform() - 0.5)),
            ) as [ReturnType<typeof compute.temporary>, ReturnType<typeof compute.temporary>];
            const [forward, backward] = [compute.temporary([2, post]), compute.temporary([2, pre])];
            projection.send(compute, forward, x);
            projection.sendBack(compute, backward, y);
            const gradient = compute.temporary(projection.weights.shape);
            projection.addOuter(compute, gradient, x, y, 1, 0);
            if (storage === 'dense') compute.multiply(gradient, gradient, projection.mask as typeof gradient);
            const outer = projection.matrix(gradient);
            const [xs, ys] = [x.toArray(), y.toArray()];
            const product = (i: number, j: number) =>
              [0, 1].reduce((sum, r) => sum + (xs[r * pre + i] as number) * (ys[r * post + j] as number), 0);
            for (let r = 0; r < 2; r++) {
              for (let j = 0; j < post; j++) {
                let sum = 0;
                for (let i = 0; i < pre; i++)
                  sum += (xs[r * pre + i] as number) * (expected[i * post + j] as number);
                expect(forward.data[r * post + j]).toBeCloseTo(sum, 11);
              }
              for (let i = 0; i < pre; i++) {
                let sum = 0;
                for (let j = 0; j < post; j++)
                  sum += (ys[r * post + j] as number) * (expected[i * post + j] as number);
                expect(backward.data[r * pre + i]).toBeCloseTo(sum, 11);
              }
            }
            const offsetOf = (i: number, j: number) => {
              const [width, wide] = [from.at(-1) as number, target.at(-1) as number];
              const difference = (a: number, n: number, b: number, m: number) => {
                const offset = (2 * b + 1) * n - (2 * a + 1) * m;
                return periodic ? ((offset % (2 * n * m)) + 2 * n * m) % (2 * n * m) : offset;
              };
              const horizontal = difference(i % width, width, j % wide, wide);
              if (from.length === 1) return `${horizontal}`;
              const [height, high] = [from[0], target[0]];
              return `${horizontal},${difference(Math.floor(i / width), height, Math.floor(j / wide), high)}`;
            };
            const sums = new Map<string, number>();
            const near = (i: number, j: number) =>
              isWithin(plainDistance(i, from, j, target, periodic), radius) && !(lateral && i === j);
            for (let i = 0; i < pre; i++) {
              for (let j = 0; j < post; j++) {
                if (near(i, j)) sums.set(offsetOf(i, j), (sums.get(offsetOf(i, j)) ?? 0) + product(i, j));
              }
            }
            for (let i = 0; i < pre; i++) {
              for (let j = 0; j < post; j++) {
                const plain = !near(i, j)
                  ? 0
                  : storage === 'shared'
                    ? sums.get(offsetOf(i, j))
                    : product(i, j);
                expect(outer[i * post + j]).toBeCloseTo(plain as number, 11);
              }
            }
            if (storage === 'shared') expect(projection.weights.size).toBe(sums.size);
          });
          network.dispose();
        },
      ),
      { numRuns: 150, examples: onUnits },
    );
  });

  test('random weights, density and signs do not depend on the storage', () => {
    for (const rest of [
      {},
      { density: 0.5 },
      { excitatory: 0.5 },
      { initialisation: { kind: 'normal', scale: 2 } },
    ] as Rest[]) {
      for (const profile of [undefined, { kind: 'gaussian', sigma: 0.2 }] as const) {
        const [dense, sparse] = (['dense', 'sparse'] as const).map((storage) => {
          const connection = { kind: 'distance', radius: 0.3, ...(profile ? { profile } : {}) } as const;
          const sheets = [
            { shape: [6, 6], sheet: {} },
            { shape: [4, 4], sheet: {} },
          ] as const;
          const network = new Network(
            on('reference'),
            networkOf(sheets, connection, { ...rest, storage }),
            3,
          );
          return Array.from(network.projection('p').matrix());
        }) as [number[], number[]];
        expect(sparse).toEqual(dense);
        expect(new Set(dense).size).toBeGreaterThan(5);
      }
    }
  });
});

describe('sheets', () => {
  test('units have places, and edges meet where a sheet is periodic', () => {
    const plane = new Sheet([2, 4]);
    expect(plane.extents).toEqual([0.5, 1]);
    expect(plane.place(5)).toEqual([0.375, 0.375]);
    expect(plane.distance(0, 3)).toBeCloseTo(0.75, 15);
    const torus = new Sheet([2, 4], { periodic: true, extent: 8 });
    expect(torus.spacing).toBe(2);
    expect(torus.distance(0, 3)).toBe(2);
    expect(torus.distance(0, 7)).toBeCloseTo(Math.sqrt(8), 14);
  });

  test('areas keep their sheet, and a denser one lies above a coarser one', () => {
    const network = new Network(
      on('reference'),
      networkOf(
        [
          { shape: [12], sheet: {} },
          { shape: [4], sheet: {} },
        ],
        { kind: 'distance', radius: 0.1 },
      ),
      1,
    );
    expect(network.area('retina').sheet?.place(1)).toEqual([0.125]);
    const matrix = network.projection('p').matrix();
    // The three units of the retina above each unit of the tectum.
    const above = Array.from({ length: 12 }, (_, i) =>
      Array.from(matrix)
        .slice(4 * i, 4 * i + 4)
        .findIndex((w) => w !== 0),
    );
    expect(above).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    network.dispose();
  });

  test('two sheets of one kernel: feedback starts as the transpose', () => {
    for (const shared of [false, true]) {
      const specification = networkOf(
        [
          { shape: [6], sheet: {} },
          { shape: [4], sheet: {} },
        ],
        {
          ...{ kind: 'distance', radius: 0.4, shared },
        },
      );
      const back = {
        id: 'b',
        from: 'tectum',
        to: 'retina',
        kind: 'feedback',
        answers: 'p',
        startsTransposed: true,
      } as const;
      const projections = [
        { ...(specification.projections[0] as ProjectionSpecification), storage: 'sparse' as const },
        back,
      ];
      const network = new Network(on('reference'), { ...specification, projections }, 2);
      const [forward, feedback] = [network.projection('p').matrix(), network.projection('b').matrix()];
      expect(network.projection('b')).toBeInstanceOf(SparseProjection);
      for (let i = 0; i < 6; i++)
        for (let j = 0; j < 4; j++) expect(feedback[j * 6 + i]).toBe(forward[i * 4 + j]);
      network.dispose();
    }
  });

  test('a symmetric projection by distance stays symmetric, dense and sparse', () => {
    for (const storage of ['dense', 'sparse'] as const) {
      const specification = networkOf(
        [{ shape: [5], sheet: { periodic: true } }],
        { kind: 'distance', radius: 0.3 },
        {
          ...{ symmetric: true, storage },
        },
      );
      const compute = on('reference');
      const network = new Network(compute, specification, 2);
      const optimiser = new Optimiser(compute, network.parameters, () => plainDescent(1), 1);
      compute.scope(() => {
        const [pre, post] = [
          compute.temporary([1, 5]).set([1, 2, 3, 4, 5]),
          compute.temporary([1, 5]).set([2, 7, 1, 8, 2]),
        ];
        optimiser.apply(network.projection('p'), [{ kind: 'outer', pre, post }], 1, 0);
      });
      const matrix = network.projection('p').matrix();
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j < 5; j++) {
          expect(matrix[5 * i + j]).toBe(matrix[5 * j + i]);
          if ((i - j + 5) % 5 !== 1 && (j - i + 5) % 5 !== 1) expect(matrix[5 * i + j]).toBeCloseTo(0, 15);
        }
      }
      network.dispose();
      optimiser.dispose();
    }
  });
});

describe('bad input is refused by name', () => {
  const line = { shape: [10], sheet: {} };
  const near: DistanceConnection = { kind: 'distance', radius: 0.2 };
  type Ends = Parameters<typeof networkOf>[0];
  const refusals: readonly (readonly [Ends, DistanceConnection, Rest, RegExp])[] = [
    [
      [line, { shape: [10] }],
      near,
      {},
      /"p" connects by distance, but the units of area "tectum" have no places/,
    ],
    [[line, { shape: [10], sheet: { extent: 2 } }], near, {}, /one is of extent 1 and the other of extent 2/],
    [[line, { shape: [10, 10], sheet: {} }], near, {}, /one is 1-dimensional and the other 2-dimensional/],
    [[line, { shape: [10], sheet: { periodic: true } }], near, {}, /one is bounded and the other periodic/],
    [
      [line],
      { ...near, radius: 0.05 },
      {},
      /joins nothing: no two units are within the radius 0.05, where neighbours are 0.1 apart.*"selfConnections"/,
    ],
    [[line], { ...near, radius: -1 }, {}, /has the radius -1/],
    [[line], { ...near, profile: { kind: 'gaussian', sigma: 0 } }, {}, /the standard deviation 0/],
    [
      [{ shape: [2, 5, 5], sheet: {} }],
      near,
      {},
      /"retina" is a sheet, so its shape must be \(units\) or \(height, width\)/,
    ],
    [[{ shape: [5], sheet: { extent: 0 } }], near, {}, /"retina" is a sheet of extent 0/],
    [[line], { ...near, shared: true }, { density: 0.5 }, /"density" is for single pairs/],
    [
      [line],
      { ...near, shared: true },
      { excitatory: 0.5 },
      /"excitatory" gives each presynaptic unit a sign/,
    ],
    [
      [line],
      { ...near, shared: true },
      { storage: 'dense' },
      /"storage": "dense" has one weight for each pair/,
    ],
    [[line], near, { initialisation: { kind: 'orthogonal' } }, /cannot be orthogonal/],
    [[line], near, { symmetric: true, density: 0.5 }, /cannot be symmetric with a density below 1/],
  ];

  test.each(refusals)('%#', (ends, connection, rest, message) => {
    expect(() => new Network(on('reference'), networkOf(ends, connection, rest), 1)).toThrow(message);
  });
});
