import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/tensor/index.ts';
import type { Compute, Shape, Tensor } from '../../src/tensor/index.ts';
import { openAll } from './open-all.ts';

const BACKENDS = ['reference', 'wasm', 'blas'] as const;
const find = openAll(BACKENDS);

const SPECIAL = [0, -0, 1, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, 88.75];

/** Any float32; small numbers and special ones often. */
const number = fc.oneof(
  fc.float(),
  fc.float({ min: -8, max: 8, noNaN: true }),
  fc.constantFrom(...SPECIAL.map(Math.fround)),
);
const numbers = (length: number) => fc.array(number, { minLength: length, maxLength: length });

/** Two vectors of one length, with and without a rest after groups of four. */
const pairs = fc.integer({ min: 1, max: 70 }).chain((length) => fc.tuple(numbers(length), numbers(length)));

/** A matrix, with a row and a column of matching lengths. */
const matrices = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 37 }))
  .chain(([rows, columns]) =>
    fc.record({
      a: fc.tuple(fc.constant([rows, columns]), numbers(rows * columns)),
      row: fc.tuple(fc.constant([columns]), numbers(columns)),
      column: fc.tuple(fc.constant([rows]), numbers(rows)),
    }),
  );

type Operand = readonly [shape: Shape, values: readonly number[]];
const vector = (values: readonly number[]): Operand => [[values.length], values];
const zeros = (shape: Shape): Operand => [shape, new Array<number>(sizeOf(shape)).fill(0)];

/** Calls `body` with tensors of these shapes and values, and returns what `out` then holds. */
function run<Names extends string>(
  compute: Compute,
  operands: Readonly<Record<Names | 'out', Operand>>,
  body: (tensors: Readonly<Record<Names | 'out', Tensor>>) => void,
): number[] {
  const entries = Object.entries<Operand>(operands);
  const tensors = Object.fromEntries(
    entries.map(([name, [shape, values]]) => [name, compute.allocate(shape).set(values)]),
  ) as Record<Names | 'out', Tensor>;
  body(tensors);
  const values = tensors.out.toArray();
  for (const tensor of Object.values<Tensor>(tensors)) compute.free(tensor);
  return values;
}

/** Fails unless all values are equal as Object.is has it: NaN equals NaN, and 0 is not −0. */
function expectSame(values: readonly number[], expected: readonly number[]): void {
  expect(values.length).toBe(expected.length);
  for (const [i, value] of values.entries()) {
    if (!Object.is(value, expected[i])) expect.fail(`element ${i}: ${value}, expected ${expected[i]}`);
  }
}

/** Error of a float32 in units in the last place of the exact value; 0 for the same zero, infinity or NaN. */
function errorInUlp(value: number, exact: number): number {
  if (Object.is(value, Math.fround(exact))) return 0;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(exact))), -126);
  const error = Math.abs(value - exact) / 2 ** (exponent - 23);
  return Number.isNaN(error) ? Infinity : error;
}

