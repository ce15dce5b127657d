import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** Interneurons cancel the top-down input, so that only the error is left in the apical dendrites. */
export const selfPrediction: Exhibit = {
  id: 'self-prediction',
  family: 'Dendrites and prediction errors',
  cites: ['sacramento2018', 'guerguiev2017'],
  plan: {
    preset: 'digits',
    set: [
      'network.hidden=[64,64]',
      'network.activation=tanh',
      'network.initialisation={"kind":"glorot","scale":1.5}',
      'optimiser={"kind":"momentum","rate":0.05,"momentum":0.9}',
      'epochs=2',
      'probe.every=50',
    ],
    lanes: lanesOf(
      'backprop',
      ['dendritic-microcircuit', { topDown: 'transposed' }],
      'dendritic-microcircuit',
      'segregated-dendrites',
    ),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'input→hidden1' },
  parts: ['networks', 'angles', 'curves'],
  until: 600,
};
