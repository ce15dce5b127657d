import { describe, expect, it } from 'vitest';
import { evaluateConditions, liesWithin, statusOf } from '../../src/claims/index.ts';
import { fakeClaim } from './fixture.ts';

const statusWith = (error: number, angle: number) =>
  statusOf(evaluateConditions(fakeClaim(), { measured: { error, angle }, perSeed: [] }));

describe('the verdict on a claim', () => {
  it('is reproduced when all conditions hold, partly when some do, not-reproduced when none does', () => {
    expect(statusWith(0.05, 31)).toBe('reproduced');
    expect(statusWith(0.05, 41)).toBe('partly');
    expect(statusWith(0.2, 31)).toBe('partly');
    expect(statusWith(0.2, 41)).toBe('not-reproduced');
  });

  it('includes the ends of an interval, and treats an absent end as no bound', () => {
    const angle = { minimum: 20, maximum: 40, text: '' };
    expect([20, 40, 19.999, 40.001].map((value) => liesWithin(angle, value))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(liesWithin({ minimum: 0, text: '' }, 1e300)).toBe(true);
    expect(liesWithin({ maximum: 0, text: '' }, -1e300)).toBe(true);
  });

  it('never accepts a diverged figure, and keeps it as null', () => {
    for (const figure of [NaN, Infinity, -Infinity]) {
      const [error] = evaluateConditions(fakeClaim(), {
        measured: { error: figure, angle: 31 },
        perSeed: [],
      });
      expect(error).toMatchObject({ measured: null, holds: false });
    }
  });

  it('names a condition that was not measured', () => {
    expect(() => evaluateConditions(fakeClaim(), { measured: { error: 0 }, perSeed: [] })).toThrow(/"angle"/);
  });
});
