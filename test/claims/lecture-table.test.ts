import { describe, expect, it } from 'vitest';
import { epochsToErrors, pairedMistakes } from '../../src/claims/suite/feedback/hinton2016-lecture-table.ts';

describe('the comparison of the lecture table', () => {
  it('counts epochs until errors first reach the target', () => {
    expect(epochsToErrors([400, 250, 200, 210, 190], 200)).toBe(3);
    expect(epochsToErrors([400, 250], 200)).toBe(2); // a lower bound
  });

  it('is McNemar’s for one seed: mistakes of both arms cancel', () => {
    const count = 10_000;
    // 100 wrong in both, 30 in the first alone, 10 in the second alone.
    const first = Array.from({ length: count }, (_, example) => (example < 130 ? 1 : 0));
    const second = Array.from({ length: count }, (_, example) =>
      example < 100 || (example >= 130 && example < 140) ? 1 : 0,
    );
    const { difference, half } = pairedMistakes([first], [second]);
    expect(difference).toBeCloseTo(20, 9);
    expect(half).toBeCloseTo(1.6449 * Math.sqrt(40 - 20 ** 2 / count), 2);
  });

  it('narrows with more seeds in so far as their mistakes differ', () => {
    const wrongAt = (from: number) =>
      Array.from({ length: 10_000 }, (_, example) => (example >= from && example < from + 50 ? 1 : 0));
    const none = wrongAt(10_000);
    const alike = pairedMistakes([wrongAt(0), wrongAt(0)], [none, none]);
    const others = pairedMistakes([wrongAt(0), wrongAt(5000)], [none, none]);
    expect(alike.difference).toBeCloseTo(50, 9);
    expect(others.difference).toBeCloseTo(50, 9);
    expect(alike.half / others.half).toBeCloseTo(Math.SQRT2, 2);
  });
});
