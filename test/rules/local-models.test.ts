import { expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import { stochastic } from '../../src/dynamics/index.ts';
import type { LearningStep } from '../../src/dynamics/index.ts';
import { stack } from '../../src/network/index.ts';
import { stream } from '../../src/random/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Batch, Learner } from '../../src/learning/index.ts';
import { gradientsOf, learnerOf, release } from './fixtures.ts';

/*
 * Compares the updates of unsupervised rules, which are the gradient of a loss of their own, with finite differences.
 */

const on = openAll(['reference'] as const);

/** Returns the largest deviation of the rule's terms from central differences of `loss`, over these parameters. */
function deviation(
  learner: Learner,
  batch: Batch,
  ids: readonly string[],
  loss: (step: LearningStep) => number,
): number {
  const compute = on('reference');
  const gradients = gradientsOf(compute, learner, batch);
  const value = () => {
    let ownLoss = NaN;
    learner.estimate(
      batch,
      0,
      () => undefined,
      (step) => {
        ownLoss = loss(step) / batch.inputs.rows;
      },
    );
    return ownLoss;
  };
  let largest = 0;
  for (const id of ids) {
    const data = learner.network.parameters.find((parameter) => parameter.id === id)?.values.data;
    if (!data) throw new Error(`There is no parameter "${id}".`);
    for (const [index, kept] of data.entries()) {
      data[index] = kept + 1e-5;
      const above = value();
      data[index] = kept - 1e-5;
      const slope = (above - value()) / 2e-5;
      data[index] = kept;
      largest = Math.max(largest, Math.abs(slope - (gradients.get(id)?.[index] ?? NaN)));
    }
  }
  return largest;
}

function batchOf(size: number): Batch {
  const compute = on('reference');
  const inputs = compute.allocate([size, 5]);
  compute.drawBernoulli(inputs, 0.5, 1, stream(3, 'examples'), 0);
  return { inputs, targets: compute.allocate([size], 'i32') };
}

function enliven(learner: Learner): void {
  for (const { id, values } of learner.network.parameters) {
    on('reference').drawNormal(values, 0, 0.6, stream(5, id), 0);
  }
}

test('in the wake phase, top-down synapses descend the description length of the recognised causes', () => {
  const compute = on('reference');
  const specification = stack({
    layers: [5, 4, 3, 2],
    activation: 'logistic',
    objective: 'cross-entropy',
  });
  const learner = learnerOf(compute, ruleById('wake-sleep'), { specification });
  enliven(learner);
  const batch = batchOf(6);
  const made = ['feedback:hidden1→input', 'feedback:hidden2→hidden1'];
  const thresholds = ['input', 'hidden1', 'hidden2'].map((id) => `${id}.top-down.bias`);
  const error = deviation(learner, batch, [...made, ...thresholds], ({ network, run }) => {
    const wake = run(stochastic, 'wake', { sample: true });
    let length = 0;
    for (const area of network.areas) {
      if (!area.topDownBias) continue;
      const potential = compute.temporary([6, area.units]);
      compute.fill(potential, 0);
      for (const projection of area.incoming) {
        if (projection.kind !== 'feedback') continue;
        projection.send(compute, potential, wake.activity(projection.from), 1);
      }
      compute.activate(potential, potential, area.topDownBias.values, 'logistic');
      const h = wake.output(area).data;
      for (const [index, p] of potential.data.entries()) length -= Math.log(h[index] === 1 ? p : 1 - p);
    }
    return length;
  });
  expect(error).toBeLessThan(1e-8);
  learner.dispose();
  release(compute, batch);
});

test.each([{ tied: false }, { tied: true }])(
  'an autoencoder descends its reconstruction error: %o',
  (options) => {
    const compute = on('reference');
    const specification = stack({ layers: [5, 3, 2], activation: 'tanh', objective: 'cross-entropy' });
    const learner = learnerOf(compute, ruleById('autoencoder'), {
      specification,
      options: { noise: 'none', ...options },
    });
    enliven(learner);
    const batch = batchOf(6);
    const ids = ['input→hidden1', 'hidden1.bias', 'input.top-down.bias'];
    const decoder = options.tied ? [] : ['feedback:hidden1→input'];
    const error = deviation(learner, batch, [...ids, ...decoder], ({ network, run, inputs }) => {
      const rate = run('forward').rate(network.area('hidden1'));
      const made = compute.temporary(inputs.shape);
      const encoder = network.projection('input→hidden1');
      if (encoder.feedback) encoder.feedback.send(compute, made, rate);
      else encoder.sendBack(compute, made, rate);
      compute.activate(made, made, network.input.topDownBias?.values, 'linear');
      const x = inputs.toArray();
      return made.toArray().reduce((sum, r, index) => sum + 0.5 * (r - (x[index] as number)) ** 2, 0);
    });
    expect(error).toBeLessThan(1e-8);
    learner.dispose();
    release(compute, batch);
  },
);
