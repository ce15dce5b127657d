import { Sequence, stream } from '../random/index.ts';
import type { Environment } from './environment.ts';

/** Sizes and noise of a contextual bandit. */
export interface BanditOptions {
  readonly contexts: number;
  readonly arms: number;
  /** Standard deviation of the reward around its mean. */
  readonly noise: number;
}

/**
 * Returns the mean reward of every arm in every context, (contexts × arms) row-major, uniform in 0 … 1. The means are
 * the same for all seeds.
 *
 * @example
 * ```ts
 * import { banditMeans } from 'apical/rules';
 *
 * const means = banditMeans({ contexts: 8, arms: 4 });
 * const best = Math.max(...means.subarray(0, 4)); // the best arm of the first context
 * ```
 */
export function banditMeans({ contexts, arms }: Pick<BanditOptions, 'contexts' | 'arms'>): Float64Array {
  const draws = new Sequence(stream(0, 'environment'));
  return Float64Array.from({ length: contexts * arms }, () => draws.uniform());
}

/**
 * Returns a contextual bandit, or associative search. The agent observes one of several contexts as a one-hot vector
 * and chooses an arm. An episode is one choice, and its reward is the mean of that arm in that context plus normal
 * noise. The task is solved when the mean reward covers 95 % of the distance from chance to the best arms.
 *
 * Source: the associative search network of Barto, Sutton & Brouwer (1981).
 */
export function bandit(options: BanditOptions): Environment {
  const { contexts, arms, noise } = options;
  const means = banditMeans(options);
  const rows = Array.from({ length: contexts }, (_, row) => means.subarray(row * arms, (row + 1) * arms));
  const average = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const chance = average(Array.from(means));
  const best = average(rows.map((row) => Math.max(...row)));
  return {
    id: 'bandit',
    title: `Bandit with ${contexts} contexts and ${arms} arms`,
    summary:
      'One choice per episode: the context is a one-hot vector, and the arm with the highest mean reward depends on it.',
    cites: ['barto1981'],
    observations: contexts,
    actions: { kind: 'discrete', count: arms },
    timeLimit: 1,
    solvedAt: chance + 0.95 * (best - chance),

    reset: (draws) => [Math.floor(contexts * draws.uniform())],

    step: ([context = 0], [arm = 0], draws) => ({
      state: [context],
      reward: (means[context * arms + arm] as number) + (noise > 0 ? noise * draws.normal() : 0),
      terminated: true,
    }),

    observe: ([context]) => Array.from({ length: contexts }, (_, index) => (index === context ? 1 : 0)),
  };
}
