import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** The change between two top-down passes is the error. */
export const changeInTime: Exhibit = {
  id: 'change-in-time',
  family: 'Error as a change in time',
  cites: ['hinton2007', 'hinton1988'],
  plan: {
    preset: 'digits',
    set: ['network.hidden=[100]', 'network.activation=logistic', 'epochs=2'],
    lanes: lanesOf('backprop', ['two-pass', { code: 50 }], 'recirculation'),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'hidden1→output' },
  parts: ['networks', 'curves', 'angles'],
  until: 1000,
};
