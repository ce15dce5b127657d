import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { kolenPollack } from '../../../rules/feedback/kolen-pollack.ts';
import { Learner } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const UPDATES = 300;
const RATE = 0.1;
const DECAY = 0.1;
const BATCH = 10;

/** Computes ‖W − Bᵀ‖ of the output projection and its feedback. */
function distance(compute: Compute, learner: Learner): number {
  const { weights, feedback } = learner.network.projection('hidden1→output');
  if (!feedback) throw new Error('The output projection has no feedback.');
  return compute.scope(() => {
    const difference = compute.temporary(weights.shape);
    compute.transpose(difference, feedback.weights);
    compute.subtract(difference, weights, difference);
    return Math.hypot(...difference.data);
  });
}

const kolenPollackDecay: Claim = {
  id: 'kolen1994-decay',
  title: 'Kolen–Pollack: the difference between forward and feedback weights decays',
  systems: ['S11'],
  checks: [8],
  source: 'kolen1994',
  provenance: 'derived',
  statement:
    'When feedback weights receive the updates of the forward weights and the same decay, their difference shrinks by exactly that decay in every update, whatever is learned.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'relative-error',
      statement: `Relative error of ‖W − Bᵀ‖ after ${UPDATES} updates with ηλ = 0.01 with respect to 0.99³⁰⁰ times the initial value, largest over the seeds`,
      unit: '',
      expected: { maximum: 1e-9, text: 'below 10⁻⁹' },
    },
    {
      id: 'learned',
      statement:
        'Loss at the end over loss at the start, largest over the seeds: the network did learn meanwhile',
      unit: '',
      expected: { maximum: 0.5, text: 'below 0.5' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const learner = new Learner(compute, {
        specification: stack({
          layers: [20, 15, 10],
          activation: 'tanh',
          objective: 'squared-error',
        }),
        rule: kolenPollack,
        options: parseOptions(kolenPollack, { decay: DECAY }),
        optimiserOf: () => plainDescent(RATE),
        seed,
        epochs: 1,
      });
      const start = distance(compute, learner);
      const losses: number[] = [];
      const teacher = compute.allocate([20, 10]);
      compute.drawUniform(teacher, -0.3, 0.3, stream(seed, 'teacher'), 0);
      for (let update = 0; update < UPDATES; update++) {
        learner.resetTally();
        compute.scope(() => {
          const inputs = compute.temporary([BATCH, 20]);
          const targets = compute.temporary([BATCH, 10]);
          compute.drawNormal(inputs, 0, 1, stream(seed, 'examples'), update);
          compute.matmul(targets, inputs, teacher);
          learner.learn({ inputs, targets }, update, 0);
        });
        losses.push(learner.tally().loss);
        if (update % 50 === 0) await progress((perSeed.length + update / UPDATES) / seeds.length);
      }
      const expected = start * (1 - RATE * DECAY) ** UPDATES;
      perSeed.push({
        seed,
        values: {
          'relative-error': Math.abs(distance(compute, learner) / expected - 1),
          learned: mean(losses.slice(-20)) / mean(losses.slice(0, 20)),
        },
      });
      learner.dispose();
      compute.free(teacher);
    }
    const largest = (name: string) => Math.max(...perSeed.map(({ values }) => values[name] as number));
    return {
      measured: { 'relative-error': largest('relative-error'), learned: largest('learned') },
      perSeed,
      note: 'The unit tests check the same law for momentum, Nesterov, RMSprop and Adam, element by element.',
    };
  },
};

export const kolen1994Decay: readonly Claim[] = [kolenPollackDecay];
