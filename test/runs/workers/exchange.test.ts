import { describe, expect, test, vi } from 'vitest';
import {
  WeightsDiffer,
  exchangeMemory,
  TooFarBehind,
  SharedExchange,
} from '../../../src/runs/workers/exchange.ts';

/*
 * The exchange in one thread: the actions of a slow, dead or hanging participant happen inside another's measurement.
 */

const participants = (count: number, ring: number) => {
  const memory = exchangeMemory({ ring });
  return Array.from({ length: count }, (_, index) => new SharedExchange({ memory, index, ring })) as [
    SharedExchange,
    SharedExchange,
    SharedExchange,
  ];
};

const effectOf = (round: number, sample: number) => Math.sin(100 * round + sample);
const measurement = (round: number, sample: number) => ({ effect: effectOf(round, sample), passes: sample });
const expected = (round: number, count: number) =>
  Array.from({ length: count }, (_, sample) => measurement(round, sample));

test.each([1, 2, 5, 21])('rounds of %i samples are measured once and shared by all', (count) => {
  const [main, worker] = participants(2, 8);
  for (let round = 0; round < 20; round++) {
    let measured = 0;
    const measure = (sample: number) => {
      measured += 1;
      return measurement(round, sample);
    };
    expect(main.round(count, measure)).toEqual(expected(round, count));
    // The ring holds the last eight samples only, so a later worker would be too far behind.
    if (count > 8) continue;
    expect(measured).toBe(count);
    expect(worker.round(count, measure)).toEqual(expected(round, count));
    expect(measured).toBe(count);
  }
});

test('values arrive unchanged, including NaN and infinities', () => {
  const [main, worker] = participants(2, 16);
  const effects = [0, -0, NaN, Infinity, -Infinity, 5e-324, 1 / 3];
  main.round(effects.length, (sample) => ({ effect: effects[sample] as number, passes: 2 ** 40 }));
  const seen = worker.round(effects.length, () => ({ effect: 0, passes: 0 }));
  expect(seen).toEqual(effects.map((effect) => ({ effect, passes: 2 ** 40 })));
});

test('a worker that claims a sample and stays silent does not block the others, and does no harm later', () => {
  const [main, worker] = participants(2, 64);
  const byMain: number[] = [];
  let interrupted = false;
  const late = worker.round(6, (sample) => {
    if (!interrupted) {
      interrupted = true;
      const all = main.round(6, (index) => {
        byMain.push(index);
        return measurement(0, index);
      });
      expect(all).toEqual(expected(0, 6));
    }
    return measurement(0, sample);
  });
  expect(byMain.sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(late).toEqual(expected(0, 6));
  // Both continue with the next round.
  expect(worker.round(3, (sample) => measurement(1, sample))).toEqual(expected(1, 3));
  expect(main.round(3, (sample) => measurement(1, sample))).toEqual(expected(1, 3));
});

test('the main participant measures the first sample of a round first, even if a worker has done so', () => {
  const [main, worker] = participants(2, 64);
  for (let round = 0; round < 3; round++) {
    worker.round(4, (sample) => measurement(round, sample));
    const order: number[] = [];
    main.round(4, (sample) => {
      order.push(sample);
      return measurement(round, sample);
    });
    expect(order).toEqual([0]);
  }
});

test('a worker behind the main participant is not overtaken because another worker is far ahead', () => {
  const [main, slow, fast] = participants(3, 16);
  const take = (participant: SharedExchange, round: number) =>
    expect(participant.round(2, (sample) => measurement(round, sample))).toEqual(expected(round, 2));
  // A wait without a limit is for the main participant; in one thread it would never end.
  const wait = vi.spyOn(Atomics, 'wait').mockImplementation((...[, , , limit]) => {
    if (limit === undefined) throw new Error('blocked');
    return 'timed-out';
  });
  try {
    const ahead = () => {
      for (let round = 0; round < 99; round++) take(fast, round);
    };
    for (let round = 0; round < 4; round++) take(main, round);
    expect(ahead).toThrow('blocked');
  } finally {
    wait.mockRestore();
  }
  for (let round = 0; round < 4; round++) take(slow, round);
});

test('a worker that was overtaken by a whole ring stops and does no harm', () => {
  const [main, worker] = participants(2, 8);
  const go = (round: number) => main.round(4, (sample) => measurement(round, sample));
  const overtaken = () =>
    worker.round(4, (sample) => {
      for (let round = 0; round < 3; round++) expect(go(round)).toEqual(expected(round, 4));
      return measurement(0, sample);
    });
  expect(overtaken).toThrow(TooFarBehind);
  expect(() => worker.round(4, (sample) => measurement(0, sample))).toThrow(TooFarBehind);
  for (let round = 3; round < 9; round++) expect(go(round)).toEqual(expected(round, 4));
});

describe('a worker with other weights', () => {
  const withOtherWeights = () => {
    const both = participants(2, 64);
    both[0].guard(() => 7);
    both[1].guard(() => 8);
    return both;
  };
  const wrong = (sample: number) => ({ effect: -sample, passes: 0 });

  test('that is ahead is ignored and stopped', () => {
    const [main, worker] = withOtherWeights();
    worker.round(4, wrong);
    expect(main.round(4, (sample) => measurement(0, sample))).toEqual(expected(0, 4));
    expect(() => worker.round(4, wrong)).toThrow(WeightsDiffer);
  });

  test('that comes second stops itself', () => {
    const [main, worker] = withOtherWeights();
    main.round(4, (sample) => measurement(0, sample));
    expect(() => worker.round(4, wrong)).toThrow(WeightsDiffer);
  });
});
