import type { Preset } from './preset.ts';

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
    title:
      'A pendulum swung by a weak, continuous torque: actor and critic, 3-64-1 each; improves, but does not master it',
    config: {
      task: { environment: 'pendulum' },
      // With tanh the mean torque stays within its bounds, beyond which all torques are alike and nothing is learned.
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
        // One torque changes little of what is to come, less than a critic errs: its word is taken at the cut only.
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
