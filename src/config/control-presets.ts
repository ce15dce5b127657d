import type { Preset } from './preset.ts';

/**
 * Presets of environments. The rate, λ and γ of the cart-pole were chosen for three rules (backprop, feedback alignment,
 * node perturbation) by runs with seeds 10 to 12.
 */
export const CONTROL_PRESETS: readonly Preset[] = [
  {
    id: 'cart-pole',
    title: 'Balance a pole on a cart: actor 4-32-2, critic 4-32-1',
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
    title:
      'Swing up a pendulum by a weak, continuous torque: actor and critic 3-64-1; improves, but does not solve it',
    config: {
      task: { environment: 'pendulum' },
      // tanh keeps the mean torque within its bounds; beyond them all torques are equal and nothing is learned.
      network: {
        hidden: [64],
        activation: 'tanh',
        outputActivation: 'tanh',
        initialisation: { kind: 'glorot', scale: 0.5 },
      },
      optimiser: { kind: 'adam', rate: { kind: 'linear', value: 0.003, end: 0 } },
      control: {
        horizon: 50,
        discount: 0.97,
        // One torque changes the future less than the critic errs: the critic is used only where an episode is cut.
        trace: 1,
        rewardScale: 0.05,
        updates: 150,
        critic: { optimiser: { rate: 0.01 } },
      },
      batch: 32,
      epochs: 10,
      backend: 'wasm',
    },
  },
  {
    id: 'bandit',
    title: 'Choose the best of four arms in each of eight contexts: one choice per episode',
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
