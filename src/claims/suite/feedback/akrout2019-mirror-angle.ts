import { compareDirections } from '../../../analysis/angle.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { Learner } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import { weightMirror } from '../../../rules/feedback/weight-mirror.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const BELOW = 20;
const ABOVE = 10;
const COUNTS = [100, 1000, 10_000] as const;

/** Returns the degrees between B after one mirroring phase and Wᵀ. */
function mirrorAngle(compute: Compute, seed: number, samples: number): number {
  const learner = new Learner(compute, {
    specification: stack({
      layers: [BELOW, BELOW, ABOVE],
      activation: 'linear',
      objective: 'squared-error',
      bias: false,
      initialisation: { kind: 'normal' },
    }),
    rule: weightMirror,
    // In the first phase the rate is 1, which erases the random initial weights.
    options: parseOptions(weightMirror, { samples, noise: 1 }),
    optimiserOf: () => plainDescent(1e-9),
    seed,
    epochs: 1,
  });
  const angle = compute.scope(() => {
    const inputs = compute.temporary([1, BELOW]);
    const targets = compute.temporary([1, ABOVE]);
    compute.fill(inputs, 0);
    compute.fill(targets, 0);
    learner.learn({ inputs, targets }, 0, 0);
    const { weights, feedback } = learner.network.projection('hidden1→output');
    if (!feedback) throw new Error('The output projection has no feedback.');
    const transposed = compute.temporary(feedback.weights.shape);
    compute.transpose(transposed, weights);
    return compareDirections(compute, feedback.weights, transposed).angle ?? NaN;
  });
  learner.dispose();
  return angle;
}

/**
 * The accuracy of a mirror. With x ~ N(0, I) and y = xW, an entry of yᵀx / n has the mean w_ij and the variance
 * (‖w_j‖² + w_ij²)/n; summed over all entries and divided by ‖W‖², the squared error is (below + 1)/n. So the tangent of
 * the angle is √((20 + 1)/10⁴) = 0.0458, which is 2.6°, and falls as 1/√n.
 */
const mirrorError: Claim = {
  id: 'akrout2019-mirror-angle',
  title: 'A weight mirror learns the transpose from noise',
  systems: ['S11'],
  checks: [9],
  source: 'akrout2019',
  provenance: 'derived',
  statement:
    'Noise sent through the forward weights makes the feedback weights their transpose; the remaining angle falls with the inverse square root of the number of samples.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(20),
  conditions: [
    {
      id: 'angle-10000',
      statement: 'Angle between B and Wᵀ of 20 → 10 linear units after 10 000 samples, mean over the seeds',
      unit: 'degrees',
      expected: { minimum: 1.6, maximum: 3.6, text: '2.6 ± 1' },
    },
    {
      id: 'power',
      statement:
        'Exponent with which the angle falls with the number of samples, from 100 to 10 000, mean over the seeds',
      unit: '',
      expected: { minimum: -0.55, maximum: -0.45, text: '−0.5 ± 0.05' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const values: Record<string, number> = {};
      for (const samples of COUNTS) {
        values[`angle-${samples}`] = mirrorAngle(compute, seed, samples);
        await progress((perSeed.length + 0.5) / seeds.length);
      }
      values.power =
        Math.log((values['angle-10000'] as number) / (values['angle-100'] as number)) / Math.log(100);
      perSeed.push({ seed, values });
    }
    const average = (name: string) => mean(perSeed.map(({ values }) => values[name] as number));
    return {
      measured: { 'angle-10000': average('angle-10000'), power: average('power') },
      perSeed,
      details: Object.fromEntries(
        COUNTS.map((samples) => [`angle, ${samples} samples`, average(`angle-${samples}`)]),
      ),
    };
  },
};

export const akrout2019MirrorAngle: readonly Claim[] = [mirrorError];
