import { describe, expect, test } from 'vitest';
import {
  banditMeans,
  checkEnvironment,
  environmentById,
  environmentIds,
} from '../../src/environments/index.ts';
import type { Environment } from '../../src/environments/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';

const draws = (seed = 0) => new Sequence(stream(seed, 'test'));

describe.each(environmentIds)('%s', (id) => {
  const environment = environmentById(id);

  test('meets the contract', () => {
    expect(checkEnvironment(environment, id)).toBe(environment);
  });

  test('depends on its draws alone and does not change its arguments', () => {
    const play = (seed: number) => {
      const source = draws(seed);
      const state = Object.freeze(environment.reset(source));
      const { state: next, reward } = environment.step(state, Object.freeze([1]), source);
      return { state, next, reward, seen: environment.observe(next) };
    };
    expect(play(1)).toEqual(play(1));
    expect(play(1)).not.toEqual(play(2));
  });
});

test('the bandit pays its mean rewards, and choosing the best arms solves it', () => {
  const bandit = environmentById('bandit', { contexts: 5, arms: 3, noise: 0 });
  const means = banditMeans({ contexts: 5, arms: 3 });
  let best = 0;
  for (let context = 0; context < 5; context++) {
    const paid = [0, 1, 2].map((arm) => bandit.step([context], [arm], draws()).reward);
    expect(paid).toEqual([...means.subarray(3 * context, 3 * context + 3)]);
    best += Math.max(...paid) / 5;
  }
  expect(best).toBeGreaterThan(bandit.solvedAt ?? Infinity);
  expect(means.reduce((sum, mean) => sum + mean, 0) / 15).toBeLessThan(bandit.solvedAt ?? -Infinity);
});

test.each([
  ['cart-pol', {}, 'environment.unknown', 'Did you mean "cart-pole"?'],
  ['bandit', { arm: 3 }, 'environment.option', 'Did you mean "arms"?'],
  ['bandit', { arms: 1 }, 'environment.option', 'is 1; it must be a whole number from 2 to 1000'],
  ['pendulum', { substeps: 2.5 }, 'environment.option', 'a whole number'],
])('%s with %j is refused', (id, options, code, words) => {
  expect(() => environmentById(id, options as Record<string, number>)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(words) as string }),
  );
});

describe('checkEnvironment', () => {
  const good: Environment = {
    id: 'mine',
    title: 'Mine',
    summary: '',
    cites: [],
    observations: 2,
    actions: { kind: 'discrete', count: 2 },
    timeLimit: 10,
    reset: () => [0],
    step: ([value = 0], [action = 0]) => ({ state: [value + action], reward: 1, terminated: value > 3 }),
    observe: ([value = 0]) => [value, 1],
  };
  test('returns a correct environment', () => expect(checkEnvironment(good, 'here')).toBe(good));

  test.each([
    ['no export', undefined, 'export default'],
    ['no observations', { observations: undefined }, '"observations"'],
    ['half an observation', { observations: 2.5 }, '"observations"'],
    ['an unknown kind of actions', { actions: { kind: 'any' } }, '"actions'],
    ['a single action', { actions: { kind: 'discrete', count: 1 } }, '"actions.count" must be at least 2'],
    [
      'bounds of different lengths',
      { actions: { kind: 'continuous', low: [0], high: [1, 2] } },
      '"actions" must have a low',
    ],
    [
      'reversed bounds',
      { actions: { kind: 'continuous', low: [1], high: [0] } },
      '"actions" must have a low',
    ],
    ['no time', { timeLimit: 0 }, '"timeLimit" must be at least 1'],
    ['no step function', { step: 4 }, '"step" must be a function'],
  ])('refuses %s', (_what, fields, words) => {
    const candidate = fields && { ...good, ...fields };
    expect(() => checkEnvironment(candidate, 'The file here')).toThrow(
      expect.objectContaining({
        code: 'environment.contract',
        message: expect.stringMatching(
          new RegExp(`^The file here does not export.*${words.replace(/[.]/g, '\\.')}`),
        ) as string,
      }),
    );
  });

  test.each([
    [
      'an observation that is too long',
      { observe: () => [1, 2, 3] },
      'observe(state) returned 3 numbers, but there must be 2',
    ],
    ['an observation that is not an array', { observe: () => 1 }, 'observe(state) returned 1, not an array'],
    [
      'an observation that is not finite',
      { observe: () => [1, NaN] },
      'observe(state) returned NaN at index 1',
    ],
    ['an initial state that is not an array', { reset: () => ({}) }, 'reset(draws) returned {}'],
    ['an empty state', { reset: () => [] }, 'a state must have at least one'],
    [
      'a state that grows',
      { step: () => ({ state: [1, 2], reward: 0, terminated: false }) },
      'the state of step(state, action, draws) returned 2 numbers, but there must be 1',
    ],
    [
      'a reward that is not a number',
      { step: () => ({ state: [1], reward: '1', terminated: false }) },
      'the reward "1",',
    ],
    [
      'a value of terminated that is not a boolean',
      { step: () => ({ state: [1], reward: 1, terminated: 0 }) },
      'terminated = 0',
    ],
    ['a promise', { step: () => Promise.resolve() }, 'returned a promise'],
    [
      'an exception',
      {
        step: () => {
          throw new Error('no luck');
        },
      },
      'threw "no luck"',
    ],
  ])('refuses %s in the trial', (_what, fields, words) => {
    expect(() => checkEnvironment({ ...good, ...fields }, 'here')).toThrow(
      expect.objectContaining({
        code: 'environment.step',
        message: expect.stringContaining(words) as string,
      }),
    );
  });
});