describe.each(BACKENDS)('on %s', (name) => {
  /** Rounds as the backend's floats are rounded. */
  const rounded = (x: number) => (name === 'reference' ? x : Math.fround(x));

  test('add, subtract and addScaled have the bits of combine', () => {
    const compute = find(name);
    fc.assert(
      fc.property(pairs, number, ([first, second], scale) => {
        const operands = { out: vector(second), a: vector(first), b: vector(second) };
        const same = (
          operation: (tensors: Record<'out' | 'a' | 'b', Tensor>) => void,
          combination: (tensors: Record<'out' | 'a' | 'b', Tensor>) => void,
        ) => expectSame(run(compute, operands, operation), run(compute, operands, combination));
        same(
          ({ out, a, b }) => compute.add(out, a, b),
          ({ out, a, b }) => compute.combine(out, a, b, 1, 1),
        );
        same(
          ({ out, a, b }) => compute.subtract(out, a, b),
          ({ out, a, b }) => compute.combine(out, a, b, 1, -1),
        );
        same(
          ({ out, a }) => compute.addScaled(out, a, scale),
          ({ out, a }) => compute.combine(out, out, a, 1, scale),
        );
      }),
    );
  });

  test('sums, differences and quotients are those of JavaScript, also of NaN, infinities and zeros', () => {
    const compute = find(name);
    fc.assert(
      fc.property(pairs, ([first, second]) => {
        const operands = { out: zeros([first.length]), a: vector(first), b: vector(second) };
        const each = (f: (x: number, y: number) => number) =>
          first.map((x, i) => rounded(f(x, second[i] as number)));
        expectSame(
          run(compute, operands, ({ out, a, b }) => compute.add(out, a, b)),
          each((x, y) => x + y),
        );
        expectSame(
          run(compute, operands, ({ out, a, b }) => compute.subtract(out, a, b)),
          each((x, y) => x - y),
        );
        expectSame(
          run(compute, operands, ({ out, a, b }) => compute.divide(out, a, b)),
          each((x, y) => x / y),
        );
      }),
    );
  });

  test('sqrt, abs and clip are those of Math', () => {
    const compute = find(name);
    const bounds = fc.tuple(number, number).filter(([low, high]) => low <= high);
    fc.assert(
      fc.property(pairs, bounds, ([values], [low, high]) => {
        const operands = { out: zeros([values.length]), a: vector(values) };
        const each = (f: (x: number) => number) => values.map((x) => rounded(f(x)));
        expectSame(
          run(compute, operands, ({ out, a }) => compute.sqrt(out, a)),
          each(Math.sqrt),
        );
        expectSame(
          run(compute, operands, ({ out, a }) => compute.abs(out, a)),
          each(Math.abs),
        );
        expectSame(
          run(compute, operands, ({ out, a }) => compute.clip(out, a, low, high)),
          each((x) => Math.min(Math.max(x, low), high)),
        );
      }),
    );
  });

  test('exp and log are those of Math, in float32 within 1 unit in the last place', () => {
    const compute = find(name);
    const largestError = (values: readonly number[], operation: 'exp' | 'log') => {
      const operands = { out: zeros([values.length]), a: vector(values) };
      const results = run(compute, operands, ({ out, a }) => compute[operation](out, a));
      return results.reduce((most, result, i) => {
        const exact = Math[operation](values[i] as number);
        const error =
          name === 'reference' ? (Object.is(result, exact) ? 0 : Infinity) : errorInUlp(result, exact);
        return Math.max(most, error);
      }, 0);
    };
    fc.assert(
      fc.property(pairs, ([values]) => {
        for (const operation of ['exp', 'log'] as const) {
          expect(largestError(values, operation)).toBeLessThan(1);
        }
      }),
    );
    // Bits at equal distances: numbers of all signs and exponents.
    const bits = Uint32Array.from({ length: 2 ** 18 }, (_, i) => i * 2 ** 14 + 1);
    const all = Array.from(new Float32Array(bits.buffer));
    for (const operation of ['exp', 'log'] as const) expect(largestError(all, operation)).toBeLessThan(1);
  });

  test('exp and log have the limits of Math', () => {
    const compute = find(name);
    const values = [NaN, Infinity, -Infinity, 0, -0, 1, -1, -(2 ** -149), 1000, -1000].map(Math.fround);
    for (const operation of ['exp', 'log'] as const) {
      const operands = { out: zeros([values.length]), a: vector(values) };
      expectSame(
        run(compute, operands, ({ out, a }) => compute[operation](out, a)),
        values.map((x) => rounded(Math[operation](x))),
      );
    }
  });

  test('addRow and addColumn add a multiple of a row and of a column to a matrix', () => {
    const compute = find(name);
    fc.assert(
      fc.property(matrices, fc.option(number, { nil: undefined }), (operands, scale) => {
        const [[, columns], values] = operands.a;
        const each = (term: (r: number, c: number) => number | undefined) =>
          values.map((x, i) => {
            const factor = rounded(scale ?? 1);
            const product = rounded(factor * (term(Math.floor(i / columns), i % columns) as number));
            return rounded(x + product);
          });
        const all = { out: zeros(operands.a[0]), ...operands };
        expectSame(
          run(compute, all, ({ out, a, row }) => compute.addRow(out, a, row, scale)),
          each((_, c) => operands.row[1][c]),
        );
        expectSame(
          run(compute, all, ({ out, a, column }) => compute.addColumn(out, a, column, scale)),
          each((r) => operands.column[1][r]),
        );
      }),
    );
  });

  test('maxRows and maxColumns are the Math.max of a column and of a row', () => {
    const compute = find(name);
    fc.assert(
      fc.property(matrices, (operands) => {
        const [[rows, columns], values] = operands.a;
        const perColumn = { out: zeros([columns]), a: operands.a };
        expectSame(
          run(compute, perColumn, ({ out, a }) => compute.maxRows(out, a)),
          Array.from({ length: columns }, (_, c) => Math.max(...values.filter((_, i) => i % columns === c))),
        );
        const perRow = { out: zeros([rows]), a: operands.a };
        expectSame(
          run(compute, perRow, ({ out, a }) => compute.maxColumns(out, a)),
          Array.from({ length: rows }, (_, r) => Math.max(...values.slice(r * columns, (r + 1) * columns))),
        );
      }),
    );
  });

  test('sumColumns sums every row, as sumRows sums every column', () => {
    const compute = find(name);
    const whole = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(
        fc.array(whole, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (all, rows) => {
          // Sums of integers this small are exact in every order.
          const columns = Math.ceil(all.length / rows);
          const values = Array.from({ length: rows * columns }, (_, i) => all[i] ?? 0);
          const sums = Array.from({ length: rows }, (_, r) =>
            values.slice(r * columns, (r + 1) * columns).reduce((a, b) => a + b, 0),
          );
          const operands = {
            out: zeros([rows]),
            a: [[rows, columns], values] as const,
            b: zeros([columns, rows]),
          };
          expect(run(compute, operands, ({ out, a }) => compute.sumColumns(out, a))).toEqual(sums);
          expect(
            run(compute, operands, ({ out, a, b }) => {
              compute.transpose(b, a);
              compute.sumRows(out, b);
            }),
          ).toEqual(sums);
          expect(
            run(compute, { ...operands, out: vector(sums) }, ({ out, a }) =>
              compute.sumColumns(out, a, 2, 3),
            ),
          ).toEqual(sums.map((sum) => 5 * sum));
        },
      ),
    );
  });

  test('NaN or infinity in a row changes the sum of that row alone', () => {
    const compute = find(name);
    const values = [1, NaN, 2, 3, 4, 5, Infinity, 7, 8, 9, 10, 11];
    const operands = { out: zeros([4]), a: [[4, 3], values] as const };
    expectSame(
      run(compute, operands, ({ out, a }) => compute.sumColumns(out, a)),
      [NaN, 12, Infinity, 30],
    );
  });

  test('row and column scales are 1, and the old output is not read, unless given', () => {
    const compute = find(name);
    const operands = {
      out: vector([NaN, NaN, NaN, NaN]),
      a: [
        [2, 2],
        [1, 2, 3, 4],
      ] as const,
      factors: vector([10, 100]),
    };
    expect(
      run(compute, operands, ({ out, a, factors }) => compute.scaleColumns(out.reshape([2, 2]), a, factors)),
    ).toEqual([10, 200, 30, 400]);
    expect(
      run(compute, operands, ({ out, a, factors }) => compute.scaleRows(out.reshape([2, 2]), a, factors)),
    ).toEqual([10, 20, 300, 400]);
    expect(
      run(compute, { ...operands, out: vector([NaN, NaN]) }, ({ out, a }) => compute.sumRows(out, a)),
    ).toEqual([4, 6]);
  });
});

