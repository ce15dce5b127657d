import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { hopfield, settlingRates, vectorField } from '../../../src/dynamics/index.ts';
import type { FeedbackGainOptions, LearningStep, SettlingDynamics } from '../../../src/dynamics/index.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { backpropagateThroughTime } from '../../../src/dynamics/settling/backpropagation-through-time.ts';
import { recurrentBackpropagateBy } from '../../../src/dynamics/settling/recurrent-backpropagation.ts';
import type { ActivationReference } from '../../../src/tensor/index.ts';
import { swish } from '../../activations.ts';
import { expectExactGradient, Probe } from '../finite-differences.ts';

const on = openAll(['reference']);
const settling = { dynamics: hopfield, reference: recurrentBackpropagateBy(hopfield) };

const layers = [4, 5, 3] as const;
const smooth = (activation: ActivationReference): NetworkSpecification =>
  stack({ layers, activation, outputActivation: activation, objective: 'squared-error' });

/** Connections within areas, against the forward order, and across areas. */
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
  ].map((projection) => ({ ...projection, initialisation: { kind: 'glorot', scale: 0.4 } })) as never,
};

describe('recurrent backpropagation computes the derivative of the cost at the fixed point', () => {
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

/** The same network with small weights, with which unbounded units settle. */
const gentle = (specification: NetworkSpecification): NetworkSpecification => ({
  ...specification,
  projections: specification.projections.map((projection) => ({
    ...projection,
    initialisation: { kind: 'glorot', scale: 0.4 },
  })),
});

/** The same wiring with separate weights in each direction. */
const directed: NetworkSpecification = {
  ...anyWiring,
  projections: [
    ...anyWiring.projections.map((projection) => ({
      ...projection,
      symmetric: projection.from === 'hidden1' && projection.to === 'hidden1',
    })),
    ...[
      { from: 'hidden2', to: 'hidden1', kind: 'feedback' as const, answers: 'hidden1→hidden2' },
      { from: 'output', to: 'hidden2', kind: 'feedback' as const, answers: 'hidden2→output' },
    ].map((projection) => ({
      ...projection,
      plastic: true,
      initialisation: { kind: 'glorot', scale: 0.4 } as const,
    })),
  ],
};

const boundedLayers = stack({
  layers: [4, 12, 3],
  activation: 'hard-sigmoid',
  outputActivation: 'hard-sigmoid',
  objective: 'squared-error',
});

describe.each<
  [string, SettlingDynamics<FeedbackGainOptions>, FeedbackGainOptions, [string, NetworkSpecification][]]
>([
  [
    'a vector field',
    vectorField,
    {},
    [
      ['any wiring, each way by weights of its own, with dropout', directed],
      ['hard sigmoids', boundedLayers],
    ],
  ],
  [
    'rates that settle',
    settlingRates,
    { feedbackGain: 0.7 },
    [
      ['logistic units', smooth('logistic')],
      ['units of a user', gentle(smooth(swish))],
      ['hard sigmoids', boundedLayers],
      ['any wiring, with dropout', anyWiring],
      ['any wiring, back by weights of its own, with dropout', directed],
    ],
  ],
  [
    'a Hopfield network',
    hopfield,
    {},
    [
      ['logistic units', smooth('logistic')],
      [
        'softplus outputs',
        stack({ layers, activation: 'tanh', outputActivation: 'softplus', objective: 'squared-error' }),
      ],
      ['any wiring, with dropout', anyWiring],
      ['hard sigmoids', boundedLayers],
    ],
  ],
])('the gradient of %s', (_, dynamics, phase, cases) => {
  const withPhase = (learn: (step: LearningStep) => void) => (step: LearningStep) =>
    learn({
      ...step,
      run: ((own: SettlingDynamics<FeedbackGainOptions>, name: string, options: FeedbackGainOptions) =>
        step.run(own, name, { ...phase, ...options })) as LearningStep['run'],
    });
  const settled = withPhase(recurrentBackpropagateBy(dynamics));
  const unrolled = (steps: number) =>
    withPhase((step) => void backpropagateThroughTime(step, dynamics, { phase: { steps, stepSize: 0.4 } }));

  test.each(cases)('at the fixed point: %s', (__, specification) => {
    for (const seed of [1])
      expectExactGradient(on('reference'), specification, seed, true, { dynamics, reference: settled });
  });

  test.each(cases)('before the fixed point, after 1, 2 and 7 steps: %s', (__, specification) => {
    for (const steps of [1, 2, 7]) {
      expectExactGradient(on('reference'), specification, 2, true, {
        dynamics,
        reference: unrolled(steps),
      });
    }
  });

  test.each(cases)(
    'through a long relaxation tends to the gradient at the fixed point: %s',
    (__, specification) => {
      const gradients = [settled, unrolled(900)].map((reference) => {
        const probe = new Probe(on('reference'), specification, 3, true, { dynamics, reference });
        probe.loss(3);
        probe.learner.dispose();
        return probe.gradients;
      }) as [Map<string, number[]>, Map<string, number[]>];
      for (const [id, expected] of gradients[0]) {
        const found = gradients[1].get(id) ?? [];
        for (const [index, value] of expected.entries()) expect(found[index], id).toBeCloseTo(value, 8);
      }
    },
  );
});

test('an energy needs the same weights in both directions', () => {
  const refused = (change: NetworkSpecification['projections'][number]) =>
    hopfield.refuses?.({ ...smooth('tanh'), projections: [...smooth('tanh').projections, change] });
  expect(refused({ from: 'hidden1', to: 'hidden1', kind: 'lateral' })).toMatch(/"hidden1".*vector-field-ep/);
  expect(refused({ from: 'output', to: 'hidden1', kind: 'feedback' })).toMatch(/feedback.*vector-field-ep/);
  expect(refused({ from: 'hidden1', to: 'hidden1', kind: 'lateral', symmetric: true })).toBeUndefined();
});
