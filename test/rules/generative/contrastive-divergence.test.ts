import { expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import { stream } from '../../../src/random/index.ts';
import { modelOf } from '../../../src/references/restricted-boltzmann.ts';
import { machinesOf } from '../../../src/rules/generative/restricted-boltzmann.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Batch, Learner } from '../../../src/learning/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { expectOwnGradient, gradientsOf, learnerOf, optimiser, release } from '../fixtures.ts';

const on = openAll(['reference', 'wasm'] as const);
const rule = ruleById('contrastive-divergence');
const specification = stack({ layers: [5, 4, 2], activation: 'logistic', objective: 'cross-entropy' });

function examples(compute: Compute, size: number): Batch {
  const inputs = compute.allocate([size, 5]);
  compute.drawBernoulli(inputs, 0.4, 1, stream(3, 'examples'), 0);
  return { inputs, targets: compute.allocate([size], 'i32') };
}

function enliven(compute: Compute, learner: Learner): void {
  for (const { id, values } of learner.network.parameters) {
    compute.drawNormal(values, 0, 0.7, stream(5, id), 0);
  }
}

/** Mean ln P(v) = v·a + Σ softplus(v W + b) − ln Z, in f64. */
function logLikelihood(compute: Compute, learner: Learner, { inputs }: Batch): number {
  return compute.scope(() => {
    const [machine] = machinesOf(learner.network);
    if (!machine) throw new Error('The network has no machine.');
    const { logNormaliser } = modelOf({ compute }, machine);
    const { upper, lowers, projections } = machine;
    const a = lowers[0]?.topDownBias?.values.toArray() ?? [];
    const potential = compute.temporary([inputs.rows, upper.units]);
    projections[0]?.send(compute, potential, inputs);
    compute.activate(potential, potential, upper.bias?.values, 'softplus');
    const visible = inputs.toArray().reduce((sum, v, index) => sum + v * (a[index % 5] ?? NaN), 0);
    return (
      (visible + potential.toArray().reduce((sum, value) => sum + value, 0)) / inputs.rows - logNormaliser
    );
  });
}

test('enumeration gives the gradient of the likelihood of the data, compared with finite differences', () => {
  const compute = on('reference');
  const learner = learnerOf(compute, rule, { specification });
  enliven(compute, learner);
  const batch = examples(compute, 6);
  const exact = gradientsOf(compute, learner, batch, learner.reference);
  for (const id of ['input→hidden1', 'hidden1.bias', 'input.top-down.bias']) {
    const data = learner.network.parameters.find((parameter) => parameter.id === id)?.values.data ?? [];
    expect(data.length).toBeGreaterThan(0);
    for (const [index, kept] of data.entries()) {
      const at = (value: number) => {
        data[index] = value;
        const likelihood = logLikelihood(compute, learner, batch);
        data[index] = kept;
        return likelihood;
      };
      const slope = -(at(kept + 1e-5) - at(kept - 1e-5)) / 2e-5;
      expect(Math.abs((exact.get(id)?.[index] ?? NaN) - slope), `${id}[${index}]`).toBeLessThan(1e-8);
    }
  }
  learner.dispose();
  release(compute, batch);
});

test.each([{ chains: 20_000, steps: 60 }, { steps: 300 }])(
  'with long enough chains the update equals that gradient: %o',
  (options) => {
    const compute = on('wasm');
    const learner = learnerOf(compute, rule, { specification, options });
    enliven(compute, learner);
    const batch = examples(compute, 8000);
    expectOwnGradient(compute, learner, batch, 0.02);
    learner.dispose();
    release(compute, batch);
  },
);

test('CD-1 raises the likelihood and lowers the reconstruction error', () => {
  const compute = on('wasm');
  const learner = learnerOf(compute, rule, { specification, optimiser: optimiser({ rate: 0.05 }) });
  const batch = examples(compute, 20);
  const reconstruction = () => {
    learner.resetTally();
    learner.evaluate(batch);
    const [sum, count] = learner.tally().measures['reconstruction of hidden1'] ?? [NaN, NaN];
    expect(count).toBe(20);
    return sum / count;
  };
  const before = [logLikelihood(compute, learner, batch), reconstruction()] as const;
  for (let step = 0; step < 300; step++) learner.learn(batch, step, 0);
  expect(logLikelihood(compute, learner, batch)).toBeGreaterThan(before[0] + 0.3);
  expect(reconstruction()).toBeLessThan(before[1] * 0.9);
  learner.dispose();
  release(compute, batch);
});

test('machines learn one after the other with epochsPerArea', () => {
  const compute = on('wasm');
  const deep = stack({ layers: [5, 4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
  const learner = learnerOf(compute, rule, { specification: deep, options: { epochsPerArea: 2 } });
  const batch = examples(compute, 4);
  const changed = (epoch: number) => {
    const values = () => learner.network.projections.map(({ weights }) => weights.toArray());
    const before = values();
    learner.learn(batch, Math.round(epoch * 10), epoch);
    return values().map((after, index) => String(after) !== String(before[index]));
  };
  expect(changed(1.9)).toEqual([true, false, true]);
  expect(changed(2)).toEqual([false, true, true]);
  expect(changed(4)).toEqual([false, false, true]);
  learner.dispose();
  release(compute, batch);
});
