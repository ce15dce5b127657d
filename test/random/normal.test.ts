import { describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { normalFromBits, Sequence, stream } from '../../src/random/index.ts';

const WORDS = 2 ** 32;

describe('normal deviates', () => {
  // Quantiles of the standard normal distribution, from tables.
  test.each([
    [0.5, 0],
    [0.75, 0.674489750196082],
    [0.9, 1.281551565544601],
    [0.925, 1.439531470938456],
    [0.975, 1.959963984540054],
    [0.99, 2.326347874040841],
    [0.999, 3.090232306167813],
    [1 - 1e-6, 4.753424308822899],
    [1 - 1e-9, 5.997807015007773],
  ])('the quantile at %f is %f', (probability, quantile) => {
    // Cells have a width of 2⁻³², which moves a quantile by at most half a cell over the density there.
    const density = Math.exp((-quantile * quantile) / 2) / Math.sqrt(2 * Math.PI);
    const cell = 1 / WORDS / density;
    const value = normalFromBits(Math.min(WORDS - 1, Math.floor(probability * WORDS)));
    expect(Math.abs(value - quantile)).toBeLessThan(cell + 3e-7 * (1 + quantile));
  });

  test('are symmetric: the complement of the bits gives exactly the negative deviate', () => {
    const draws = new Sequence(stream(1, 'bits'));
    for (let index = 0; index < 5_000; index++) {
      const bits = draws.bits();
      expect(normalFromBits(WORDS - 1 - bits)).toBe(-normalFromBits(bits));
    }
  });

  test('increase with the bits and stay finite, from the lowest to the highest', () => {
    // This grid covers every branch and both seams (|q| = 0.425 and r = 5).
    const seams = [0.075, 0.925, Math.exp(-25), 1 - Math.exp(-25)].map((p) => Math.floor(p * WORDS));
    const grid = [
      ...Array.from({ length: 4_001 }, (_, i) => Math.floor((i * (WORDS - 1)) / 4_000)),
      ...seams.flatMap((bits) => Array.from({ length: 41 }, (_, i) => bits - 20 + i)),
    ]
      .map((bits) => Math.min(WORDS - 1, Math.max(0, bits)))
      .sort((a, b) => a - b);
    let last = -Infinity;
    for (const bits of grid) {
      const value = normalFromBits(bits);
      // One unit in the last place of a float may be lost at a seam.
      expect(value).toBeGreaterThanOrEqual(last - 3e-7 * Math.abs(last === -Infinity ? 0 : last));
      last = value;
    }
    expect(normalFromBits(0)).toBeCloseTo(-6.33, 1);
    expect(normalFromBits(WORDS - 1)).toBeCloseTo(6.33, 1);
  });

  test('have the moments of the standard normal distribution', () => {
    const draws = new Sequence(stream(7, 'moments'));
    const count = 200_000;
    const sums = [0, 0, 0, 0];
    for (let index = 0; index < count; index++) {
      const value = draws.normal();
      for (let power = 1; power <= 4; power++) sums[power - 1] = (sums[power - 1] ?? 0) + value ** power;
    }
    // E x, E x², E x³, E x⁴ within five standard errors; Var xⁿ = E x²ⁿ − (E xⁿ)².
    for (const [index, [mean, variance]] of [
      [0, 1] as const,
      [1, 2] as const,
      [0, 15] as const,
      [3, 96] as const,
    ].entries()) {
      expect(Math.abs((sums[index] ?? NaN) / count - mean)).toBeLessThan(5 * Math.sqrt(variance / count));
    }
  });

  test('have the same bits in wasm, far into the tails', async () => {
    const [expected, drawn] = await Promise.all(
      (['reference', 'wasm'] as const).map(async (backend) => {
        const compute = await openBackend({ backend, threads: 1 });
        const out = compute.allocate([1000, 401]);
        compute.drawNormal(out, 0, 1, stream(2, 'bits'), 0);
        const values = Float32Array.from(out.data);
        compute.dispose();
        return values;
      }),
    );
    expect(
      (expected ?? new Float32Array()).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    ).toBeGreaterThan(4.5);
    // One expectation for each of 400 000 values would take seconds.
    expect(drawn?.every((value, index) => Object.is(value, expected?.[index]))).toBe(true);
  });
});

test('exponential deviates are −ln of the centre of the cell of (0, 1) that the bits select', () => {
  const draws = new Sequence(stream(2, 'waiting times'));
  const again = new Sequence(stream(2, 'waiting times'));
  for (let index = 0; index < 1000; index++) {
    expect(again.exponential()).toBeCloseTo(-Math.log((draws.bits() + 0.5) / WORDS), 9);
  }
});
