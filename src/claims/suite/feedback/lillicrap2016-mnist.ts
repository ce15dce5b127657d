import { backpropagation } from '../../../rules/exact/backpropagation.ts';
import { feedbackAlignment } from '../../../rules/feedback/feedback-alignment.ts';
import type { Claim } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { EPOCHS, errorOf, means, trainArms, trainingsOf, valuesOf } from '../../fixtures/mnist-arms.ts';
import type { Arm } from '../../fixtures/mnist-arms.ts';

/**
 * The best trial of an `apical search` on a validation split, with 14 rates and feedback scales per wiring
 * (docs/feedback.md). It was the same for all three: feedback of sixteen times the scale of the small forward weights.
 * At equal scale, dense feedback does as well, but sparse feedback changes hidden units too little (5.3 % validation
 * error, not 2.5 %).
 */
const WIDE = { rule: feedbackAlignment, rate: 0.4629, ruleOptions: { scale: 16.05 } } as const;

const WIRINGS: readonly Arm[] = [
  { id: 'dense', ...WIDE },
  { id: 'half', ...WIDE, density: 0.5 },
  {
    id: 'quarter-disjoint',
    ...WIDE,
    density: 0.25,
    ruleOptions: { ...WIDE.ruleOptions, density: 0.25, wiring: 'disjoint' },
  },
];

const wiring: Claim = {
  id: 'lillicrap2016-sparse-wiring',
  title: 'Feedback alignment over sparse wiring, and without a single reciprocal pair',
  systems: ['S09'],
  checks: [7],
  source: 'lillicrap2016',
  provenance: 'published',
  statement:
    'Feedback alignment learns MNIST almost as well with half of the forward and feedback synapses, and with a quarter of each and no pair of units joined both ways.',
  tier: 'full',
  backend: 'auto',
  seeds: seedsUpTo(3),
  trainings: trainingsOf(WIRINGS),
  conditions: [
    {
      id: 'half-gap',
      statement:
        'Test error with half of the synapses in each direction minus that of dense wiring, mean over the seeds',
      unit: '%',
      expected: { maximum: 1, text: 'at most 1' },
    },
    {
      id: 'disjoint-gap',
      statement: 'The same for disjoint quarters',
      unit: '%',
      expected: { maximum: 1, text: 'at most 1' },
    },
  ],
  async run(context) {
    const outcomes = await trainArms(context, WIRINGS);
    const perSeed = valuesOf(outcomes, (arms) => ({
      'half-gap': errorOf(arms, 'half') - errorOf(arms, 'dense'),
      'disjoint-gap': errorOf(arms, 'quarter-disjoint') - errorOf(arms, 'dense'),
    }));
    return {
      measured: means(perSeed, ['half-gap', 'disjoint-gap']),
      perSeed,
      details: means(
        perSeed,
        WIRINGS.map(({ id }) => `${id}-test-error`),
      ),
      note: `784-500-10, ${EPOCHS} epochs; the share holds for every projection, also from the input and to the output.`,
    };
  },
};

const TARGET = 3;
const TIMED: readonly Arm[] = [backpropagation, feedbackAlignment].flatMap((rule) =>
  [0.1, 0.3, 0.7, 1].map((rate) => ({
    ...{ id: `${rule.id} at ${rate}`, rule, rate },
    ...{ epochs: 12, validation: 1 / 6 },
  })),
);

const time: Claim = {
  id: 'lillicrap2016-time',
  title: 'How much longer feedback alignment takes',
  systems: ['S08'],
  checks: [47],
  source: 'lillicrap2016',
  provenance: 'calibrated',
  statement: `Feedback alignment needs at most two and a half times as many passes through MNIST as backpropagation to a test error of ${TARGET} %, each at its best learning rate.`,
  tier: 'full',
  backend: 'auto',
  seeds: seedsUpTo(3),
  trainings: trainingsOf(TIMED),
  conditions: [
    {
      id: 'ratio',
      statement: `Epochs to a test error of ${TARGET} %, feedback alignment over backpropagation, each at the rate that is fastest on held-out examples, mean over the seeds`,
      unit: '',
      expected: { maximum: 2.5, text: 'at most 2.5' },
    },
  ],
  async run(context) {
    const outcomes = await trainArms(context, TIMED);
    const perSeed = [...outcomes].map(([seed, arms]) => {
      // The rate is chosen on held-out examples, the time is measured on the test set.
      const fastest = (id: string) => {
        const [best] = [...arms]
          .flatMap(([arm, outcome]) => (arm.startsWith(`${id} at`) ? [outcome] : []))
          .sort((a, b) => epochsTo(a.validationErrors) - epochsTo(b.validationErrors));
        return epochsTo(best?.testErrors ?? []);
      };
      const [exact, aligned] = [fastest(backpropagation.id), fastest(feedbackAlignment.id)];
      return { seed, values: { ratio: aligned / exact, backprop: exact, 'feedback-alignment': aligned } };
    });
    return {
      measured: { ratio: mean(perSeed.map(({ values }) => values.ratio)) },
      perSeed,
      note: 'Epochs between two tests are interpolated; a rate that never reaches the target counts as infinite.',
    };
  },
};

/** Returns the fractional epochs until the test error first crosses the target, starting from chance level. */
export function epochsTo(testErrors: readonly number[], target = TARGET): number {
  let before = 90;
  for (const [epoch, error] of testErrors.entries()) {
    if (error <= target) return epoch + (before - target) / (before - error);
    before = error;
  }
  return Infinity;
}

export const lillicrap2016Mnist: readonly Claim[] = [wiring, time];
