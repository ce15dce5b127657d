import { expect, test } from 'vitest';
import { teachingSignals } from '../../src/analysis/index.ts';
import { stack } from '../../src/network/index.ts';
import type { StackOptions } from '../../src/network/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import { openAll } from '../backends/open-all.ts';
import { clouds, learnerOf, release, train, UNITS } from '../rules/fixtures.ts';

const on = openAll(['reference']);

function signalsOf(
  id: string,
  { options = {}, network = {}, scale = 1, updates = 0, readout }: Settings = {},
): ReturnType<typeof teachingSignals> {
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById(id), {
    options,
    specification: stack({
      layers: [UNITS, 8, 5, 3],
      activation: 'tanh',
      objective: 'squared-error',
      ...network,
    }),
  });
  for (const { weights } of learner.network.projections) compute.scale(weights, weights, scale);
  train(compute, learner, 0, updates);
  if (readout) learner.network.projections.find(({ id }) => id === 'hidden2→output')?.weights.set(readout);
  const batch = clouds(compute, 0, 6);
  const signals = teachingSignals(compute, learner, batch, 0);
  release(compute, batch);
  learner.dispose();
  return signals;
}

interface Settings {
  readonly options?: object;
  readonly network?: Partial<StackOptions>;
  readonly scale?: number;
  readonly updates?: number;
  /** Final weights of the output. */
  readonly readout?: readonly number[];
}

test('backpropagation teaches every hidden unit the descent of its potential', () => {
  const { areas } = signalsOf('backprop');
  expect(areas.map(({ area }) => area)).toEqual(['hidden1', 'hidden2']);
  for (const { gradient, points } of areas) {
    expect(gradient?.angle).toBeLessThan(1e-5);
    expect(gradient?.slope).toBeCloseTo(1, 12);
    for (const [exact, signal] of points) expect(signal).toBeCloseTo(exact, 12);
  }
});

test('the teaching signal of areas without biases is read from their incoming synapses', () => {
  const [first] = signalsOf('backprop', { network: { bias: false } }).areas;
  expect(first?.gradient?.slope).toBeCloseTo(1, 12);
});

test('the teaching signal of feedback alignment differs from the gradient by its angle', () => {
  const { areas } = signalsOf('feedback-alignment');
  expect(areas[0]?.gradient?.angle).toBeGreaterThan(20);
});

test('the change between two top-down passes is the descent direction if top-down input is weak', () => {
  const options = { topDown: 'tied', autoencoding: 0, code: 0, blend: 1e-3 };
  for (const { gradient } of signalsOf('two-pass', { options, scale: 0.05 }).areas) {
    expect(gradient?.angle).toBeLessThan(2);
    expect(gradient?.slope).toBeCloseTo(1, 1);
  }
});

test('in a linear network with as many outputs as units, exact inverses give the Gauss–Newton change', () => {
  // Square layers: J is invertible, so target propagation with exact inverses sends J⁺ e.
  const square = { layers: [UNITS, 3, 3, 3], activation: 'linear' } as const;
  // The target of the last hidden area arrives through transposed weights, which are the inverse if orthogonal.
  const readout = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const trained = { options: { noise: 0.5, inverseRate: 3 }, network: square, updates: 400, readout };
  const before = signalsOf('difference-target-propagation', { ...trained, updates: 0 });
  const after = signalsOf('difference-target-propagation', trained);
  for (const { gaussNewton } of after.areas) expect(gaussNewton?.angle).toBeLessThan(5);
  expect(before.areas[0]?.gaussNewton?.angle).toBeGreaterThan(15);
  // Inverses exist between hidden areas alone: they reconstruct the first from the second.
  expect(after.reconstructions.map(({ area }) => area)).toEqual(['hidden1']);
  expect(after.reconstructions[0]?.unexplained).toBeLessThan(0.01);
  expect(before.reconstructions[0]?.unexplained).toBeGreaterThan(0.1);
});

test('backpropagation is not the Gauss–Newton direction', () => {
  const [first] = signalsOf('backprop').areas;
  expect(first?.gaussNewton?.angle).toBeGreaterThan(1);
  expect(first?.gaussNewton?.angle).toBeLessThan(90);
});

test('noise in the top-down input blurs the change that carries the signal', () => {
  const tied = { topDown: 'tied', autoencoding: 0, code: 0, blend: 1 };
  const [still, faint, loud] = [0, 0.03, 1].map(
    (noise) => signalsOf('two-pass', { options: { ...tied, noise } }).areas[0]?.gradient?.angle ?? NaN,
  );
  expect(faint).toBeGreaterThan(still ?? NaN);
  expect(loud).toBeGreaterThan((faint ?? NaN) + 20);
});

test('apical dendrites of a self-predicting microcircuit receive the top-down error', () => {
  const options = { nudge: 1e-3, topDown: 'transposed', interneurons: 'self-predicting' };
  const { areas } = signalsOf('dendritic-microcircuit', { options, network: { activation: 'logistic' } });
  const [hidden] = areas;
  expect(hidden?.area).toBe('hidden1');
  expect(hidden?.apical?.angle).toBeLessThan(30);
  expect(hidden?.gradient?.angle).toBeLessThan(30);
});
