import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blasBackend } from '../../src/backends/blas/index.ts';
import { openBackend, provideBlas } from '../../src/backends/open.ts';
import {
  bitsAt,
  normalFromBits,
  Sequence,
  stream,
  thresholdOf,
  uniformFromBits,
} from '../../src/random/index.ts';
import type { Stream } from '../../src/random/index.ts';
import type { Compute, Tensor } from '../../src/tensor/index.ts';

provideBlas(blasBackend);

/** Returns the Pearson correlation of two sequences of uniform numbers. */
function correlation(a: Stream, b: Stream, count: number): number {
  const x = Array.from({ length: count }, (_, i) => uniformFromBits(bitsAt(a, 0, 0, i)) - 0.5);
  const y = Array.from({ length: count }, (_, i) => uniformFromBits(bitsAt(b, 0, 0, i)) - 0.5);
  const dot = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + value * (v[i] as number), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** Returns Pearson's χ² of counts against equal shares. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, value) => sum + value, 0) / counts.length;
  return counts.reduce((sum, value) => sum + (value - expected) ** 2 / expected, 0);
}

/** Returns the bound that χ² with these degrees of freedom exceeds once in ten thousand (Wilson & Hilferty). */
const chiSquareBound = (degrees: number) =>
  degrees * (1 - 2 / (9 * degrees) + 3.719 * Math.sqrt(2 / (9 * degrees))) ** 3;

