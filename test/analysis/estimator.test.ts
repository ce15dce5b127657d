import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { estimatorStatistics, varianceOverData } from '../../src/analysis/index.ts';
import type { EstimatorStatistics, Figure } from '../../src/analysis/index.ts';
import { openBackend } from '../../src/backends/open.ts';
import { stack } from '../../src/network/index.ts';
import { backpropagate } from '../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Learner } from '../../src/learning/index.ts';
import type { Compute, Tensor } from '../../src/tensor/index.ts';
import { clouds, gradientsOf, learnerOf, release, smallStack, UNITS } from '../rules/fixtures.ts';

/*
 * Statistics with known true values, from algebra or from rules without noise.
 */

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const learnerBy = (id: string, options: object = {}, layers: number[] = [UNITS, 5, 3]): Learner =>
  learnerOf(compute, ruleById(id), { specification: smallStack({ layers, bias: false }), options });

function statisticsOf(learner: Learner, samples: number, size = 3): Record<string, EstimatorStatistics> {
  const batch = clouds(compute, 0, size);
  const rows = estimatorStatistics(compute, learner, batch, samples);
  release(compute, batch);
  return Object.fromEntries(rows.map((row) => [row.projection, row]));
}

const all = (rows: Record<string, EstimatorStatistics>): EstimatorStatistics => {
  const { all: whole } = rows;
  if (!whole) throw new Error('There is no row of the whole network.');
  return whole;
};

/** Expects a figure within `errors` standard errors of its expected value. */
const agrees = (figure: Figure | null, expected: number, errors = 3.5) => {
  if (!figure) throw new Error('There is no figure.');
  expect(figure.standardError).toBeGreaterThan(0);
  expect(Math.abs(figure.value - expected) / figure.standardError).toBeLessThan(errors);
};

test.each([
  [UNITS, 5, 3],
  [UNITS, 200, 40, 3],
])('backprop has zero variance, bias and angle at any size: %#', (...layers) => {
  const learner = learnerBy('backprop', {}, layers);
  for (const row of Object.values(statisticsOf(learner, 20))) {
    expect(row.variance).toEqual({ value: 0, standardError: 0 });
    expect(row.signalToNoise).toBeNull();
    expect(row.squaredBias?.value).toBeCloseTo(0, 12);
    expect(row.angleDegrees?.value).toBeLessThan(1e-4);
  }
  learner.dispose();
});

