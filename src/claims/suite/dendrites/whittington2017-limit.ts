import { backpropagate } from '../../../dynamics/feedforward/feedforward.ts';
import { predictiveCoding } from '../../../rules/dendrites/predictive-coding.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, Condition, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { relativeDifference, updateOf, withLearner } from '../../fixtures/updates.ts';

/** Computes ‖update − gradient‖ / ‖gradient‖ of settled predictive coding with three hidden areas. */
const difference = (compute: Compute, seed: number, variance: number): number =>
  withLearner(
    compute,
    {
      ...{ rule: predictiveCoding, options: { variance, steps: 1000 }, seed },
      ...{ layers: [10, 8, 8, 8, 4], activation: 'tanh', objective: 'squared-error' },
    },
    (learner, batch) =>
      relativeDifference(updateOf(compute, learner, batch), updateOf(compute, learner, batch, backpropagate)),
  );

const condition = (id: string, from: number, to: number, minimum: number): Condition => ({
  id,
  statement: `Difference from the gradient at Σ = ${from} over that at ${to}, mean over the seeds`,
  unit: '',
  expected: { minimum, maximum: 10, text: `${minimum} to 10` },
});

const limit: Claim = {
  id: 'whittington2017-limit',
  title: 'Predictive coding tends to backpropagation as the assumed variance of outputs grows',
  systems: ['S29'],
  checks: [22],
  source: 'whittington2017',
  provenance: 'derived',
  statement:
    'Once potentials have settled, the update of predictive coding differs from the gradient in proportion to 1/Σ, the inverse of the assumed variance of the outputs.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  // 10 is the limit. At Σ = 10 the series in 1/Σ has further terms, which put the ratio between 7.3 and 8.3.
  conditions: [condition('second-decade', 100, 1000, 8), condition('first-decade', 10, 100, 7)],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const [ten, hundred, thousand] = [10, 100, 1000].map((variance) =>
        difference(compute, seed, variance),
      ) as [number, number, number];
      const values = { 'first-decade': ten / hundred, 'second-decade': hundred / thousand, thousand };
      perSeed.push({ seed, values });
      await progress(perSeed.length / seeds.length);
    }
    const meanOf = (id: string) => mean(perSeed.map(({ values }) => values[id] as number));
    return {
      measured: { 'first-decade': meanOf('first-decade'), 'second-decade': meanOf('second-decade') },
      perSeed,
      details: { 'difference-at-1000': meanOf('thousand') },
    };
  },
};

export const whittington2017Limit: readonly Claim[] = [limit];
