import { describe, expect, test } from 'vitest';
import { meanInterval, pairedInterval } from '../../src/analysis/statistics.ts';

/** Student's t at 97.5 %, by degrees of freedom: Abramowitz & Stegun (1964), table 26.10. */
const STUDENT = [
  [1, 12.706],
  [2, 4.303],
  [4, 2.776],
  [9, 2.262],
  [29, 2.045],
] as const;

describe('the 95 % interval of a mean', () => {
  test.each(STUDENT)('has the half width t · s / √n with %i degrees of freedom', (freedom, quantile) => {
    const count = freedom + 1;
    const values = Array.from({ length: count }, (_, index) => 10 + (index % 2 === 0 ? 1 : -1) * (index + 1));
    const { mean, interval } = meanInterval(values);
    const average = values.reduce((sum, value) => sum + value) / count;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / freedom);
    expect(mean).toBeCloseTo(average, 12);
    expect((interval as number) / (deviation / Math.sqrt(count))).toBeCloseTo(quantile, 3);
  });

  test('of 2, 4, 6 is 4 ± 4.968', () => {
    const { mean, interval } = meanInterval([2, 4, 6]);
    expect(mean).toBe(4);
    expect(interval).toBeCloseTo(4.968, 3);
  });

  test('is unknown for one value, and 0 for equal ones', () => {
    expect(meanInterval([0.3])).toEqual({ mean: 0.3, interval: null });
    expect(meanInterval([0.5, 0.5, 0.5])).toEqual({ mean: 0.5, interval: 0 });
  });
});

describe('paired differences', () => {
  test('reveal a small difference that the spread between seeds hides', () => {
    const first = [0.1, 0.2, 0.3, 0.4];
    const second = first.map((value, index) => value - 0.01 + (index % 2 === 0 ? 0.001 : -0.001));
    const { mean, interval } = pairedInterval(first, second);
    expect(mean).toBeCloseTo(0.01, 12);
    expect(interval as number).toBeLessThan(mean);
    expect(meanInterval(first).interval as number).toBeGreaterThan(0.1);
  });

  test('change sign with the order', () => {
    const [a, b] = [pairedInterval([3, 5], [1, 9]), pairedInterval([1, 9], [3, 5])];
    expect(a.mean).toBe(-b.mean);
    expect(a.interval).toBe(b.interval);
  });
});