test('a deterministic rule that differs from the gradient has bias and no variance', () => {
  const learner = learnerBy('feedback-alignment');
  const batch = clouds(compute, 0, 3);
  const flat = (gradients: Map<string, number[]>) => [...gradients.values()].flat();
  const own = flat(gradientsOf(compute, learner, batch));
  const exact = flat(gradientsOf(compute, learner, batch, backpropagate));
  release(compute, batch);
  const power = (values: number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
  const bias = power(own.map((value, index) => value - (exact[index] ?? NaN))) / power(exact);
  const row = all(statisticsOf(learner, 20));
  expect(bias).toBeGreaterThan(0.01);
  expect(row.squaredBias?.value).toBeCloseTo(bias, 10);
  expect(row.variance.value).toBe(0);
  learner.dispose();
});

describe('(∇ · v) v', () => {
  test('has the variance (n + 1) ‖∇‖², the signal to noise 1 / (n + 1), and no bias', () => {
    const learner = learnerBy('forward-gradient', { perturb: 'weights' });
    const row = all(statisticsOf(learner, 3000));
    const synapses = UNITS * 5 + 5 * 3;
    expect(row.synapses).toBe(synapses);
    expect(row.units).toBe(8);
    const power = row.gradientPower ?? NaN;
    agrees(row.variance, (synapses + 1) * power);
    agrees(row.signalToNoise, 1 / (synapses + 1));
    agrees(row.squaredBias, 0);
    expect(Math.abs(row.variance.value / ((synapses + 1) * power) - 1)).toBeLessThan(0.1);
    learner.dispose();
  });

  test('varies from batch to batch as the exact gradient does, once its own noise is subtracted', () => {
    const batches = Array.from({ length: 400 }, (_, index) => clouds(compute, index, 1));
    const exact = learnerBy('backprop', {}, [UNITS, 3]);
    const noisy = learnerBy('node-perturbation', { noise: 1e-5, samples: 30 }, [UNITS, 3]);
    const ofExact = varianceOverData(compute, exact, batches);
    const ofNoisy = varianceOverData(compute, noisy, batches);
    const gradients = batches.map((batch) => [...gradientsOf(compute, exact, batch).values()].flat());
    const mean = gradients[0]?.map(
      (_, at) => gradients.reduce((sum, gradient) => sum + (gradient[at] ?? NaN), 0) / 400,
    );
    const scatter = gradients.flatMap((gradient) =>
      gradient.map((value, at) => (value - (mean?.[at] ?? NaN)) ** 2),
    );
    expect(ofExact['all']).toBeCloseTo(scatter.reduce((sum, value) => sum + value, 0) / 399, 10);
    expect(Math.abs((ofNoisy['all'] ?? NaN) / (ofExact['all'] ?? NaN) - 1)).toBeLessThan(0.3);
    for (const learner of [exact, noisy]) learner.dispose();
    for (const batch of batches) release(compute, batch);
  });
});

test.each<[string, object, (p: number, q: number) => number]>([
  ['weight-perturbation', { noise: 1e-5 }, (p, q) => p * q + 1],
  ['node-perturbation', { noise: 1e-5 }, (_, q) => q + 1],
  ['forward-gradient', { perturb: 'activity' }, (_, q) => q + 1],
])('%s %o on one layer and one example has the variance of Ren et al. (2023)', (id, options, times) => {
  const learner = learnerOf(compute, ruleById(id), {
    specification: stack({
      layers: [UNITS, 3],
      activation: 'linear',
      objective: 'squared-error',
      bias: false,
    }),
    options,
  });
  const row = all(statisticsOf(learner, 4000, 1));
  agrees(row.variance, times(UNITS, 3) * (row.gradientPower ?? NaN));
  learner.dispose();
});

test('node perturbation of a stack: the noise of each layer is that of all units, times its input', () => {
  // Σ Var g_l = ‖h_{l−1}‖² (q_l ‖δ‖² + ‖δ_l‖²), with δ over the units of all layers.
  const learner = learnerBy('node-perturbation', { noise: 1e-5 }, [UNITS, 8, 5, 3]);
  const batch = clouds(compute, 0, 1);
  const power = (tensor: Tensor) => tensor.toArray().reduce((sum, value) => sum + value ** 2, 0);
  const layers = new Map<string, { units: number; received: number; error: number }>();
  learner.estimate(
    batch,
    0,
    (terms) => {
      for (const { id, to } of learner.network.projections) {
        const [term] = terms.get(learner.network.projection(id)) ?? [];
        if (term?.kind !== 'outer' || !term.pre) throw new Error(`No product was emitted for ${id}.`);
        layers.set(id, { units: to.units, received: power(term.pre), error: power(term.post) });
      }
    },
    backpropagate,
  );
  release(compute, batch);
  const error = [...layers.values()].reduce((sum, layer) => sum + layer.error, 0);
  const rows = statisticsOf(learner, 3000, 1);
  for (const [id, layer] of layers) {
    agrees(rows[id]?.variance ?? null, layer.received * (layer.units * error + layer.error));
  }
  learner.dispose();
});

test('an objective without a derivative has a variance, but no exact gradient for comparison', () => {
  const learner = learnerOf(compute, ruleById('node-perturbation'), {
    specification: smallStack({ objective: 'zero-one', bias: false }),
    options: { noise: 1 },
  });
  const row = all(statisticsOf(learner, 40));
  expect([row.angleDegrees, row.squaredBias, row.gradientPower]).toEqual([null, null, null]);
  expect(row.variance.value).toBeGreaterThan(0);
  learner.dispose();
});

test('measuring changes nothing', () => {
  const learner = learnerBy('node-perturbation');
  const numbers = () =>
    JSON.stringify([...learner.tensors()].map(([name, tensor]) => [name, tensor.toArray()]));
  const before = numbers();
  statisticsOf(learner, 20);
  expect(numbers()).toBe(before);
  expect(learner.passes).toBe(0);
  learner.dispose();
});
