import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** Fixed random feedback teaches nearly as well as transposed forward weights. */
export const feedbackAlignment: Exhibit = {
  id: 'feedback-alignment',
  family: 'Feedback pathways',
  cites: ['lillicrap2016'],
  plan: {
    preset: 'digits',
    set: ['network.hidden=[100]', 'epochs=2'],
    lanes: lanesOf('backprop', 'feedback-alignment'),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'hidden1→output' },
  parts: ['networks', 'curves', 'angles', 'gallery'],
  until: 1200,
};
