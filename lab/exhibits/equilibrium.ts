import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** A nudge of the outputs and the difference of two local products: the gradient at the free fixed point. */
export const equilibrium: Exhibit = {
  id: 'equilibrium',
  family: 'Energy and equilibrium',
  cites: ['scellier2017', 'laborieux2021'],
  plan: {
    preset: 'equilibrium',
    set: [
      'network.hidden=[64]',
      'task.trainExamples=2000',
      'epochs=5',
      'probe.every=20',
      'probe.examples=50',
    ],
    lanes: lanesOf(
      ['recurrent-backprop', { evaluationSteps: 40 }],
      [
        'equilibrium-propagation',
        { nudge: 0.2, sides: 'symmetric', persistent: false, freeSteps: 30, nudgedSteps: 10 },
      ],
    ),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'input→hidden1' },
  parts: ['networks', 'curves', 'angles'],
  until: 400,
};
