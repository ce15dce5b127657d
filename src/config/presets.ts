import type { ConfigInput } from './config.ts';
import { CONTROL_PRESETS } from './control-presets.ts';
import type { Preset } from './preset.ts';

/**
 * Small initial forward weights, the same for every rule. Feedback alignment works to the extent that learning, and not
 * chance, determines the forward weights. On a validation split of MNIST (784-800-800-10, 5 epochs, Adam at 0.001), a
 * tenth of He's scale gave feedback alignment an error of 2.6 % and an angle of 55°; the full scale gave 3.8 % and 68°.
 */
const SMALL = { kind: 'he', scale: 0.1 } as const;

/**
 * LeNet-5 in its modern form: ReLU, max-pooling, all channels connected. Small weights help feedback alignment here too.
 * On a validation split of MNIST, Adam at 0.001 gave an error of 8.7 % from He's scale, 4.2 % from 0.3 of it and 4.1 %
 * from a tenth of it after 4 epochs, and 1.6 % after 20. A rate of 0.003 gave 3.6 % after 4 epochs and 1.9 % after 15.
 */
const LENET: NonNullable<ConfigInput['network']> = {
  convolutions: [
    { channels: 6, kernel: 5, padding: 2, pool: 2 },
    { channels: 16, kernel: 5, pool: 2 },
  ],
  hidden: [120, 84],
  activation: 'relu',
  initialisation: SMALL,
};

/** Networks of Scellier & Bengio (2017): 500 units per hidden layer, and one rate per projection and the biases after it. */
function equilibrium(
  rates: readonly number[],
  ruleOptions: NonNullable<ConfigInput['ruleOptions']>,
  epochs: number,
  scale = 1,
): ConfigInput {
  const hidden = rates.slice(1).map(() => 500);
  const areas = ['input', ...hidden.map((_, index) => `hidden${index + 1}`), 'output'];
  const own = rates.flatMap((rate, index) => {
    const [from = '', to = ''] = areas.slice(index);
    return index === 0
      ? []
      : [
          [`${from}→${to}`, { rate }],
          [to, { rate }],
        ];
  });
  return {
    rule: 'equilibrium-propagation',
    ruleOptions,
    task: { dataset: 'mnist' },
    network: {
      hidden,
      activation: 'hard-sigmoid',
      outputActivation: 'hard-sigmoid',
      initialisation: { kind: 'glorot', scale },
    },
    objective: 'squared-error',
    optimiser: {
      kind: 'sgd',
      rate: rates[0] as number,
      projections: Object.fromEntries(own) as Record<string, { rate: number }>,
    },
    batch: 20,
    epochs,
    probe: { every: 1000 },
  };
}

