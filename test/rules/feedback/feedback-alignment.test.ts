import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Learner } from '../../../src/learning/index.ts';
import { ACTIVATIONS } from '../../../src/tensor/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, smallStack, train } from '../fixtures.ts';

const rule = ruleById('feedback-alignment');

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const transposeInto = (learner: Learner): void => {
  for (const { weights, feedback } of learner.network.projections) {
    if (feedback) compute.transpose(feedback.weights, weights);
  }
};

/** Returns the feedback weights by the forward projection that they answer. */
const feedbackOf = (options: unknown, specification = smallStack()): Record<string, number[]> => {
  const learner = learnerOf(compute, rule, { specification, options });
  const weights = learner.network.projections.flatMap(({ id, feedback }) =>
    feedback ? [[id, feedback.weights.toArray()] as const] : [],
  );
  learner.dispose();
  return Object.fromEntries(weights);
};

describe('with the transposed forward weights as feedback', () => {
  test.each<[string, NetworkSpecification]>([
    ...ACTIVATIONS.map((activation): [string, NetworkSpecification] => [
      activation,
      smallStack({ activation }),
    ]),
    ['squared error', smallStack({ objective: 'squared-error', outputActivation: 'logistic' })],
    ['sparse projections', smallStack({ density: 0.5 })],
    [
      'connections that skip areas',
      {
        ...smallStack(),
        projections: [
          ...smallStack().projections,
          { from: 'input', to: 'output' },
          { from: 'hidden1', to: 'output' },
        ],
      },
    ],
  ])('feedback alignment equals backpropagation to the bit: %s', (_, specification) => {
    const learner = learnerOf(compute, rule, { specification });
    const batch = clouds(compute, 0);
    const exact = gradientsOf(compute, learner, batch, backpropagate);
    expect(gradientsOf(compute, learner, batch)).not.toEqual(exact);
    transposeInto(learner);
    expect(gradientsOf(compute, learner, batch)).toEqual(exact);
    learner.dispose();
    release(compute, batch);
  });
});

describe('feedback projections', () => {
  test('answer every projection that errors must cross, and are never learned', () => {
    const learner = learnerOf(compute, rule);
    const { network } = learner;
    expect(network.projections.filter(({ feedback }) => feedback).map(({ id }) => id)).toEqual([
      'hidden1→hidden2',
      'hidden2→output',
    ]);
    expect(network.parameters.every(({ id }) => !id.startsWith('feedback'))).toBe(true);
    const numbers = () => network.projections.map(({ feedback }) => feedback?.weights.toArray());
    const before = numbers();
    train(compute, learner, 0, 5);
    expect(numbers()).toEqual(before);
    learner.dispose();
  });

  test('that the network already has are used unchanged', () => {
    const base = smallStack();
    const own: NetworkSpecification = {
      ...base,
      projections: [
        ...base.projections,
        {
          id: 'apical',
          from: 'output',
          to: 'hidden2',
          kind: 'feedback',
          answers: 'hidden2→output',
          initialisation: { kind: 'zero' },
        },
      ],
    };
    const learner = learnerOf(compute, rule, { specification: own });
    const batch = clouds(compute, 0);
    const gradients = gradientsOf(compute, learner, batch);
    expect(learner.network.projection('hidden2→output').feedback?.id).toBe('apical');
    // Zero weights send no error down, but the output still learns.
    expect(gradients.get('hidden1→hidden2')?.every((value) => value === 0)).toBe(true);
    expect(gradients.get('hidden2→output')?.some((value) => value !== 0)).toBe(true);
    learner.dispose();
    release(compute, batch);
  });

  test('answer parallel projections between the same areas one by one', () => {
    const base = smallStack();
    const parallel = {
      ...base,
      projections: [...base.projections, { id: 'second', from: 'hidden2', to: 'output' }],
    };
    expect(Object.keys(feedbackOf({}, parallel))).toEqual(['hidden1→hidden2', 'hidden2→output', 'second']);
  });
});

