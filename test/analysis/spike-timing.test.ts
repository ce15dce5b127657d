import { describe, expect, test } from 'vitest';
import { spikesOf, sumOverPairs, TimingWindow } from '../../src/analysis/index.ts';
import type { Ramp } from '../../src/analysis/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';

const window = new TimingWindow(0.02, 0.06);

/** Returns mean, standard error and variance of the sum over pairs in many presentations of two rate courses. */
function presented(pre: Ramp, post: Ramp, count: number) {
  const { reach } = window;
  const sums = Array.from({ length: count }, (_, index) => {
    const [before, behind] = [pre, post].map((course, axon) =>
      spikesOf(
        new Sequence(stream(5, `axon ${axon}`), index),
        course,
        axon === 0 ? -reach : -2 * reach,
        course.duration + (axon === 0 ? reach : 2 * reach),
      ),
    ) as [number[], number[]];
    return sumOverPairs(window, before, behind);
  });
  const mean = sums.reduce((sum, value) => sum + value, 0) / count;
  const variance = sums.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, error: Math.sqrt(variance / count), variance };
}

describe('a window of spike timing', () => {
  test('is antisymmetric, potentiates if pre fires before post, ends at its reach, and has first moment 1', () => {
    expect(window.at(0.01)).toBeGreaterThan(0);
    expect(window.at(-0.01)).toBe(-window.at(0.01));
    expect([window.at(0), window.at(0.061), window.at(-0.061)].map(Math.abs)).toEqual([0, 0, 0]);
    const slots = 1e5;
    const width = (2 * window.reach) / slots;
    let moment = 0;
    for (let slot = 0; slot < slots; slot++) {
      const delay = (slot + 0.5) * width - window.reach;
      moment += window.at(delay) * delay * width;
    }
    expect(moment).toBeCloseTo(1, 6);
  });

  test('sums over every pair within reach', () => {
    const [pre, post] = [
      [0, 0.1, 0.11],
      [-0.05, 0.01, 0.105, 0.4],
    ];
    const all = pre.flatMap((s) => post.map((u) => window.at(u - s)));
    expect(sumOverPairs(window, pre, post)).toBeCloseTo(
      all.reduce((sum, value) => sum + value, 0),
      9,
    );
  });
});

describe('Poisson spikes', () => {
  const still = (rate: number, duration: number): Ramp => ({ before: rate, after: rate, duration });

  test('have a sum over pairs of mean 0 at constant rates, with the predicted variance', () => {
    for (const [p, q, duration] of [
      [40, 60, 0.02],
      [80, 30, 0.3],
    ] as const) {
      const { mean, error, variance } = presented(still(p, duration), still(q, duration), 6000);
      expect(Math.abs(mean)).toBeLessThan(4 * error);
      const law = window.variance(p, q, duration + 2 * window.reach);
      expect(Math.abs(variance / law - 1)).toBeLessThan(0.08);
    }
  });

  test('have a mean sum of pre × the change of post, however fast, with the mean of pre if that changes too', () => {
    for (const duration of [0.01, 0.2]) {
      const post = { before: 20, after: 100, duration };
      const constant = presented(still(50, duration), post, 6000);
      expect(Math.abs(constant.mean - 50 * 80)).toBeLessThan(4 * constant.error);
      expect(constant.error).toBeLessThan(50 * 80 * 0.05);
      const both = presented({ before: 100, after: 20, duration }, post, 6000);
      expect(Math.abs(both.mean - 60 * 80)).toBeLessThan(4 * both.error);
    }
  });

  test('follow the given course of rates', () => {
    const course = { before: 10, after: 90, duration: 0.4 };
    let [early, late] = [0, 0];
    for (let index = 0; index < 2000; index++) {
      const spikes = spikesOf(new Sequence(stream(9, 'course'), index), course, -0.2, 0.6);
      expect([...spikes].sort((a, b) => a - b)).toEqual(spikes);
      early += spikes.filter((time) => time < 0).length;
      late += spikes.filter((time) => time >= 0 && time < 0.4).length;
    }
    expect(Math.abs(early / 2000 - 2)).toBeLessThan(4 * Math.sqrt(2 / 2000));
    expect(Math.abs(late / 2000 - 20)).toBeLessThan(4 * Math.sqrt(20 / 2000));
    expect(spikesOf(new Sequence(stream(9, 'silent')), { before: 0, after: 0, duration: 1 }, 0, 9)).toEqual(
      [],
    );
  });
});
