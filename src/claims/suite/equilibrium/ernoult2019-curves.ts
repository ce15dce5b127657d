import { earlyInference, updateCurves } from '../../../analysis/settling.ts';
import { stack } from '../../../network/specification.ts';
import { equilibriumPropagation } from '../../../rules/equilibrium/equilibrium-propagation.ts';
import type { Claim, Curve, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/statistics.ts';
import { LONG, SettledNetwork } from '../../fixtures/settled-network.ts';

const NETWORK = stack({
  layers: [4, 6, 5, 3],
  activation: 'logistic',
  outputActivation: 'logistic',
  objective: 'squared-error',
});
const NUDGED_STEPS = 40;

const curves: Claim = {
  id: 'ernoult2019-curves',
  title: 'Each nudged step adds what backpropagation through time finds one step further back',
  systems: ['S02', 'S19'],
  checks: [],
  source: 'ernoult2019',
  provenance: 'derived',
  statement:
    'From a fixed point, the update of equilibrium propagation and the gradient of backpropagation through time are the same functions of time; the first error to reach an area is −∂C/∂h.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'gap',
      statement:
        'Relative distance of the two curves at β = 10⁻⁶, largest over the steps of the nudged phase, projections and seeds',
      unit: '',
      expected: { maximum: 1e-4, text: 'below 1e-4' },
    },
    {
      id: 'cosine',
      statement:
        'Cosine between the first movement of an area after the nudge and −∂C/∂h, smallest over areas and seeds',
      unit: '',
      expected: { minimum: 0.99999, text: 'above 0.99999' },
    },
    {
      id: 'steps-an-area',
      statement:
        'Steps by which the movement arrives later in the next area down, largest over areas and seeds',
      unit: 'steps',
      expected: { minimum: 1, maximum: 1, text: '1' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    const drawn: Curve[] = [];
    for (const seed of seeds) {
      const network = new SettledNetwork(compute, equilibriumPropagation, NETWORK, LONG, seed);
      const subject = {
        ...{ compute, learner: network.learner, batch: network.batch },
        ...{ freeSteps: 2000, nudgedSteps: NUDGED_STEPS, stepSize: 0.3, nudge: 1e-6 },
      };
      const found = updateCurves(subject);
      const early = earlyInference(subject).toReversed();
      // Until an error arrives, both curves are zero and have no relative distance.
      const gaps = found.flatMap(({ error }) => error.filter(Number.isFinite));
      perSeed.push({
        seed,
        values: {
          gap: Math.max(...gaps),
          cosine: Math.min(...early.map(({ cosine }) => cosine)),
          'steps-an-area': Math.max(
            ...early.slice(1).map(({ arrival }, index) => arrival - (early[index]?.arrival ?? NaN)),
          ),
        },
      });
      for (const { projection, nudged, unrolled } of found) {
        for (const [name, values] of [
          ['nudged', nudged],
          ['through time', unrolled],
        ] as const) {
          drawn.push({
            name: `${projection}, ${name}`,
            seed,
            horizontal: 'step',
            vertical: 'share of the gradient',
            points: values.map((value, step) => [step + 1, value]),
          });
        }
      }
      network.dispose();
      await progress(perSeed.length / seeds.length);
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: {
        gap: Math.max(...all('gap')),
        cosine: Math.min(...all('cosine')),
        'steps-an-area': Math.max(...all('steps-an-area')),
      },
      perSeed,
      curves: drawn.filter(({ seed }) => seed === seeds[0]),
      note: `4-6-5-3 logistic units, steps of 0.3 time constants, 2000 free and ${NUDGED_STEPS} nudged.`,
    };
  },
};

export const ernoult2019Curves: readonly Claim[] = [curves];