describe('wrong operands are refused with the operation, what it got and what it takes', () => {
  test.each<[string, RegExp, (compute: Compute) => void]>([
    [
      'sizes',
      /add: .*\(2, 3\), \(2, 3\), \(5\)/,
      (c) => c.add(c.allocate([2, 3]), c.allocate([2, 3]), c.allocate([5])),
    ],
    ['types', /exp: .*f64, i32/, (c) => c.exp(c.allocate([2]), c.allocate([2], 'i32'))],
    [
      'rows',
      /addRow: .*row\(columns\)/,
      (c) => c.addRow(c.allocate([2, 3]), c.allocate([2, 3]), c.allocate([2])),
    ],
    [
      'columns',
      /addColumn: .*column\(rows\)/,
      (c) => c.addColumn(c.allocate([2, 3]), c.allocate([2, 3]), c.allocate([3])),
    ],
    [
      'outputs of reductions',
      /maxRows: .*out\(columns\)/,
      (c) => c.maxRows(c.allocate([2]), c.allocate([2, 3])),
    ],
    [
      'bounds in the wrong order',
      /clip: the bounds are 2 and 1\..*low ≤ high/,
      (c) => c.clip(c.allocate([2]), c.allocate([2]), 2, 1),
    ],
    [
      'bounds that are NaN',
      /clip: the bounds are NaN and 1/,
      (c) => c.clip(c.allocate([2]), c.allocate([2]), NaN, 1),
    ],
  ])('%s', (_, message, call) => {
    const thrown = expect(() => call(find('reference')));
    thrown.toThrow(RangeError);
    thrown.toThrow(message);
  });
});
