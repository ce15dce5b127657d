import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** Learned inverses send targets down in place of errors. */
export const targets: Exhibit = {
  id: 'targets',
  family: 'Target propagation',
  cites: ['lee2015', 'bartunov2018'],
  plan: {
    preset: 'digits',
    set: ['network.hidden=[100,50]', 'network.activation=tanh', 'epochs=2'],
    lanes: lanesOf('backprop', 'difference-target-propagation', 'simplified-target-propagation'),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'hidden1→hidden2' },
  parts: ['networks', 'curves', 'angles'],
  until: 1000,
};
