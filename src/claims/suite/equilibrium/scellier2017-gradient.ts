import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/linear-task.ts';
import { compareAt } from '../../fixtures/nudged-update.ts';

const SEEDS = seedsUpTo(10);

const least = (values: readonly number[]) => Math.min(...values);
const most = (values: readonly number[]) => Math.max(...values);

const gradient: Claim = {
  id: 'scellier2017-gradient',
  title: 'The update of equilibrium propagation is the gradient that recurrent backpropagation computes',
  systems: ['S02', 'S19'],
  checks: [14],
  source: 'scellier2017',
  provenance: 'derived',
  statement:
    'With a small nudge, the difference of two local products over the nudge is the gradient of the cost at the free fixed point.',
  tier: 'exact',
  backend: 'reference',
  seeds: SEEDS,
  conditions: [
    {
      id: 'cosine',
      statement:
        'Cosine between the update at β = 0.02 and the gradient, 12 logistic units, layered; least over the seeds and both ways to nudge',
      unit: '',
      expected: { minimum: 0.9995, text: 'above 0.9995' },
    },
    {
      id: 'symmetric-error',
      statement: 'Relative error of the update by a symmetric nudge of 0.02, largest over the seeds',
      unit: '',
      expected: { maximum: 5e-3, text: 'below 0.005' },
    },
    {
      id: 'every-pair-error',
      statement: 'The same where units are joined within areas and across them too',
      unit: '',
      expected: { maximum: 5e-3, text: 'below 0.005' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    const oneSided: number[] = [];
    for (const seed of seeds) {
      const one = compareAt(compute, seed, 0.02, 'one', false);
      const symmetric = compareAt(compute, seed, 0.02, 'symmetric', false);
      await progress((perSeed.length + 0.5) / seeds.length);
      const everyPair = compareAt(compute, seed, 0.02, 'symmetric', true);
      oneSided.push(one.error);
      perSeed.push({
        seed,
        values: {
          cosine: Math.min(one.cosine, symmetric.cosine),
          'symmetric-error': symmetric.error,
          'every-pair-error': everyPair.error,
        },
      });
      await progress(perSeed.length / seeds.length);
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: {
        cosine: least(all('cosine')),
        'symmetric-error': most(all('symmetric-error')),
        'every-pair-error': most(all('every-pair-error')),
      },
      perSeed,
      details: { 'relative error, one-sided, mean': mean(oneSided) },
      note: 'The reference is recurrent backpropagation, which the tests hold to finite differences of the settled cost.',
    };
  },
};

export const scellier2017Gradient: readonly Claim[] = [gradient];
