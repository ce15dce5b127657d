import { backpropagate } from '../../../dynamics/feedforward/feedforward.ts';
import { zeroDivergenceInference } from '../../../rules/dendrites/zero-divergence-inference.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/statistics.ts';
import { relativeDifference, updateOf, withLearner } from '../../fixtures/updates.ts';

const exact: Claim = {
  id: 'song2020-exact',
  title: 'Predictive coding that updates each synapse as the error arrives is backpropagation',
  systems: ['S29'],
  checks: [23],
  source: 'song2020',
  provenance: 'published',
  statement:
    'Zero-divergence inference learning gives every synapse of a four-layer network the update of backpropagation.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'difference',
      statement: '‖update − gradient‖ / ‖gradient‖ over all synapses, largest over the seeds',
      unit: '',
      expected: { maximum: 1e-12, text: 'below 10⁻¹²' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const difference = withLearner(
        compute,
        {
          ...{ rule: zeroDivergenceInference, seed },
          ...{ layers: [12, 9, 8, 7, 4], activation: 'logistic', objective: 'cross-entropy' },
        },
        (learner, batch) =>
          relativeDifference(
            updateOf(compute, learner, batch),
            updateOf(compute, learner, batch, backpropagate),
          ),
      );
      perSeed.push({ seed, values: { difference } });
      await progress(perSeed.length / seeds.length);
    }
    return {
      measured: { difference: Math.max(...perSeed.map(({ values }) => values['difference'] as number)) },
      perSeed,
    };
  },
};

export const song2020Exact: readonly Claim[] = [exact];
