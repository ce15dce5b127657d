import type { ConfigInput } from './config.ts';

/** A named starting point; `--set` and the other options go on top of it. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly config: ConfigInput;
}

/**
 * Small forward weights, for every rule alike: feedback alignment works as far as learning, rather than chance,
 * made the forward weights. On a validation split of MNIST (784-800-800-10, 5 epochs), Adam at .001 from a tenth
 * of He's scale gave feedback alignment 2.6 % and an angle of 55°; from the full scale 3.8 % and 68°.
 */
const SMALL = { kind: 'he', scale: 0.1 } as const;

export const PRESETS: readonly Preset[] = [
  {
    id: 'digits',
    title: 'MNIST digits on a small network: what `npm start` compares, in about half a minute',
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
    title: 'MNIST digits, 784-800-800-10 with 50 % dropout, max-norm and rising momentum',
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
  {
    id: 'cart-pole',
    title: 'A pole balanced on a cart by an actor and its critic, 4-32-2 and 4-32-1',
    config: {
      task: { environment: 'cart-pole' },
      network: { hidden: [32], activation: 'tanh' },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.02, end: 0 } },
      control: { horizon: 32, discount: 0.995, trace: 0.95, rewardScale: 0.02, updates: 100 },
      batch: 32,
      epochs: 12,
      backend: 'wasm',
    },
  },
  {
    id: 'pendulum',
    title: 'A pendulum swung up and held by a weak, continuous torque: actor and critic, 3-64-1 each',
    config: {
      task: { environment: 'pendulum' },
      network: { hidden: [64], activation: 'tanh' },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.003, end: 0 } },
      control: { horizon: 50, discount: 0.97, trace: 0.95, rewardScale: 0.05, updates: 100 },
      batch: 32,
      epochs: 20,
      backend: 'wasm',
    },
  },
  {
    id: 'bandit',
    title: 'Which of four arms pays best in each of eight contexts: one choice an episode',
    config: {
      task: { environment: 'bandit' },
      network: { hidden: [16], activation: 'tanh' },
      optimiser: { kind: 'adam', rate: 0.01 },
      control: { horizon: 1, discount: 0, trace: 0, updates: 100 },
      batch: 32,
      epochs: 10,
      backend: 'wasm',
    },
  },
];
