import type { Preset } from '../presets.ts';

/**
 * Tasks that answer actions. The rate, λ and γ of the cart-pole were chosen once for three rules (backprop, feedback
 * alignment, node perturbation) by runs on seeds 10 to 12.
 */
export const CONTROL_PRESETS: readonly Preset[] = [
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
