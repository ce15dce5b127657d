import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** With one scalar for all synapses, noise at the units learns far faster than noise at the synapses. */
export const oneScalar: Exhibit = {
  id: 'one-scalar',
  family: 'Credit from one scalar',
  cites: ['werfel2005', 'ren2023'],
  plan: {
    preset: 'digits',
    set: ['network.hidden=[64]', 'optimiser.rate=0.003', 'epochs=2'],
    lanes: lanesOf('backprop', 'node-perturbation', 'weight-perturbation'),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'input→hidden1' },
  parts: ['networks', 'curves', 'angles'],
  until: 1200,
};
