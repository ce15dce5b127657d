import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** Feedback alignment fails at a bottleneck, whose few units cannot align. */
export const bottleneck: Exhibit = {
  id: 'bottleneck',
  family: 'Feedback pathways',
  cites: ['lillicrap2016'],
  plan: {
    preset: 'digits',
    set: ['network.hidden=[100,6,100]', 'epochs=3'],
    lanes: lanesOf('backprop', 'feedback-alignment', 'direct-feedback-alignment'),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'hidden2→hidden3' },
  parts: ['networks', 'curves', 'angles'],
  until: 1800,
};
