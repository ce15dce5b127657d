import type { ConfigInput } from '../../../config/config.ts';
import { deepBeliefNet } from '../../../rules/generative/deep-belief-net.ts';
import type { Claim } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const EPOCHS_PER_AREA = 10;
const READOUT_EPOCHS = 10;

/** 784-500-500-2000, with the source's initial weights. */
const NETWORK: ConfigInput['network'] = {
  hidden: [500, 500, 2000],
  activation: 'logistic',
  initialisation: { kind: 'normal', scale: 0.01 },
};

const withoutFineTuning = (seed: number): ConfigInput => ({
  rule: deepBeliefNet.id,
  ruleOptions: { epochsPerArea: EPOCHS_PER_AREA, fineTuning: 'none' },
  task: { dataset: 'mnist', trainExamples: 10_000 },
  network: NETWORK,
  optimiser: {
    kind: 'momentum',
    rate: 0.05,
    momentum: { kind: 'linear', value: 0.5, end: 0.9, epochs: 5 },
    decay: 2e-4,
  },
  batch: 100,
  epochs: 3 * EPOCHS_PER_AREA + READOUT_EPOCHS,
  seed,
  probe: { every: 0 },
});

const readout: Claim = {
  id: 'hinton2006-readout',
  title: 'Features that a deep belief net learns without labels classify digits',
  systems: ['S17'],
  checks: [20],
  source: 'hinton2006',
  provenance: 'reproduction',
  statement:
    'A softmax on a 784-500-500-2000 deep belief net trained by CD-1 on 10 000 digits, 10 epochs for each area and without fine-tuning, has a test error of about 6 %.',
  tier: 'full',
  backend: 'auto',
  seeds: seedsUpTo(3),
  trainings: (seeds) => seeds.map(withoutFineTuning),
  conditions: [
    {
      id: 'test-error',
      statement: 'Test error, mean over the seeds',
      unit: '%',
      expected: { minimum: 4.5, maximum: 7.5, text: '6.0 ± 1.5' },
    },
  ],
  async run({ train, seeds, progress }) {
    const errors: number[] = [];
    for (const [index, seed] of seeds.entries()) {
      const { document } = await train(withoutFineTuning(seed), (share) => {
        void progress((index + share) / seeds.length);
      });
      errors.push(100 * (document.test?.error ?? NaN));
    }
    return {
      measured: { 'test-error': mean(errors) },
      perSeed: seeds.map((seed, index) => ({ seed, values: { 'test-error': errors[index] as number } })),
      note: `Rate .05, momentum from .5 to .9 over the first 5 epochs, decay 2e-4; the readout learns throughout, and alone for the last ${READOUT_EPOCHS} epochs.`,
    };
  },
};

const FINE_TUNING_EPOCHS = 60;

function withFineTuning(seed: number): ConfigInput {
  const base = withoutFineTuning(seed);
  return {
    ...base,
    task: { dataset: 'mnist' },
    ruleOptions: { epochsPerArea: EPOCHS_PER_AREA, fineTuning: 'backprop' },
    optimiser: { ...base.optimiser, decay: 2e-5 },
    epochs: 3 * EPOCHS_PER_AREA + FINE_TUNING_EPOCHS,
  };
}

const full: Claim = {
  id: 'hinton2006-fine-tuning',
  title: 'A deep belief net, fine-tuned by backpropagation, on all of MNIST',
  systems: ['S17'],
  checks: [],
  source: 'hinton2006',
  provenance: 'reproduction',
  statement:
    'A 784-500-500-2000 deep belief net that learned all 60 000 digits without labels and was fine-tuned by backpropagation has a test error of 1.2 %.',
  tier: 'full',
  backend: 'auto',
  seeds: [0],
  trainings: (seeds) => seeds.map(withFineTuning),
  conditions: [
    {
      id: 'test-error',
      statement: 'Test error at the end, one seed',
      unit: '%',
      expected: { maximum: 1.4, text: 'at most 1.4' },
    },
  ],
  async run({ train, seeds, progress }) {
    const [seed = 0] = seeds;
    const { document } = await train(withFineTuning(seed), (share) => {
      void progress(share);
    });
    const error = 100 * (document.test?.error ?? NaN);
    return {
      measured: { 'test-error': error },
      perSeed: [{ seed, values: { 'test-error': error } }],
      details: { 'minutes-trained': document.wallSeconds / 60 },
    };
  },
};

export const hinton2006Dbn: readonly Claim[] = [readout, full];
