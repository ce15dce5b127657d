import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byScore, halve, planBudget } from '../../src/search/halving.ts';
import type { TrialScore } from '../../src/search/halving.ts';
import { drawPoint, parseVary } from '../../src/search/space.ts';

const RULES = ['backprop', 'node-perturbation'];
const vary = (text: string) => parseVary(text, RULES);

describe('the space of a search', () => {
  const space = [
    vary('optimiser.rate=log:0.0001..0.1'),
    vary('optimiser.momentum=0.5|0.9|0.99'),
    vary('batch=whole:1..8'),
    vary('network.dropout=linear:0..0.5'),
    vary('node-perturbation:ruleOptions.noise=log:1e-3..1e-1'),
    vary('node-perturbation:batch=whole:100..107'),
  ];
  const points = (rule: string) =>
    Array.from({ length: 300 }, (_, trial) => drawPoint(space, rule, 7, trial));

  test('gives all rules the same values where they share a range, and each rule its own range', () => {
    for (const [trial, point] of points('backprop').entries()) {
      const {
        'ruleOptions.noise': noise,
        batch,
        ...shared
      } = drawPoint(space, 'node-perturbation', 7, trial);
      const { batch: sharedBatch, ...rest } = point;
      expect(shared).toEqual(rest);
      expect(noise).toBeGreaterThanOrEqual(1e-3);
      expect(batch).toBe(100 + (sharedBatch as number) - 1);
    }
  });

  test('covers each range evenly, a log range evenly in the exponent, and stays within it', () => {
    const all = points('backprop');
    const rates = all.map((point) => point['optimiser.rate'] as number);
    for (const power of [-4, -3, -2]) {
      const within = rates.filter((rate) => rate >= 10 ** power && rate < 10 ** (power + 1)).length;
      expect(within, `rates from 1e${power}`).toBeGreaterThan(75);
    }
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...rates)).toBeLessThanOrEqual(0.1);
    expect(new Set(all.map((point) => point['optimiser.momentum']))).toEqual(new Set([0.5, 0.9, 0.99]));
    expect(new Set(all.map((point) => point['batch'])).size).toBe(8);
    const dropout = all.map((point) => point['network.dropout'] as number);
    expect(dropout.reduce((sum, value) => sum + value, 0) / 300).toBeCloseTo(0.25, 1);
  });

  test('a value depends on seed, path and trial alone: other ranges and rules do not change it', () => {
    const alone = [vary('optimiser.rate=log:0.0001..0.1')];
    for (const trial of [0, 1, 100_000]) {
      const rate = drawPoint(space, 'backprop', 7, trial)['optimiser.rate'];
      expect(drawPoint(alone, 'node-perturbation', 7, trial)['optimiser.rate']).toBe(rate);
      expect(drawPoint(alone, 'backprop', 8, trial)['optimiser.rate']).not.toBe(rate);
    }
  });

  test.each([
    ['optimiser.rate', 'path=range'],
    ['optimiser.rate=0.1..0.5', 'such as log:0.1..0.5'],
    ['optimiser.rate=log:0..0.5', 'above 0'],
    ['optimiser.rate=log:0.5..0.1', 'from the lower number to the higher'],
    ['optimiser.rate=log:a..b', 'Give two numbers'],
    ['batch=whole:1..8.5', 'whole ends'],
    ['optimiser.rate=0.5', 'two different values'],
    ['optimiser.rate=0.5|0.5', 'two different values'],
    ['node-perturbatoin:ruleOptions.noise=1|2', 'Did you mean "node-perturbation"?'],
    ['optimiser..rate=1|2', 'not a path'],
  ])('%s is refused', (text, words) => {
    expect(() => vary(text)).toThrow(words);
  });
});