describe('streams', () => {
  const base = stream(3, 'weights input→hidden1');

  test.each([
    ['another name', stream(3, 'weights input→hidden2')],
    ['a name one letter longer', stream(3, 'weights input→hidden11')],
    ['the next seed', stream(4, 'weights input→hidden1')],
    ['a seed that differs above 32 bits', stream(3 + 2 ** 32, 'weights input→hidden1')],
  ])('%s gives unrelated numbers', (_, other) => {
    expect(Math.abs(correlation(base, other, 10_000))).toBeLessThan(5 / Math.sqrt(10_000));
  });

  test('many names and seeds all have different keys', () => {
    const names = Array.from({ length: 200 }, (_, i) => `dropout hidden${i}`);
    const reversed = names.map((name) => Array.from(name).reverse().join(''));
    const keys = [...names, ...reversed].flatMap((name) =>
      Array.from({ length: 20 }, (_, seed) => {
        const { key0, key1 } = stream(seed, name);
        return `${key0} ${key1}`;
      }),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('steps, rows and columns give unrelated numbers', () => {
    const seen = new Set<number>();
    let count = 0;
    for (const step of [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40]) {
      for (let row = 0; row < 10; row++) {
        for (let column = 0; column < 20; column++, count++) seen.add(bitsAt(base, step, row, column));
      }
    }
    // A thousand draws of 32 bits: the chance of even one coincidence is 1e-4.
    expect(seen.size).toBe(count);
  });

  test('uniform numbers fill [0, 1) evenly, from 0 to 1 − 2⁻²⁴', () => {
    expect(uniformFromBits(0)).toBe(0);
    expect(uniformFromBits(0xffffffff)).toBe(1 - 2 ** -24);
    const draws = new Sequence(stream(2, 'uniform'));
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const cell = Math.floor(draws.uniform() * 64);
      counts[cell] = (counts[cell] ?? NaN) + 1;
    }
    expect(chiSquare(counts)).toBeLessThan(chiSquareBound(63));
  });
});

describe('a sequence', () => {
  test.each([1, 2, 3, 6, 10, 1000])('draws integers below %i with equal chances', (limit) => {
    const draws = new Sequence(stream(11, `below ${limit}`));
    const counts = new Array<number>(limit).fill(0);
    for (let i = 0; i < 50 * limit + 10_000; i++) {
      const value = draws.below(limit);
      counts[value] = (counts[value] ?? NaN) + 1;
    }
    // A value that is no integer below the limit would have added an entry.
    expect(Object.keys(counts).length).toBe(limit);
    expect(counts.every(Number.isInteger)).toBe(true);
    if (limit > 1) expect(chiSquare(counts)).toBeLessThan(chiSquareBound(limit - 1));
  });

  test('is unbiased where a plain remainder would be biased: below 3·2³⁰', () => {
    // bits mod 3·2³⁰ would be in the lowest third twice as often as in the others.
    const draws = new Sequence(stream(12, 'large limit'));
    const counts = [0, 0, 0];
    for (let i = 0; i < 6_000; i++) {
      const third = Math.floor(draws.below(3 * 2 ** 30) / 2 ** 30);
      counts[third] = (counts[third] ?? NaN) + 1;
    }
    expect(chiSquare(counts)).toBeLessThan(chiSquareBound(2));
  });

  test('shuffles to every permutation with equal probability', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.nat(), (length, seed) => {
        const values = Int32Array.from({ length }, (_, i) => i);
        new Sequence(stream(seed, 'shuffle')).shuffle(values);
        expect([...values].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
      { numRuns: 50, seed: 1 },
    );
    const counts = new Map<string, number>();
    const draws = new Sequence(stream(13, 'permutations'));
    for (let i = 0; i < 12_000; i++) {
      const values = Int32Array.of(0, 1, 2, 3);
      draws.shuffle(values);
      counts.set(values.join(''), (counts.get(values.join('')) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()])).toBeLessThan(chiSquareBound(23));
  });

  test('repeats its numbers for the same step', () => {
    const take = (step: number) => {
      const draws = new Sequence(stream(1, 'order'), step);
      return Array.from({ length: 9 }, () => draws.bits());
    };
    expect(take(5)).toEqual(take(5));
    expect(take(5)).not.toEqual(take(6));
  });
});

describe.each(['reference', 'wasm', 'blas'] as const)('draws on %s', (backend) => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openBackend({ backend });
  });
  afterAll(() => compute.dispose());

  const source = stream(9, 'draws');
  const draws: Record<string, (out: Tensor, step: number, firstRow?: number) => void> = {
    uniform: (out, step, firstRow) => compute.drawUniform(out, -0.3, 0.7, source, step, firstRow),
    normal: (out, step, firstRow) => compute.drawNormal(out, 0.5, 2, source, step, firstRow),
    Bernoulli: (out, step, firstRow) => compute.drawBernoulli(out, 0.37, 1 / 0.37, source, step, firstRow),
  };

  test.each(Object.keys(draws))('%s: a thousand rows at once equal a thousand rows one by one', (kind) => {
    const draw = draws[kind] as (typeof draws)[string];
    for (const columns of [1, 3, 4, 17, 33, 63, 64, 65, 130]) {
      for (const step of [0, 2 ** 32 + 5]) {
        const whole = compute.allocate([1000, columns]);
        draw(whole, step);
        const row = compute.allocate([1, columns]);
        const singly: number[] = [];
        for (let first = 0; first < 1000; first++) {
          draw(row, step, first);
          singly.push(...row.toArray());
        }
        expect(singly).toEqual(whole.toArray());
        compute.free(whole);
        compute.free(row);
      }
    }
  });

  test('depend on the bits of (stream, step, row, column) alone', () => {
    const step = 2 ** 34 + 3;
    const out = compute.allocate([5, 9]);
    const f = Math.fround;
    const rules: Record<string, (bits: number) => number> = {
      uniform: (bits) => f(f(uniformFromBits(bits) * f(0.7 + 0.3)) + f(-0.3)),
      normal: (bits) => f(f(normalFromBits(bits) * 2) + 0.5),
      Bernoulli: (bits) => (bits < thresholdOf(0.37) ? f(1 / 0.37) : 0),
    };
    for (const [kind, rule] of Object.entries(rules)) {
      draws[kind]?.(out, step, 100);
      const expected = Array.from({ length: 45 }, (_, i) =>
        rule(bitsAt(source, step, 100 + Math.floor(i / 9), i % 9)),
      );
      expect(out.toArray()).toEqual(expected);
    }
  });

  test('Bernoulli numbers occur never for probability 0, always for 1, and else at the given rate', () => {
    const out = compute.allocate([100, 101]);
    compute.drawBernoulli(out, 0, 3, source, 1);
    expect(out.toArray().every((value) => value === 0)).toBe(true);
    compute.drawBernoulli(out, 1, 3, source, 1);
    expect(out.toArray().every((value) => value === 3)).toBe(true);
    for (const probability of [0.001, 0.2, 0.5, 0.8]) {
      compute.drawBernoulli(out, probability, 1, source, 2);
      const share = out.toArray().reduce((sum, value) => sum + value, 0) / out.size;
      expect(Math.abs(share - probability)).toBeLessThan(
        5 * Math.sqrt((probability * (1 - probability)) / out.size),
      );
    }
  });

  test('uniform numbers stay within their bounds and come close to both', () => {
    const out = compute.allocate([200, 100]);
    compute.drawUniform(out, -0.25, 0.75, source, 4);
    const values = out.toArray();
    const low = Math.min(...values);
    const high = Math.max(...values);
    expect(low).toBeGreaterThanOrEqual(-0.25);
    expect(low).toBeLessThan(-0.249);
    expect(high).toBeLessThan(0.75);
    expect(high).toBeGreaterThan(0.749);
  });
});
