import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** The forward weights align with the random feedback, and the angle of the update follows. */
export const whyItWorks: Exhibit = {
  id: 'why-it-works',
  family: 'Feedback pathways',
  cites: ['lillicrap2016'],
  plan: {
    preset: 'linear-teacher',
    set: ['task.trainExamples=4000', 'probe.every=50'],
    lanes: lanesOf(['feedback-alignment', { feedback: 'uniform', scale: 0.5 }]),
    seeds: '0..2',
  },
  sight: { area: 'hidden1', projection: 'hidden1→output' },
  parts: ['pairs', 'feedback angles', 'angles', 'curves'],
  until: 4000,
};
