import { lanesOf } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';

/** After a small nudge of the outputs, the difference of two local products is the gradient at the free fixed point. */
export const equilibrium: Exhibit = {
  id: 'equilibrium',
  family: 'Energy and equilibrium',
  cites: ['scellier2017', 'laborieux2021', 'pineda1987'],
  plan: {
    preset: 'equilibrium',
    set: [
      // Logistic units never reach a bound, so that the limit of a small nudge is the gradient.
      'network.hidden=[64]',
      'network.activation=logistic',
      'network.outputActivation=linear',
      'task.trainExamples=5000',
      'optimiser={"kind":"adam","rate":0.005}',
      'epochs=4',
      'probe.every=20',
      'probe.examples=50',
    ],
    lanes: lanesOf(
      ['recurrent-backprop', { evaluationSteps: 40 }],
      [
        'equilibrium-propagation',
        { nudge: 0.1, sides: 'symmetric', persistent: false, freeSteps: 30, nudgedSteps: 12 },
      ],
      [
        'equilibrium-propagation',
        { nudge: 0.1, sides: 'symmetric', persistent: false, freeSteps: 4, nudgedSteps: 3 },
      ],
    ),
    seeds: '0',
  },
  sight: { area: 'hidden1', projection: 'input→hidden1' },
  parts: ['networks', 'angles', 'curves'],
  until: 600,
};