describe('options', () => {
  const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
  const times = (weights: Record<string, number[]>, factor: number) =>
    Object.values(weights).map((values) => values.map((value) => Math.fround(value * factor)));

  test('uniform feedback lies within ±scale', () => {
    for (const values of Object.values(feedbackOf({ feedback: 'uniform', scale: 0.3 }))) {
      expect(largest(values)).toBeLessThanOrEqual(0.3 + 1e-7);
      expect(largest(values)).toBeGreaterThan(0.2);
    }
  });

  test('normal feedback has the requested standard deviation', () => {
    const wide = smallStack({ layers: [6, 60, 60, 3] });
    const values = feedbackOf({ feedback: 'normal', scale: 0.2 }, wide)['hidden1→hidden2'] ?? [];
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    expect(Math.abs(variance / 0.04 - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
  });

  test.each<[string, NetworkSpecification]>([
    ['the default', smallStack()],
    ['He', smallStack({ activation: 'relu' })],
    ['Glorot with a scale of its own', smallStack({ initialisation: { kind: 'glorot', scale: 0.5 } })],
    ['uniform', smallStack({ initialisation: { kind: 'uniform' } })],
    ['uniform with a scale of its own', smallStack({ initialisation: { kind: 'uniform', scale: 0.1 } })],
    ['normal', smallStack({ initialisation: { kind: 'normal', scale: 0.1 } })],
  ])('as-forward, scale multiplies the forward distribution: %s', (_, specification) => {
    const plain = feedbackOf({}, specification);
    const scaled = feedbackOf({ scale: 3 }, specification);
    for (const [i, values] of times(plain, 3).entries()) {
      const got = Object.values(scaled)[i] ?? [];
      for (const [k, value] of got.entries()) expect(value).toBeCloseTo(values[k] ?? NaN, 6);
    }
  });
});

test('gradient flow in a linear network conserves W₁ᵀW₁ − W₂B − BᵀW₂ᵀ: a step changes it by (ΔW₁)ᵀΔW₁ only', () => {
  // Lillicrap et al. (2016), supplementary proof 1: h = W₁ᵀx, and both weights learn from the same error e.
  const [n, h, m] = [6, 5, 3];
  const specification = smallStack({
    layers: [n, h, m],
    activation: 'linear',
    objective: 'squared-error',
    bias: false,
  });
  const learner = learnerOf(compute, rule, {
    specification,
    optimiser: optimiser({ kind: 'sgd', rate: 0.2 }),
  });
  const first = learner.network.projection('input→hidden1');
  const second = learner.network.projection('hidden1→output');
  const at = (values: readonly number[], columns: number, row: number, column: number) =>
    values[row * columns + column] as number;
  const sum = (count: number, f: (k: number) => number) =>
    Array.from({ length: count }, (_, k) => f(k)).reduce((total, value) => total + value, 0);
  const b = second.feedback?.weights.toArray() ?? [];

  for (let step = 0; step < 5; step++) {
    const measure = () => {
      const w1 = first.weights.toArray();
      const w2 = second.weights.toArray();
      const conserved = (i: number, j: number) =>
        sum(n, (k) => at(w1, h, k, i) * at(w1, h, k, j)) -
        sum(m, (k) => at(w2, m, i, k) * at(b, h, k, j) + at(w2, m, j, k) * at(b, h, k, i));
      return {
        w1,
        conserved: Array.from({ length: h * h }, (_, ij) => conserved(Math.floor(ij / h), ij % h)),
      };
    };
    const before = measure();
    train(compute, learner, step, step + 1);
    const after = measure();
    const change = after.w1.map((value, i) => value - (before.w1[i] as number));
    expect(Math.max(...change.map(Math.abs))).toBeGreaterThan(1e-3);
    for (const [ij, value] of after.conserved.entries()) {
      const square = sum(n, (k) => at(change, h, k, Math.floor(ij / h)) * at(change, h, k, ij % h));
      expect(value - (before.conserved[ij] as number)).toBeCloseTo(square, 13);
    }
  }
  learner.dispose();
});
