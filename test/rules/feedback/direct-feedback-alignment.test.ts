import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Rule } from '../../../src/learning/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { clouds, gradientsOf, learnerOf, release, smallStack } from '../fixtures.ts';

const direct = ruleById('direct-feedback-alignment');
const alignment = ruleById('feedback-alignment');

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const gradients = (rule: Rule, specification: NetworkSpecification): Map<string, number[]> => {
  const learner = learnerOf(compute, rule, { specification });
  const batch = clouds(compute, 0);
  const found = gradientsOf(compute, learner, batch);
  learner.dispose();
  release(compute, batch);
  return found;
};

test.each<[string, NetworkSpecification]>([
  ['tanh', smallStack({ layers: [6, 8, 3] })],
  [
    'squared error of a logistic output',
    smallStack({ layers: [6, 8, 3], objective: 'squared-error', outputActivation: 'logistic' }),
  ],
  ['sparse', smallStack({ layers: [6, 8, 3], density: 0.5 })],
])(
  'equals feedback alignment with the same feedback to the bit for one hidden area: %s',
  (_, specification) => {
    expect(gradients(direct, specification)).toEqual(gradients(alignment, specification));
  },
);

describe('with two hidden areas', () => {
  test('the output and the top hidden area learn as with feedback alignment, but the first area does not', () => {
    const [own, other] = [direct, alignment].map((rule) => gradients(rule, smallStack()));
    for (const id of ['hidden2→output', 'hidden1→hidden2', 'hidden2.bias', 'output.bias']) {
      expect(own?.get(id), id).toEqual(other?.get(id));
    }
    expect(own?.get('input→hidden1')).not.toEqual(other?.get('input→hidden1'));
  });

  test('hidden areas do not depend on each other: zero feedback to one area leaves the others unchanged', () => {
    const base = smallStack();
    const withoutFeedback: NetworkSpecification = {
      ...base,
      projections: [
        ...base.projections,
        { from: 'output', to: 'hidden2', kind: 'feedback', initialisation: { kind: 'zero' } },
      ],
    };
    const [usual, silenced] = [base, withoutFeedback].map((specification) =>
      gradients(direct, specification),
    );
    expect(silenced?.get('input→hidden1')).toEqual(usual?.get('input→hidden1'));
    expect(silenced?.get('hidden1→hidden2')?.every((value) => value === 0)).toBe(true);
  });

  test('the update of the first area follows the equation', () => {
    const learner = learnerOf(compute, direct);
    const batch = clouds(compute, 0);
    const found = gradientsOf(compute, learner, batch).get('input→hidden1');
    const feedback = learner.network.projection('feedback:output→hidden1').weights;
    const expected = compute.scope(() => {
      let error = compute.temporary([12, 3]);
      const rate = compute.temporary([12, 9]);
      learner.evaluate(batch, (phase) => {
        compute.copy(rate, phase.rate(learner.network.area('hidden1')));
        const probabilities = compute.temporary([12, 3]);
        compute.softmax(probabilities, phase.output(learner.network.area('output')));
        const labels = compute.temporary([12, 3]);
        compute.oneHot(labels, batch.targets);
        error.set(probabilities.toArray().map((value, i) => value - (labels.data[i] as number)));
        error = error.reshape([12, 3]);
      });
      const values = Array.from({ length: 6 * 9 }, () => 0);
      for (let example = 0; example < 12; example++) {
        for (let unit = 0; unit < 9; unit++) {
          let sent = 0;
          for (let k = 0; k < 3; k++) {
            sent += (error.data[example * 3 + k] as number) * (feedback.data[k * 9 + unit] as number);
          }
          const delta = sent * (1 - (rate.data[example * 9 + unit] as number) ** 2);
          for (let i = 0; i < 6; i++) {
            values[i * 9 + unit] =
              (values[i * 9 + unit] as number) +
              ((batch.inputs.data[example * 6 + i] as number) * delta) / 12;
          }
        }
      }
      return values;
    });
    for (const [i, value] of expected.entries()) expect(found?.[i]).toBeCloseTo(value, 12);
    learner.dispose();
    release(compute, batch);
  });
});

test('an area below two objectives learns from both', () => {
  const base = smallStack();
  const two: NetworkSpecification = {
    ...base,
    areas: [...base.areas, { id: 'other', shape: [3] }],
    projections: [...base.projections, { from: 'hidden2', to: 'other' }],
    objectives: [...base.objectives, { area: 'other', kind: 'cross-entropy' }],
  };
  const learner = learnerOf(compute, direct, { specification: two });
  const feedback = learner.network.projections.filter(({ kind }) => kind === 'feedback');
  expect(feedback.map(({ from, to }) => `${from.id}→${to.id}`).sort()).toEqual([
    'other→hidden1',
    'other→hidden2',
    'output→hidden1',
    'output→hidden2',
  ]);
  const batch = clouds(compute, 0);
  const both = gradientsOf(compute, learner, batch).get('input→hidden1');
  for (const projection of feedback) if (projection.from.id === 'other') compute.fill(projection.weights, 0);
  expect(gradientsOf(compute, learner, batch).get('input→hidden1')).not.toEqual(both);
  learner.dispose();
  release(compute, batch);
});
