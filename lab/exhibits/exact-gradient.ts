import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** What every other rule is measured by: two spirals that the exact gradient parts soon, and another way down late. */
export const exactGradient: Exhibit = {
  id: 'exact-gradient',
  family: 'Exact gradient',
  cites: ['rumelhart1986'],
  plan: {
    preset: 'two-spirals',
    set: ['probe.every=50'],
    lanes: lanesOf('backprop', 'feedback-alignment'),
    seeds: '0',
  },
  sight: { area: 'hidden2', projection: 'hidden1→hidden2' },
  parts: ['networks', 'curves', 'angles'],
  until: 1500,
};
