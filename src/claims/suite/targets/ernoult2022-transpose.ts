import { compareDirections } from '../../../analysis/angle.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { isFeedbackWeights } from '../../../rules/shared/feedback.ts';
import { Learner } from '../../../learning/learner.ts';
import { localDifferenceReconstruction } from '../../../rules/targets/local-difference-reconstruction.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/statistics.ts';

const LAYERS = [6, 10, 8, 3] as const;
const EXAMPLES = 50;
const UPDATES = 1000;
const RATE = 0.02;

/** Returns degrees between J_g = V, the feedback weights from hidden2 to hidden1, and J_fᵀ = Wᵀ, the transposed forward ones. */
function angleOf(compute: Compute, { network }: Learner): number {
  const forward = network.projection('hidden1→hidden2');
  return compute.scope(() => {
    const { feedback } = forward;
    if (!feedback) throw new Error('There is no feedback from hidden2.');
    const exact = compute.temporary(feedback.weights.shape);
    forward.exactFeedback(compute, exact);
    return compareDirections(compute, feedback.weights, exact).angle ?? NaN;
  });
}

async function learnFeedback(
  compute: Compute,
  seed: number,
  progress: (share: number) => Promise<void>,
): Promise<{ before: number; angle: number }> {
  const learner = new Learner(compute, {
    specification: stack({ layers: LAYERS, activation: 'linear', objective: 'squared-error' }),
    rule: localDifferenceReconstruction,
    options: parseOptions(localDifferenceReconstruction, {}),
    // Forward weights stay fixed.
    optimiserOf: (parameter) => ({
      ...plainDescent(0),
      rate: { kind: 'linear', value: isFeedbackWeights(parameter) ? RATE : 0, end: 0 },
    }),
    seed,
    epochs: 1,
  });
  const before = angleOf(compute, learner);
  for (let update = 0; update < UPDATES; update++) {
    compute.scope(() => {
      const inputs = compute.temporary([EXAMPLES, LAYERS[0]]);
      const targets = compute.temporary([EXAMPLES, LAYERS[3]]);
      compute.drawNormal(inputs, 0, 1, stream(seed, 'inputs'), update);
      compute.fill(targets, 0);
      learner.learn({ inputs, targets }, update, update / UPDATES);
    });
    if (update % 20 === 0) await progress(update / UPDATES);
  }
  const angle = angleOf(compute, learner);
  learner.dispose();
  return { before, angle };
}

const transposes: Claim = {
  id: 'ernoult2022-transpose',
  title: 'Local difference reconstruction teaches feedback the transposed Jacobian',
  systems: ['S14'],
  checks: [13],
  source: 'ernoult2022',
  provenance: 'derived',
  statement:
    'Between linear layers, feedback that learns by the local difference reconstruction loss converges to the transposed forward weights, J_g = J_fᵀ.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'angle',
      statement: 'Angle of J_g to J_fᵀ after 1000 updates of 50 examples, largest over the seeds',
      unit: 'degrees',
      expected: { maximum: 3, text: 'below 3' },
    },
    {
      id: 'before',
      statement: 'The same before these updates, smallest over the seeds',
      unit: 'degrees',
      expected: { minimum: 45, text: 'above 45' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const values = await learnFeedback(compute, seed, (share) => progress((index + share) / seeds.length));
      perSeed.push({ seed, values });
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: { angle: Math.max(...all('angle')), before: Math.min(...all('before')) },
      perSeed,
      note: '6-10-8-3 linear units; forward weights stay fixed, and feedback from hidden2 to hidden1 learns at a rate that falls from 0.02 to 0, with noise of standard deviation 0.1.',
    };
  },
};

export const ernoult2022Transpose: readonly Claim[] = [transposes];
