import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** The exact gradient, by which every rule is measured, separates two spirals long before random feedback does. */
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
