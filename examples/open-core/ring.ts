import { defineRule, noOptions, recurrent } from 'apical/rules';
import type { NetworkSpecification } from 'apical/rules';

export const UNITS = 100;
const ring = { shape: [UNITS], sheet: { periodic: true } };

/** Neighbours excite each other and inhibit all others: one kernel, a Mexican hat, for the whole ring. */
export const network: NetworkSpecification = {
  areas: [
    { id: 'input', ...ring },
    { id: 'cortex', ...ring, activation: 'hard-sigmoid', bias: false },
  ],
  projections: [
    {
      from: 'input',
      to: 'cortex',
      connection: { kind: 'distance', radius: 0, profile: { kind: 'uniform' }, shared: true },
    },
    {
      from: 'cortex',
      to: 'cortex',
      kind: 'lateral',
      selfConnections: true,
      connection: {
        kind: 'distance',
        radius: 0.5,
        shared: true,
        profile: {
          kind: 'difference-of-gaussians',
          ...{ sigma: 0.05, amplitude: 0.2 },
          surround: { sigma: 0.4, amplitude: 0.12 },
        },
      },
    },
  ],
  input: 'input',
  objectives: [],
};

/** Only settles: nothing is learned. */
export const settle = defineRule({
  id: 'settle',
  family: 'Examples',
  title: 'Settling',
  summary: 'Leaky units settle; no synapse changes.',
  equation: String.raw`h_t = (1 - \alpha)\, h_{t-1} + \alpha f(x_t + W h_{t-1})`,
  cites: [],
  options: noOptions,
  dynamics: recurrent,
  learn: () => undefined,
  learning: { evaluation: (step) => step.run('evaluation', { leak: 0.2, history: true }) },
});
