import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { parseOptions } from '../../../src/learning/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, train, UNITS } from '../fixtures.ts';

const on = openAll(['reference', 'wasm']);
const rule = ruleById('segregated-dendrites');

const layered = (change: Partial<Parameters<typeof stack>[0]> = {}) =>
  stack({ layers: [UNITS, 8, 3], activation: 'logistic', objective: 'cross-entropy', ...change });

/** Returns, by parameter, the cosine between update and exact gradient, and the ratio of their norms. */
function compareToExact(specification: NetworkSpecification, options: object, transposed = false) {
  const compute = on('reference');
  const learner = learnerOf(compute, rule, { specification, options });
  for (const projection of learner.network.projections) {
    if (transposed && projection.feedback) projection.exactFeedback(compute, projection.feedback.weights);
  }
  const batch = clouds(compute, 0, 5);
  if (!learner.reference) throw new Error('There is no reference.');
  const exact = gradientsOf(compute, learner, batch, learner.reference);
  const update = gradientsOf(compute, learner, batch);
  release(compute, batch);
  learner.dispose();
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
  return new Map(
    [...exact].map(([id, gradient]) => {
      const emitted = update.get(id) ?? [];
      const [norm, exactNorm] = [Math.sqrt(dot(emitted, emitted)), Math.sqrt(dot(gradient, gradient))];
      return [id, { cosine: dot(emitted, gradient) / (norm * exactNorm), ratio: norm / exactNorm }];
    }),
  );
}

describe('segregated dendrites', () => {
  test('emit the exact gradient of the output if the teacher outweighs all other conductances', () => {
    const strong = { teacher: 1e6, excitation: 60, inhibition: -60 };
    for (const { apical, scale } of [
      { apical: 0, scale: undefined },
      { apical: 0.05, scale: 1e-9 },
    ]) {
      const found = compareToExact(layered(), {
        ...strong,
        apical,
        ...(scale ? { feedback: 'uniform', scale } : {}),
      });
      const output = found.get('hidden1→output');
      expect(output?.cosine).toBeCloseTo(1, 12);
      expect(output?.ratio).toBeCloseTo(1, 9);
    }
  });

  test('emit a quarter of the gradient if feedback is transposed and top-down input is small', () => {
    // σ′(0) = ¼, and small weights onto the output keep v_A near 0.
    const specification = layered({ initialisation: { kind: 'glorot', scale: 0.01 } });
    const options = { apical: 0, teacher: 1e6, excitation: 60, inhibition: -60 };
    const { cosine = NaN, ratio = NaN } =
      compareToExact(specification, options, true).get('input→hidden1') ?? {};
    expect(cosine).toBeGreaterThan(0.9999);
    // The error signal of the gradient includes the output's share g_D/g; the random feedback does not.
    expect(ratio * (0.6 / 0.7)).toBeCloseTo(0.25, 3);
  });

  test('have feedback from the output to every hidden area', () => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, { specification: layered({ layers: [UNITS, 9, 7, 3] }) });
    const feedback = learner.network.projections.filter(({ kind }) => kind === 'feedback');
    expect(feedback.map(({ from, to }) => `${from.id} to ${to.id}`).sort()).toEqual([
      'output to hidden1',
      'output to hidden2',
    ]);
    learner.dispose();
  });

  test('spike at rates that tend to the rate version, with an error of order 1/√duration', () => {
    const compute = on('wasm');
    const specification = layered();
    const batch = clouds(compute, 3, 24);
    const inputs = batch.inputs.toArray().map((value) => Math.min(1, Math.max(0, value)));
    batch.inputs.set(inputs);
    const hidden = (options: object): number[] => {
      const learner = learnerOf(compute, rule, { specification, options });
      let rates: number[] = [];
      learner.evaluate(batch, (phase) => (rates = phase.rate(learner.network.area('hidden1')).toArray()));
      learner.dispose();
      return rates;
    };
    const exact = hidden({ sweeps: 20 });
    const errors = [500, 8_000].map((duration) => {
      const spiking = hidden({ version: 'spiking', duration, averaged: duration - 100 });
      return Math.sqrt(
        spiking.reduce((sum, rate, i) => sum + (rate - (exact[i] ?? NaN)) ** 2, 0) / exact.length,
      );
    });
    const [short = NaN, long = NaN] = errors;
    expect(long).toBeLessThan(0.02);
    expect(short / long).toBeGreaterThan(3);
    expect(short / long).toBeLessThan(5);
    release(compute, batch);
  });

  test('learn with spikes to classify three clouds of points', () => {
    const compute = on('wasm');
    const learner = learnerOf(compute, rule, {
      specification: layered(),
      options: { version: 'spiking' },
      optimiser: optimiser({ rate: 0.5 }),
    });
    const unseen = clouds(compute, 1_000, 60);
    train(compute, learner, 0, 150);
    learner.resetTally();
    learner.evaluate(unseen);
    expect(learner.tally().wrong).toBeLessThanOrEqual(6);
    learner.dispose();
    release(compute, unseen);
  });

  test('refuse unsupported networks and options, naming alternatives', () => {
    const refusal = (specification: NetworkSpecification, options: object = {}) =>
      rule.network?.refuses?.(specification, parseOptions(rule, options));
    const spiking = { version: 'spiking' };
    expect(refusal(layered({ activation: 'tanh' }), spiking)).toMatch(/"hidden1" is tanh.*logistic/);
    expect(refusal(layered({ objective: 'squared-error' }), spiking)).toMatch(/"output" is linear/);
    expect(refusal(layered(), spiking)).toBeUndefined();
    expect(refusal(layered({ activation: 'tanh' }))).toBeUndefined();
    expect(refusal(layered({ objective: 'zero-one' }))).toMatch(/"zero-one".*Rules that do/);
    const parse = (options: object) => () => parseOptions(rule, options);
    expect(parse({ version: 'spiking', timeStep: 4 })).toThrow(/4 ms is too long.*3 ms: give at most 3/s);
    expect(parse({ version: 'spiking', maximalRate: 3 })).toThrow(/at most 1,/s);
    expect(parse({ basal: -1 })).toThrow(/must be more than 0, but this is -1/);
    expect(parse({ inhibition: 9 })).toThrow(/excitation must lie above inhibition \(9\), but is 8/);
  });
});
