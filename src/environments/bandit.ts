import { Sequence, stream } from '../random/index.ts';
import type { Environment } from './environment.ts';

export interface BanditOptions {
  readonly contexts: number;
  readonly arms: number;
  /** Standard deviation of the reward about its mean. */
  readonly noise: number;
}

/** Mean reward of every arm in every context, (contexts × arms) row-major, uniform in 0 … 1; the same for all seeds. */
export function banditMeans({ contexts, arms }: Pick<BanditOptions, 'contexts' | 'arms'>): Float64Array {
  const draws = new Sequence(stream(0, 'environment'));
  return Float64Array.from({ length: contexts * arms }, () => draws.uniform());
}

/**
 * Associative search: in each of several contexts, seen as a one-hot input, one of the arms pays best on average. An
 * episode is one choice; its reward is the mean of that arm in that context plus normal noise. Solved when the mean
 * reward has covered 95 % of the way from chance to the best arms.
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
      'One choice an episode: in each context, seen as a one-hot input, another arm pays best on average.',
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