/** The built-in presets: configs to start from. */
export const PRESETS: readonly Preset[] = [
  {
    id: 'digits',
    title: 'MNIST digits on a small network, as compared by `npm start`: about half a minute',
    config: {
      task: { dataset: 'mnist' },
      network: { hidden: [256, 128], activation: 'relu', initialisation: SMALL },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.003, end: 0 } },
      batch: 100,
      epochs: 4,
    },
  },
  {
    id: 'mnist',
    title: 'MNIST digits, 784-800-800-10, five epochs',
    config: {
      task: { dataset: 'mnist' },
      network: { hidden: [800, 800], activation: 'relu', initialisation: SMALL },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.001, end: 0 } },
      batch: 100,
      epochs: 5,
    },
  },
  {
    id: 'mnist-dropout',
    title: 'MNIST digits, 784-800-800-10, with 50 % dropout, max-norm and increasing momentum',
    config: {
      task: { dataset: 'mnist' },
      network: { hidden: [800, 800], activation: 'relu', dropout: 0.5, inputDropout: 0.2 },
      optimiser: {
        kind: 'momentum',
        rate: { kind: 'linear', value: 0.1, end: 0 },
        momentum: { kind: 'linear', value: 0.5, end: 0.9, epochs: 5 },
        maximumNorm: 3,
      },
      batch: 100,
      epochs: 20,
    },
  },
  {
    id: 'fashion',
    title: 'Fashion-MNIST clothes, 784-800-800-10, ten epochs',
    config: {
      task: { dataset: 'fashion-mnist' },
      network: { hidden: [800, 800], activation: 'relu', initialisation: SMALL },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.001, end: 0 } },
      batch: 100,
      epochs: 10,
    },
  },
  {
    id: 'lenet',
    title: 'MNIST digits on LeNet-5: two convolutions, max-pooling, 120-84-10, twenty epochs',
    config: {
      task: { dataset: 'mnist' },
      network: LENET,
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.001, end: 0 } },
      batch: 100,
      epochs: 20,
    },
  },
  {
    id: 'lenet-fashion',
    title: 'Fashion-MNIST clothes on LeNet-5, twenty epochs',
    config: {
      task: { dataset: 'fashion-mnist' },
      network: LENET,
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.001, end: 0 } },
      batch: 100,
      epochs: 20,
    },
  },
  {
    id: 'equilibrium',
    title: 'MNIST digits by equilibrium propagation, 784-500-10, 25 epochs (Scellier & Bengio 2017)',
    // Without particles: 20 steps from rest suffice here, and training and test examples then start alike.
    config: equilibrium([0.1, 0.05], { nudge: 1, persistent: false }, 25),
  },
  {
    id: 'equilibrium-2',
    title: 'MNIST digits by equilibrium propagation, two hidden layers, 60 epochs: 1.5 hours on one core',
    // At Glorot's scale, areas of equal size excite each other (the largest singular value is 2) and settle to the same
    // silent output for every input. At half the scale the network has one fixed point per input, and learns.
    config: equilibrium(
      [0.4, 0.1, 0.01],
      { nudge: 1, freeSteps: 100, nudgedSteps: 6, persistent: false },
      60,
      0.5,
    ),
  },
  {
    id: 'equilibrium-3',
    title:
      'MNIST digits by equilibrium propagation, three hidden layers, 500 epochs: more than a day on one core',
    // The source takes 500 free steps; from these weights, 100 suffice (units then move by 1e-4 per time constant).
    config: equilibrium(
      [0.128, 0.032, 0.008, 0.002],
      { nudge: 1, freeSteps: 100, nudgedSteps: 8, persistent: false },
      500,
      0.5,
    ),
  },
  {
    id: 'microcircuit',
    title: 'MNIST digits by dendritic microcircuits, 784-500-500-10, 10 epochs (Sacramento et al. 2018)',
    // Found by a search on 50 000 examples. Interneurons that learn in step work with any optimiser, including Adam.
    config: {
      rule: 'dendritic-microcircuit',
      ruleOptions: { predicting: 'in-step', feedback: 'normal', scale: 0.14 },
      task: { dataset: 'mnist' },
      network: {
        hidden: [500, 500],
        activation: 'tanh',
        initialisation: { kind: 'glorot', scale: 0.12 },
      },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.005, end: 0 } },
      batch: 100,
      epochs: 10,
      probe: { every: 1000 },
    },
  },
  {
    id: 'microcircuit-in-time',
    title:
      'MNIST digits by dendritic microcircuits in continuous time, without phases: 5000 digits, 4 epochs',
    // With shorter presentations or learning interneurons, it ends several percent worse, or diverges.
    config: {
      rule: 'dendritic-microcircuit',
      ruleOptions: { form: 'continuous', predicting: 'in-step', duration: 100, every: 12 },
      task: { dataset: 'mnist', trainExamples: 5000 },
      network: { hidden: [500, 500], activation: 'tanh', initialisation: { kind: 'glorot', scale: 1.5 } },
      optimiser: { kind: 'momentum', rate: { kind: 'linear', value: 0.02, end: 0 }, momentum: 0.9 },
      batch: 50,
      epochs: 4,
      probe: { every: 0 },
    },
  },
  {
    id: 'segregated-dendrites',
    title: 'MNIST digits by segregated dendrites, 784-500-10, 20 epochs (Guerguiev et al. 2017)',
    config: {
      rule: 'segregated-dendrites',
      task: { dataset: 'mnist' },
      network: { hidden: [500], activation: 'logistic', initialisation: { kind: 'glorot', scale: 0.25 } },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.003, end: 0 } },
      batch: 100,
      epochs: 20,
      probe: { every: 1000 },
    },
  },
  {
    id: 'bars',
    title: 'Vertical or horizontal bars, generated by a Helmholtz machine (Hinton et al. 1995)',
    config: {
      rule: 'wake-sleep',
      task: { dataset: 'bars' },
      network: { hidden: [16, 4], activation: 'logistic', initialisation: { kind: 'normal', scale: 0.1 } },
      optimiser: { kind: 'momentum', rate: 0.05 },
      batch: 50,
      epochs: 60,
      backend: 'wasm',
    },
  },
  {
    id: 'digits-without-labels',
    title: 'MNIST digits by a restricted Boltzmann machine, 784-500, with a readout (Hinton 2002)',
    config: {
      rule: 'contrastive-divergence',
      task: { dataset: 'mnist' },
      network: { hidden: [500], activation: 'logistic', initialisation: { kind: 'normal', scale: 0.01 } },
      optimiser: {
        kind: 'momentum',
        rate: 0.05,
        momentum: { kind: 'linear', value: 0.5, end: 0.9, epochs: 5 },
        decay: 2e-4,
      },
      batch: 100,
      epochs: 10,
      probe: { every: 0 },
    },
  },
  {
    id: 'linear-teacher',
    title: 'A linear teacher, 30-20-10, one example at a time (Lillicrap et al. 2016)',
    config: {
      rule: 'feedback-alignment',
      ruleOptions: { feedback: 'uniform', scale: 0.5 },
      task: { dataset: 'linear-teacher', trainExamples: 2000 },
      network: {
        hidden: [20],
        activation: 'linear',
        bias: false,
        initialisation: { kind: 'uniform', scale: 0.01 },
      },
      optimiser: { kind: 'sgd', rate: 0.005 },
      batch: 1,
      epochs: 1,
      backend: 'wasm',
    },
  },
  {
    id: 'two-spirals',
    title: 'Two interleaved spirals in the plane',
    config: {
      task: { dataset: 'two-spirals' },
      network: { hidden: [64, 64], activation: 'relu' },
      optimiser: { kind: 'adam', rate: 0.01 },
      batch: 50,
      epochs: 100,
      backend: 'wasm',
    },
  },
  {
    id: 'rings',
    title: 'Concentric rings in the plane',
    config: {
      task: { dataset: 'rings', options: { rings: 4, noise: 0.06 } },
      network: { hidden: [32], activation: 'relu' },
      optimiser: { kind: 'momentum', rate: 0.05, momentum: 0.9 },
      batch: 50,
      epochs: 20,
      backend: 'wasm',
    },
  },
  ...CONTROL_PRESETS,
];
