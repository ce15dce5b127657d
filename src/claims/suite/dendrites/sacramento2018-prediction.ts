import { interneuronsOf } from '../../../dynamics/index.ts';
import type { DendriticPhase } from '../../../dynamics/index.ts';
import { dendriticMicrocircuit } from '../../../rules/dendrites/dendritic-microcircuit.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { relativeDifference, updatesOf, withLearner } from '../../fixtures/updates.ts';
import type { Subject } from '../../fixtures/updates.ts';

const subject = (seed: number, options: object): Subject => ({
  ...{ rule: dendriticMicrocircuit, options, seed },
  ...{ layers: [10, 9, 8, 7, 4], activation: 'tanh', objective: 'cross-entropy' },
});

/** Returns the largest |v_A| of all pyramidal cells when no target nudges the output. */
const largestApical = (compute: Compute, seed: number, options: object): number =>
  withLearner(compute, subject(seed, { sweeps: 20, ...options }), (learner, batch) => {
    let largest = 0;
    learner.evaluate(batch, (phase) => {
      for (const area of learner.network.areas) {
        if (!interneuronsOf(area)) continue;
        for (const potential of (phase as DendriticPhase).compartment(area, 'apical').data) {
          largest = Math.max(largest, Math.abs(potential));
        }
      }
    });
    return largest;
  });

/** Computes ‖update − gradient‖ / ‖gradient‖ of forward weights at the fixed point, for transposed top-down weights. */
const difference = (compute: Compute, seed: number, nudge: number): number =>
  withLearner(compute, subject(seed, { topDown: 'transposed', sweeps: 60, nudge }), (learner, batch) => {
    const { reference } = learner;
    if (!reference) throw new Error('There is no reference.');
    const exact = updatesOf(compute, learner, batch, reference);
    const update = updatesOf(compute, learner, batch);
    // Interneurons have no gradient.
    const shared = [...exact.keys()];
    const flat = (updates: ReadonlyMap<string, readonly number[]>) =>
      shared.flatMap((id) => updates.get(id) ?? []);
    return relativeDifference(flat(update), flat(exact));
  });

const prediction: Claim = {
  id: 'sacramento2018-self-prediction',
  title:
    'In a self-predicting microcircuit apical dendrites are silent without a target, and hold the error with one',
  systems: ['S28'],
  checks: [21],
  source: 'sacramento2018',
  provenance: 'derived',
  statement:
    'In the self-predicting state interneurons cancel all top-down input to apical dendrites as long as no target nudges the output. With a weak nudge and the transposed forward weights as top-down weights, the update of basal synapses tends to the gradient, with a difference in proportion to the nudge.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'apical',
      statement: 'Largest |v_A| without a target, over all cells, examples and seeds',
      unit: '',
      expected: { maximum: 1e-10, text: 'below 1e-10' },
    },
    {
      id: 'apical-of-others',
      statement: 'The same with interneurons that start at random, smallest over the seeds',
      unit: '',
      expected: { minimum: 0.01, text: 'above 0.01' },
    },
    {
      id: 'decade',
      statement: 'Difference from the gradient at β = 1e-2 over that at 1e-3, mean over the seeds',
      unit: '',
      expected: { minimum: 9, maximum: 11, text: '9 to 11' },
    },
    {
      id: 'limit',
      statement: 'Difference from the gradient at β = 1e-4, largest over the seeds',
      unit: '',
      expected: { maximum: 1e-3, text: 'below 0.001' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const [coarse, middle, fine] = [1e-2, 1e-3, 1e-4].map((nudge) => difference(compute, seed, nudge)) as [
        number,
        number,
        number,
      ];
      const values = {
        apical: largestApical(compute, seed, {}),
        'apical-of-others': largestApical(compute, seed, { interneurons: 'random' }),
        decade: coarse / middle,
        limit: fine,
      };
      perSeed.push({ seed, values });
      await progress(perSeed.length / seeds.length);
    }
    const all = (id: string) => perSeed.map(({ values }) => values[id] as number);
    return {
      measured: {
        apical: Math.max(...all('apical')),
        'apical-of-others': Math.min(...all('apical-of-others')),
        decade: mean(all('decade')),
        limit: Math.max(...all('limit')),
      },
      perSeed,
    };
  },
};

export const sacramento2018Prediction: readonly Claim[] = [prediction];