describe('the budget', () => {
  test('is never exceeded, is nearly used up, and ends in trials of full length', () => {
    const request = fc.record({
      budget: fc.integer({ min: 1, max: 5000 }),
      epochs: fc.integer({ min: 1, max: 200 }),
      seeds: fc.integer({ min: 1, max: 5 }),
      eta: fc.integer({ min: 2, max: 5 }),
    });
    fc.assert(
      fc.property(request, ({ budget, epochs, seeds, eta }) => {
        let plan: ReturnType<typeof planBudget>;
        try {
          plan = planBudget({ budget, epochs, seeds, eta });
        } catch (error) {
          expect((error as Error).message).toContain('too small');
          return;
        }
        const { rungs, planned } = plan;
        let cost = 0;
        for (const [index, rung] of rungs.entries()) {
          const before = rungs[index - 1];
          cost += seeds * rung.trials * (rung.epochs - (before?.epochs ?? 0));
          if (before) {
            expect(rung.epochs).toBeGreaterThan(before.epochs);
            expect(rung.trials).toBeLessThanOrEqual(before.trials);
          }
        }
        expect(rungs.at(-1)?.epochs).toBe(epochs);
        expect(rungs[0]?.trials).toBeGreaterThan(1);
        expect(planned).toBe(cost);
        expect(planned).toBeLessThanOrEqual(budget);
        // One more trial, trained to full length, would not fit.
        expect(planned + seeds * epochs).toBeGreaterThan(budget);
      }),
    );
  });

  test('that is too small is refused with the smallest budget that works', () => {
    const small = { budget: 3, epochs: 9, seeds: 2 };
    let message = '';
    try {
      planBudget(small);
    } catch (error) {
      message = (error as Error).message;
    }
    const enough = Number(/Give --budget (\d+)/.exec(message)?.[1]);
    expect(planBudget({ ...small, budget: enough }).planned).toBe(enough);
    expect(() => planBudget({ ...small, budget: enough - 1 })).toThrow('too small');
  });
});

describe('successive halving', () => {
  const TRIALS = 81;
  /** The learning rate of each trial; it determines the error that the trial converges to. */
  const rates = Array.from({ length: TRIALS }, (_, trial) =>
    Number(drawPoint([vary('optimiser.rate=log:1e-6..1')], 'backprop', 0, trial)['optimiser.rate']),
  );
  const errorAt = (trial: number, epochs: number) => {
    const rate = rates[trial] as number;
    if (rate > 0.3) return Number.POSITIVE_INFINITY;
    const chance = Math.sin(1000 * trial + epochs) / (50 * epochs);
    return (Math.log10(rate) + 2) ** 2 + 0.5 / epochs + chance;
  };

  test('finds the best trial of a known objective at a fraction of the cost, and skips diverged trials', async () => {
    const { rungs, planned } = planBudget({ budget: 243, epochs: 27, seeds: 1 });
    expect(rungs[0]?.trials).toBe(81);
    let spent = 0;
    const reached = new Map<number, number>();
    const last = new Map<number, TrialScore>();
    const isDone = await halve(rungs, (trial, rung) => {
      const { epochs = 0 } = rungs[rung] ?? {};
      spent += epochs - (reached.get(trial) ?? 0);
      reached.set(trial, epochs);
      const error = errorAt(trial, epochs);
      if (epochs === 27) last.set(trial, { error, loss: error });
      return Promise.resolve({ error, loss: error });
    });
    expect(isDone).toBe(true);
    expect(spent).toBe(planned);
    expect(spent).toBeLessThan((27 * TRIALS) / 5);
    const [best] = [...last].sort(byScore)[0] ?? [];
    const trueBest = [...rates.keys()].reduce((a, b) => (errorAt(b, 27) < errorAt(a, 27) ? b : a));
    expect(best).toBe(trueBest);
    expect([...last.values()].every(({ error }) => Number.isFinite(error))).toBe(true);
  });

  test('stops where it is interrupted and requests no further trials', async () => {
    const { rungs } = planBudget({ budget: 243, epochs: 27, seeds: 1 });
    const requested = new Set<number>();
    const isDone = await halve(rungs, (trial, rung) => {
      requested.add(rung);
      return Promise.resolve(rung === 1 && trial % 2 === 0 ? undefined : { error: trial, loss: 0 });
    });
    expect(isDone).toBe(false);
    expect(requested).toEqual(new Set([0, 1]));
  });
});
