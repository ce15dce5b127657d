import { describe, expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import { hopfield } from '../../src/dynamics/index.ts';
import { stack } from '../../src/network/index.ts';
import type { NetworkSpecification } from '../../src/network/index.ts';
import { recurrentBackpropagate } from '../../src/references/recurrent-backpropagation.ts';
import { expectExactGradient } from './finite-differences.ts';

const on = openAll(['reference']);
const settling = { dynamics: hopfield, reference: recurrentBackpropagate };

const layers = [4, 5, 3] as const;
const smooth = (activation: 'logistic' | 'tanh'): NetworkSpecification =>
  stack({ layers, activation, outputActivation: activation, objective: 'squared-error' });

/** Joined within areas, against the order, and over areas. */
const anyWiring: NetworkSpecification = {
  ...stack({ layers: [4, 4, 5, 3], activation: 'tanh', objective: 'cross-entropy', dropout: 0.4 }),
  projections: [
    { from: 'input', to: 'hidden1' },
    { from: 'hidden1', to: 'hidden2' },
    { from: 'hidden2', to: 'output' },
    { from: 'input', to: 'output', density: 0.5 },
    { from: 'hidden1', to: 'hidden1', kind: 'lateral', symmetric: true },
    { from: 'hidden2', to: 'hidden2', kind: 'lateral', symmetric: true, density: 0.6 },
    { from: 'output', to: 'hidden1', kind: 'lateral' },
  ].map((its) => ({ ...its, initialisation: { kind: 'glorot', scale: 0.4 } })) as never,
};

describe('recurrent backpropagation is the derivative of the cost at the fixed point', () => {
  test.each<[string, NetworkSpecification, boolean]>([
    ['logistic units', smooth('logistic'), true],
    ['tanh units, values as targets', smooth('tanh'), false],
    [
      'linear outputs under cross-entropy',
      stack({ layers, activation: 'logistic', objective: 'cross-entropy' }),
      true,
    ],
    [
      'hard sigmoids, some of them at a bound',
      stack({
        layers: [4, 12, 3],
        activation: 'hard-sigmoid',
        outputActivation: 'hard-sigmoid',
        objective: 'squared-error',
      }),
      true,
    ],
    ['any wiring, with dropout', anyWiring, true],
  ])('%s', (_, specification, labels) => {
    for (const seed of [1, 2, 3]) expectExactGradient(on('reference'), specification, seed, labels, settling);
  });
});

test('an energy needs the same weights both ways', () => {
  const refused = (change: NetworkSpecification['projections'][number]) =>
    hopfield.refuses?.({ ...smooth('tanh'), projections: [...smooth('tanh').projections, change] });
  expect(refused({ from: 'hidden1', to: 'hidden1', kind: 'lateral' })).toMatch(/"hidden1".*vector-field-ep/);
  expect(refused({ from: 'output', to: 'hidden1', kind: 'feedback' })).toMatch(/feedback.*vector-field-ep/);
  expect(refused({ from: 'hidden1', to: 'hidden1', kind: 'lateral', symmetric: true })).toBeUndefined();
});
