import { Matrix, pseudoInverse, solve } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Batch, Learner } from '../../../src/learning/index.ts';
import type { NetworkSpecification, OptimiserSpecification } from '../../../src/network/index.ts';
import type { Compute, Tensor } from '../../../src/tensor/index.ts';
import { clouds, learnerOf, optimiser, release, smallStack, train } from '../fixtures.ts';

const rule = ruleById('learned-feedback');

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const matrix = (tensor: Tensor) => Matrix.from1DArray(tensor.rows, tensor.columns, tensor.toArray());
const centred = (values: Matrix) => values.clone().subRowVector(values.mean('column'));
const degrees = (a: Matrix, b: Matrix) =>
  (Math.acos(Matrix.mul(a, b).sum() / (a.norm() * b.norm())) * 180) / Math.PI;

/** Returns the network with fixed forward weights, so that only the feedback learns. */
const still = (specification: NetworkSpecification): NetworkSpecification => ({
  ...specification,
  areas: specification.areas.map((area) => ({ ...area, bias: false })),
  projections: specification.projections.map((projection) => ({ ...projection, plastic: false })),
});

const feedbackOf = (learner: Learner, answered: string): Tensor => {
  const { feedback } = learner.network.projection(answered);
  if (!feedback) throw new Error(`Nothing answers ${answered}.`);
  return feedback.weights;
};

const learn = (learner: Learner, batch: Batch, updates: number, from = 0): void => {
  for (let step = from; step < from + updates; step++) learner.learn(batch, step, 0);
};

const sgd = (rate: number): OptimiserSpecification => optimiser({ kind: 'sgd', rate });

/** Returns the activities of all areas for a batch, without noise. */
const activities = (learner: Learner, batch: Batch): Map<string, Matrix> => {
  const found = new Map<string, Matrix>();
  learner.evaluate(batch, (phase) => {
    for (const area of learner.network.areas) found.set(area.id, matrix(phase.activity(area)));
  });
  return found;
};

const regression = (target: Matrix, from: Matrix, ridge = 0): Matrix =>
  solve(
    from.transpose().mmul(from).div(from.rows).add(Matrix.eye(from.columns).mul(ridge)),
    from.transpose().mmul(target).div(from.rows),
  );

describe('with fixed forward weights, the feedback converges to', () => {
  test.each<[string, object, number]>([
    ['the regression of deviations below on deviations above', { speed: 1 }, 0],
    ['the ridge regression under decay', { speed: 0.5, decay: 0.3 }, 0.3],
    ['the regression without a constant on raw rates', { speed: 1, centred: false }, 0],
  ])('%s', (_, options, ridge) => {
    const learner = learnerOf(compute, rule, {
      specification: still(
        smallStack({
          layers: [6, 5, 4, 3],
          objective: 'squared-error',
          initialisation: { kind: 'orthogonal' },
        }),
      ),
      options,
      optimiser: sgd(0.5),
    });
    const batch = clouds(compute, 0, 40);
    learn(learner, batch, 8000);
    const sent = activities(learner, batch);
    for (const [above, below] of [
      ['output', 'hidden2'],
      ['hidden2', 'hidden1'],
    ] as const) {
      const prepare = 'centred' in options ? (values: Matrix) => values : centred;
      const expected = regression(
        prepare(sent.get(below) as Matrix),
        prepare(sent.get(above) as Matrix),
        ridge,
      );
      const found = matrix(feedbackOf(learner, `${below}→${above}`));
      expect(Matrix.sub(found, expected).norm() / expected.norm()).toBeLessThan(1e-9);
    }
    learner.dispose();
    release(compute, batch);
  });

  test('the ridge regression on the probabilities of an area under cross-entropy', () => {
    const learner = learnerOf(compute, rule, {
      specification: still(smallStack({ layers: [6, 5, 3] })),
      options: { speed: 1, decay: 0.01 },
      optimiser: sgd(1),
    });
    const batch = clouds(compute, 0, 30);
    learn(learner, batch, 5000);
    const sent = activities(learner, batch);
    const odds = Matrix.exp(sent.get('output') as Matrix);
    const probabilities = odds.divColumnVector(odds.sum('row'));
    const expected = regression(centred(sent.get('hidden1') as Matrix), centred(probabilities), 0.01);
    const found = matrix(feedbackOf(learner, 'hidden1→output'));
    expect(Matrix.sub(found, expected).norm() / expected.norm()).toBeLessThan(1e-9);
    learner.dispose();
    release(compute, batch);
  });
});

