import { backpropagate } from '../../../dynamics/feedforward/feedforward.ts';
import { stack } from '../../../network/specification.ts';
import { contrastiveHebbian } from '../../../rules/equilibrium/contrastive-hebbian.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { compareGradients, SettledNetwork } from '../../fixtures/settled-network.ts';

const GAINS = [0.1, 0.03, 0.01] as const;

/** Two hidden layers of logistic units below linear outputs, as in the source. */
const NETWORK = stack({ layers: [10, 8, 8, 4], activation: 'logistic', objective: 'squared-error' });

/** Computes the relative error of the update at a given gain, compared with the gradient of the feedforward pass. */
function errorAt(compute: Compute, gain: number, seed: number): number {
  const options = { gain, freeSteps: 2000, clampedSteps: 2000, tolerance: 1e-14 };
  const hebbian = new SettledNetwork(compute, contrastiveHebbian, NETWORK, options, seed);
  const { error } = compareGradients(hebbian.gradients(), hebbian.gradients(backpropagate));
  hebbian.dispose();
  return error;
}

const limit: Claim = {
  id: 'xie2003-backprop',
  title: 'Contrastive Hebbian learning with weak feedback is backpropagation',
  systems: ['S18'],
  checks: [17],
  source: 'xie2003',
  provenance: 'derived',
  statement:
    'As the feedback gain γ falls, γ^(k−L) times the difference of the two phases tends to the gradient of the feedforward pass, up to an error of order γ.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(10),
  conditions: [
    {
      id: 'ratio',
      statement: 'Relative error at γ = 0.1 over that at 0.01, mean over the seeds',
      unit: '',
      expected: { minimum: 10, maximum: 13, text: '10 to 13' },
    },
    {
      id: 'error',
      statement: 'Relative error at γ = 0.01, largest over the seeds',
      unit: '',
      expected: { maximum: 0.05, text: 'below 0.05' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const values: Record<string, number> = {};
      for (const gain of GAINS) {
        values[`error, γ ${gain}`] = errorAt(compute, gain, seed);
        await progress((perSeed.length + 0.5) / seeds.length);
      }
      values['error'] = values['error, γ 0.01'] as number;
      values['ratio'] = (values['error, γ 0.1'] as number) / values['error'];
      perSeed.push({ seed, values });
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: { ratio: mean(all('ratio')), error: Math.max(...all('error')) },
      perSeed,
      details: Object.fromEntries(
        GAINS.map((gain) => [`error, γ ${gain}, mean`, mean(all(`error, γ ${gain}`))]),
      ),
      note: '10-8-8-4, logistic units below linear outputs, Glorot weights, squared error.',
    };
  },
};

export const xie2003Backprop: readonly Claim[] = [limit];
