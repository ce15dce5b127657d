import { describe, expect, test } from 'vitest';
import { stack } from '../../../src/network/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { openAll } from '../../backends/open-all.ts';
import { clouds, gradientsOf, learnerOf, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference']);
const HIDDEN = 4;

/** Σ ½‖v − v̂‖² or cross-entropy over the examples, of an autoencoder v̂ = g( tanh(v W + b) Wᵀ + c ), / examples. */
function reconstructionLoss(
  visible: 'linear' | 'logistic',
  inputs: readonly number[],
  { weights, thresholds, below }: Record<'weights' | 'thresholds' | 'below', readonly number[]>,
): number {
  const rows = inputs.length / UNITS;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const v = inputs.slice(row * UNITS, (row + 1) * UNITS);
    const h = Array.from({ length: HIDDEN }, (_, j) =>
      Math.tanh(
        v.reduce((total, its, i) => total + its * (weights[i * HIDDEN + j] ?? NaN), thresholds[j] ?? NaN),
      ),
    );
    for (const [i, wanted] of v.entries()) {
      const potential = h.reduce(
        (total, its, j) => total + its * (weights[i * HIDDEN + j] ?? NaN),
        below[i] ?? NaN,
      );
      sum +=
        visible === 'linear'
          ? 0.5 * (wanted - potential) ** 2
          : Math.log1p(Math.exp(potential)) - wanted * potential;
    }
  }
  return sum / rows;
}

describe.each(['linear', 'logistic'] as const)('tied recirculation with %s visible units', (visible) => {
  test('goes down the error of its reconstruction, up to a part that falls with 1 − λ', () => {
    const compute = on('reference');
    const batch = clouds(compute, 0, 8);
    const errors = [0.9, 0.99, 0.999].map((regression) => {
      const learner = learnerOf(compute, ruleById('recirculation'), {
        specification: stack({
          layers: [UNITS, HIDDEN, 3],
          activation: 'tanh',
          objective: 'cross-entropy',
        }),
        options: { topDown: 'tied', visible, regression },
      });
      const { network } = learner;
      const up = network.projection('input→hidden1');
      const { topDownBias } = network.input;
      const parameters = {
        weights: up.weights.toArray(),
        thresholds: [...(up.to.bias?.values.toArray() ?? [])],
        below: [...(topDownBias?.values.toArray() ?? [])],
      };
      const terms = gradientsOf(compute, learner, batch);
      const inputs = batch.inputs.toArray();
      const by = (name: keyof typeof parameters, index: number, change: number): number => {
        const values = [...parameters[name]];
        values[index] = (values[index] ?? NaN) + change;
        return reconstructionLoss(visible, inputs, { ...parameters, [name]: values });
      };
      const ids = { weights: up.id, thresholds: up.to.bias?.id, below: topDownBias?.id } as const;
      let [difference, whole] = [0, 0];
      for (const name of ['weights', 'thresholds', 'below'] as const) {
        for (const index of parameters[name].keys()) {
          const exact = (by(name, index, 1e-5) - by(name, index, -1e-5)) / 2e-5;
          difference += ((terms.get(ids[name] ?? '')?.[index] ?? NaN) - exact) ** 2;
          whole += exact ** 2;
        }
      }
      learner.dispose();
      return Math.sqrt(difference / whole);
    });
    release(compute, batch);
    const [coarse = NaN, finer = NaN, finest = NaN] = errors;
    expect(finest).toBeLessThan(1e-2);
    expect(coarse / finer).toBeCloseTo(10, -0.3);
    expect(finer / finest).toBeCloseTo(10, 0);
  });
});
