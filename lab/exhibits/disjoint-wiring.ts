import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** Feedback teaches even if it joins none of the pairs of units that are joined forward. */
export const disjointWiring: Exhibit = {
  id: 'disjoint-wiring',
  family: 'Feedback pathways',
  cites: ['lillicrap2016'],
  plan: {
    preset: 'digits',
    set: ['network.hidden=[200,100]', 'network.density=0.5', 'epochs=2'],
    lanes: lanesOf(
      'backprop',
      ['feedback-alignment', { wiring: 'reciprocal' }],
      ['feedback-alignment', { wiring: 'disjoint' }],
    ),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'hidden1→hidden2' },
  parts: ['networks', 'curves', 'angles'],
  until: 1200,
};
