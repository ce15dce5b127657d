import type { ConfigInput } from '../../../config/config.ts';
import { PRESETS } from '../../../config/presets.ts';
import { equilibriumPropagation } from '../../../rules/equilibrium/equilibrium-propagation.ts';
import type { Claim, ClaimContext, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const presetOf = (id: string): ConfigInput => {
  const preset = PRESETS.find((candidate) => candidate.id === id);
  if (!preset) throw new Error(`There is no preset "${id}".`);
  return preset.config;
};

const trainingOf = (config: ConfigInput, seed: number): ConfigInput => ({
  ...config,
  rule: equilibriumPropagation.id,
  seed,
  probe: { every: 0 },
});

/** Returns test and training errors of the last epoch, %, per seed. */
async function errorsOf(
  { seeds, train, progress }: ClaimContext,
  config: ConfigInput,
): Promise<SeedValues[]> {
  const perSeed: SeedValues[] = [];
  for (const seed of seeds) {
    const { metrics } = await train(trainingOf(config, seed));
    const last = metrics.flatMap((record) => (record.kind === 'evaluation' ? [record] : [])).at(-1);
    perSeed.push({
      seed,
      values: {
        'test-error': 100 * (last?.test?.error ?? NaN),
        'training-error': 100 * (last?.train?.error ?? NaN),
      },
    });
    await progress(perSeed.length / seeds.length);
  }
  return perSeed;
}

const average = (perSeed: readonly SeedValues[], name: string) =>
  mean(perSeed.map(({ values }) => values[name] as number));

const measured = (perSeed: readonly SeedValues[]) => ({
  'test-error': average(perSeed, 'test-error'),
  'training-error': average(perSeed, 'training-error'),
});

/** Why the presets of the source's first network train without persistent particles, as the source calls them. */
const PARTICLES =
  'Every free phase starts from silence. With particles that persist from epoch to epoch, as in the source, training examples reach fixed points that ' +
  'test examples do not reach from silence: with 10 000 examples the test error is then 6.5 % (5.7 % if test examples keep their states too), without it 5.6 %; with all 60 000, seed 0: 3.5 and 2.8 %.';

/** Why the presets of the deeper networks do not start from the source's weights. */
const SCALE =
  'Weights start at half the scale of the source, every free phase from silence. At the full scale hidden areas excite each other to fixed points ' +
  'at which the output is silent whatever the input: an error of 90 % after four epochs of 10 000 examples, as on the first 20 000 in an independent ' +
  "program written from the source's published code; at half the scale, 5.4 %. With three hidden areas units settle in 100 free steps; the source takes 500.";

const trainingError = (maximum: number) => ({
  id: 'training-error',
  statement: 'Error on the training examples as they are learned in the last epoch, mean over the seeds',
  unit: '%',
  expected: { maximum, text: `at most ${maximum}` },
});

const common = {
  systems: ['S19'],
  checks: [18],
  source: 'scellier2017',
  backend: 'auto',
} as const;

const FULL = presetOf('equilibrium');
const SUBSET: ConfigInput = { ...FULL, task: { ...FULL.task, trainExamples: 10_000 }, epochs: 15 };

const subset: Claim = {
  ...common,
  id: 'scellier2017-mnist-10000',
  title: 'Equilibrium propagation learns digits from 10 000 examples',
  provenance: 'calibrated',
  statement:
    'A network 784-500-10 that settles, is nudged and learns from the difference of two local products classifies digits.',
  tier: 'quick',
  seeds: seedsUpTo(5),
  trainings: (seeds) => seeds.map((seed) => trainingOf(SUBSET, seed)),
  conditions: [
    {
      id: 'test-error',
      statement: 'Test error after 15 epochs of 10 000 examples, mean over the seeds',
      unit: '%',
      expected: { minimum: 5, maximum: 6.1, text: '5.0 to 6.1' },
    },
    trainingError(0.5),
  ],
  async run(context) {
    const perSeed = await errorsOf(context, SUBSET);
    return {
      measured: measured(perSeed),
      perSeed,
      note: `Rates and steps of the source, which are for 60 000 examples; nothing was tuned. Calibrated: 5 seeds gave 5.34 to 5.80 %. ${PARTICLES}`,
    };
  },
};

/**
 * Returns the claim for one of the source's networks at full size, for all or only the first of the source's epochs. In
 * the second case the training error, which reaches 0 % in the source, is reported but is not a condition.
 */
function full(
  preset: string,
  hidden: string,
  seeds: readonly number[],
  [minimum, maximum]: readonly [minimum: number, maximum: number],
  source: string,
  epochs?: number,
): Claim {
  const whole = presetOf(preset);
  const config = epochs === undefined ? whole : { ...whole, epochs };
  return {
    ...common,
    id: `scellier2017-mnist-${hidden}`,
    title: `Equilibrium propagation on MNIST, 784-${hidden}-10`,
    provenance: 'published',
    statement: `With ${hidden} hidden units the network learns all of MNIST: training error near 0 %, test error ${source}.`,
    tier: 'full',
    seeds,
    trainings: (all) => all.map((seed) => trainingOf(config, seed)),
    conditions: [
      {
        id: 'test-error',
        statement: `Test error after ${epochs === undefined ? 'the last epoch' : `${epochs} of ${whole.epochs ?? '?'} epochs`}, mean over the seeds`,
        unit: '%',
        expected: { minimum, maximum, text: `${minimum} to ${maximum}` },
      },
      ...(epochs === undefined ? [trainingError(0.2)] : []),
    ],
    async run(context) {
      const perSeed = await errorsOf(context, config);
      const all = measured(perSeed);
      const recipe = `The preset "${preset}": nudge, rates and, except as stated here, steps of the source's table.`;
      return epochs === undefined
        ? { measured: all, perSeed, note: `${recipe} ${PARTICLES}` }
        : {
            measured: { 'test-error': all['test-error'] },
            perSeed,
            details: { 'training error, %': all['training-error'] },
            note: `${recipe} ${SCALE}`,
          };
    },
  };
}

export const scellier2017Mnist: readonly Claim[] = [
  subset,
  full('equilibrium', '500', seedsUpTo(5), [2, 3], '2 to 3 %'),
  full('equilibrium-2', '500-500', [0], [1.5, 3], 'to 3 % or better', 25),
  full('equilibrium-3', '500-500-500', [0], [1.5, 4], 'to about 3 %', 9),
];
