import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { compareAt } from '../../fixtures/nudged-update.ts';

const SEEDS = seedsUpTo(10);

const smallest = (values: readonly number[]) => Math.min(...values);
const largest = (values: readonly number[]) => Math.max(...values);

const gradient: Claim = {
  id: 'scellier2017-gradient',
  title: 'The update of equilibrium propagation is the gradient of recurrent backpropagation',
  systems: ['S02', 'S19'],
  checks: [14],
  source: 'scellier2017',
  provenance: 'derived',
  statement:
    'For a small nudge, the difference of two local products divided by the nudge is the gradient of the cost at the free fixed point.',
  tier: 'exact',
  backend: 'reference',
  seeds: SEEDS,
  conditions: [
    {
      id: 'cosine',
      statement:
        'Cosine between the update at β = 0.02 and the gradient, 12 logistic units in layers, smallest over the seeds and over one-sided and symmetric nudges',
      unit: '',
      expected: { minimum: 0.9995, text: 'above 0.9995' },
    },
    {
      id: 'symmetric-error',
      statement: 'Relative error of the update with a symmetric nudge of 0.02, largest over the seeds',
      unit: '',
      expected: { maximum: 5e-3, text: 'below 0.005' },
    },
    {
      id: 'every-pair-error',
      statement: 'The same with every pair of units joined, within areas and across them',
      unit: '',
      expected: { maximum: 5e-3, text: 'below 0.005' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    const oneSidedErrors: number[] = [];
    for (const seed of seeds) {
      const oneSided = compareAt(compute, seed, 0.02, 'one', false);
      const symmetric = compareAt(compute, seed, 0.02, 'symmetric', false);
      await progress((perSeed.length + 0.5) / seeds.length);
      const everyPair = compareAt(compute, seed, 0.02, 'symmetric', true);
      oneSidedErrors.push(oneSided.error);
      perSeed.push({
        seed,
        values: {
          cosine: Math.min(oneSided.cosine, symmetric.cosine),
          'symmetric-error': symmetric.error,
          'every-pair-error': everyPair.error,
        },
      });
      await progress(perSeed.length / seeds.length);
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: {
        cosine: smallest(all('cosine')),
        'symmetric-error': largest(all('symmetric-error')),
        'every-pair-error': largest(all('every-pair-error')),
      },
      perSeed,
      details: { 'relative error, one-sided, mean': mean(oneSidedErrors) },
      note: 'The reference is recurrent backpropagation, which the tests compare with finite differences of the settled cost.',
    };
  },
};

export const scellier2017Gradient: readonly Claim[] = [gradient];