describe('with white activity below and linear units', () => {
  /** Returns a batch with mean 0 and covariance I, which an orthogonal first projection preserves. */
  const whiteBatch = (): Batch => {
    const size = 6;
    const inputs = compute.allocate([2 * size, size]);
    for (let i = 0; i < size; i++) {
      inputs.data[i * size + i] = Math.sqrt(size);
      inputs.data[(size + i) * size + i] = -Math.sqrt(size);
    }
    return { inputs, targets: compute.allocate([2 * size, 3]) };
  };
  const learned = (decay: number) => {
    const base = smallStack({ layers: [6, 6, 3], activation: 'linear', objective: 'squared-error' });
    const [first, ...others] = still(base).projections;
    const specification = {
      ...base,
      projections: [
        { ...first, from: 'input', to: 'hidden1', initialisation: { kind: 'orthogonal' as const } },
        ...others,
      ],
    };
    const learner = learnerOf(compute, rule, {
      specification,
      options: { speed: 1, decay },
      optimiser: sgd(1 / (2 + decay)),
    });
    const batch = whiteBatch();
    const weights = matrix(learner.network.projection('hidden1→output').weights);
    const random = degrees(matrix(feedbackOf(learner, 'hidden1→output')), weights.transpose());
    learn(learner, batch, 2000);
    const feedback = matrix(feedbackOf(learner, 'hidden1→output'));
    learner.dispose();
    release(compute, batch);
    return { weights, feedback, random };
  };

  test('feedback converges to the pseudo-inverse of the forward weights', () => {
    const { weights, feedback } = learned(0);
    expect(Matrix.sub(feedback, pseudoInverse(weights)).norm()).toBeLessThan(1e-9);
  });

  test('feedback turns from the pseudo-inverse towards the transpose as decay grows', () => {
    const angles = [0, 0.3, 3, 300].map((decay) => {
      const { weights, feedback } = learned(decay);
      return degrees(feedback, weights.transpose());
    });
    expect(learned(0).random).toBeGreaterThan(60);
    for (const [i, angle] of angles.slice(1).entries()) expect(angle).toBeLessThan(angles[i] as number);
    expect(angles.at(-1)).toBeLessThan(0.2);
  });
});

describe('speed and delay', () => {
  const kinds = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const;

  test.each(kinds)('feedback learns at `speed` times the learning rate under %s', (kind) => {
    const change = (speed: number): Matrix => {
      const learner = learnerOf(compute, rule, {
        specification: still(smallStack()),
        options: { speed },
        optimiser: optimiser({ kind, rate: 1e-6 }),
      });
      const before = matrix(feedbackOf(learner, 'hidden1→hidden2'));
      train(compute, learner, 0, 5);
      const after = matrix(feedbackOf(learner, 'hidden1→hidden2'));
      learner.dispose();
      return Matrix.sub(after, before);
    };
    const slow = change(0.5);
    expect(Matrix.sub(change(2), slow.clone().mul(4)).norm() / slow.norm()).toBeLessThan(1e-3);
  });

  test('feedback is fixed for `delay` updates and learns from then on', () => {
    const learner = learnerOf(compute, rule, { options: { delay: 3 } });
    const numbers = () => feedbackOf(learner, 'hidden1→hidden2').toArray();
    const before = numbers();
    train(compute, learner, 0, 3);
    expect(numbers()).toEqual(before);
    train(compute, learner, 3, 4);
    expect(numbers()).not.toEqual(before);
    learner.dispose();
  });

  test('feedback that the network declares not plastic is fixed, as in feedback alignment', () => {
    const base = smallStack();
    const specification: NetworkSpecification = {
      ...base,
      projections: [
        ...base.projections,
        { from: 'hidden2', to: 'hidden1', kind: 'feedback', answers: 'hidden1→hidden2', plastic: false },
        { from: 'output', to: 'hidden2', kind: 'feedback', answers: 'hidden2→output', plastic: false },
      ],
    };
    const [learned, fixed] = [rule, ruleById('feedback-alignment')].map((candidate) => {
      const learner = learnerOf(compute, candidate, { specification });
      const losses = train(compute, learner, 0, 5);
      learner.dispose();
      return losses;
    });
    expect(learned).toEqual(fixed);
  });
});

test('learned feedback is closer to Wᵀ than fixed feedback when all weights learn', () => {
  const wide = smallStack({ layers: [6, 30, 30, 3], activation: 'relu', dropout: 0.5 });
  const [learned, fixed] = [rule, ruleById('feedback-alignment')].map((candidate) => {
    const learner = learnerOf(compute, candidate, { specification: wide, optimiser: sgd(0.1) });
    train(compute, learner, 0, 300);
    const angles = ['hidden1→hidden2', 'hidden2→output'].map((id) =>
      degrees(matrix(feedbackOf(learner, id)), matrix(learner.network.projection(id).weights).transpose()),
    );
    learner.dispose();
    return angles;
  });
  for (const [i, angle] of (learned ?? []).entries()) expect(angle).toBeLessThan((fixed?.[i] ?? 0) - 5);
});
