import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** Potentials settle between prediction and target; a larger output variance brings them nearer to backpropagation. */
export const predictionErrors: Exhibit = {
  id: 'prediction-errors',
  family: 'Dendrites and prediction errors',
  cites: ['whittington2017', 'song2020'],
  plan: {
    preset: 'digits',
    set: [
      'network.hidden=[64,64]',
      'network.activation=tanh',
      'network.initialisation={"kind":"glorot"}',
      'epochs=2',
      'probe.every=50',
    ],
    lanes: lanesOf(
      'backprop',
      ['predictive-coding', { variance: 1, steps: 40, stepSize: 0.2 }],
      ['predictive-coding', { variance: 100, steps: 40, stepSize: 0.2 }],
      'zero-divergence-inference',
    ),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'input→hidden1' },
  parts: ['networks', 'angles', 'curves'],
  until: 600,
};
