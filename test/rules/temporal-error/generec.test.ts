import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification, Projection } from '../../../src/network/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { parseOptions } from '../../../src/learning/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, train, UNITS } from '../fixtures.ts';

const on = openAll(['reference', 'wasm']);
const rule = ruleById('generec');
const layers = [UNITS, 8, 7, 3];
const specification = stack({ layers, activation: 'tanh', objective: 'squared-error' });
const variants = (['plain', 'midpoint', 'symmetric'] as const).flatMap((variant) =>
  (['shared', 'separate'] as const).map((weights) => ({ variant, weights })),
);

/** Returns the difference between the transposed weights of a projection and its feedback weights. */
function asymmetry(forward: Projection): number[] {
  const feedback = forward.feedback as Projection;
  const compute = on('reference');
  return compute.scope(() => {
    const exact = compute.temporary(feedback.weights.shape);
    forward.exactFeedback(compute, exact);
    return exact.toArray().map((value, i) => value - (feedback.weights.data[i] ?? NaN));
  });
}

/** Returns ‖update − gradient of the feedforward pass‖ / ‖gradient‖, over biases and the first weights. */
function errorOf(options: object, gain: number): number {
  const compute = on('reference');
  const settling = { ...options, gain, freeSteps: 400, clampedSteps: 400 };
  const [update, exact] = [undefined, backpropagate].map((reference) => {
    const learner = learnerOf(compute, rule, { specification, options: settling });
    for (const projection of learner.network.projections) {
      if (projection.feedback) projection.exactFeedback(compute, projection.feedback.weights);
    }
    const batch = clouds(compute, 0, 4);
    const gradients = gradientsOf(compute, learner, batch, reference);
    release(compute, batch);
    learner.dispose();
    return [...gradients]
      .filter(([id]) => id.endsWith('.bias') || id === 'input→hidden1')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, values]) => values);
  }) as [number[], number[]];
  expect(update.length).toBe(exact.length);
  return Math.hypot(...update.map((value, i) => value - (exact[i] ?? NaN))) / Math.hypot(...exact);
}

describe.each(variants)('$variant, $weights weights', (options) => {
  test('with weak feedback errors equal those of backpropagation, up to the order of the gain', () => {
    const [strong, weak] = [0.01, 0.001].map((gain) => errorOf(options, gain)) as [number, number];
    expect(weak).toBeLessThan(0.01);
    expect(Math.log10(strong / weak)).toBeCloseTo(1, 1);
  });

  test('learns to tell three clouds of points apart', () => {
    const compute = on('wasm');
    const learner = learnerOf(compute, rule, { options, optimiser: optimiser({ rate: 0.05 }) });
    const down = learner.network.projections.filter(({ kind }) => kind === 'feedback');
    expect(down.length).toBe(options.weights === 'separate' ? 2 : 0);
    const before = down.map(({ weights }) => weights.toArray());
    const unseen = clouds(compute, 1000, 60);
    train(compute, learner, 0, 150);
    learner.resetTally();
    learner.evaluate(unseen);
    expect(learner.tally().wrong).toBeLessThanOrEqual(3);
    for (const [index, { weights }] of down.entries()) expect(weights.toArray()).not.toEqual(before[index]);
    release(compute, unseen);
    learner.dispose();
  });
});

test('separate but transposed weights settle like shared weights, bit for bit', () => {
  const compute = on('reference');
  const rates = (['shared', 'separate'] as const).map((weights) => {
    const learner = learnerOf(compute, rule, { specification, options: { weights, gain: 0.7 } });
    for (const projection of learner.network.projections) {
      if (projection.feedback) projection.exactFeedback(compute, projection.feedback.weights);
    }
    const batch = clouds(compute, 0, 5);
    const found: number[] = [];
    learner.respond(batch.inputs, (phase) => {
      found.push(...learner.network.areas.flatMap((area) => phase.rate(area).toArray()));
    });
    release(compute, batch);
    learner.dispose();
    return found;
  });
  expect(rates[0]).toEqual(rates[1]);
});

test('only the symmetric variant keeps the difference between separate weights constant', () => {
  const moved = (variant: string) => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, {
      specification,
      options: { variant, weights: 'separate' },
    });
    const top = learner.network.projection('hidden2→output');
    const before = asymmetry(top);
    const start = top.weights.toArray();
    train(compute, learner, 0, 20);
    const change = Math.hypot(...top.weights.toArray().map((value, i) => value - (start[i] ?? NaN)));
    const difference = Math.hypot(...asymmetry(top).map((value, i) => value - (before[i] ?? NaN)));
    learner.dispose();
    return difference / change;
  };
  expect(moved('symmetric')).toBeLessThan(1e-12);
  expect(moved('midpoint')).toBeGreaterThan(0.1);
  expect(moved('plain')).toBeGreaterThan(0.1);
});

describe('supported networks', () => {
  const skips: NetworkSpecification = {
    ...specification,
    projections: [...specification.projections, { from: 'hidden1', to: 'output' }],
  };
  const answered: NetworkSpecification = {
    ...specification,
    projections: [
      ...specification.projections,
      { from: 'output', to: 'hidden2', kind: 'feedback', answers: 'hidden2→output', plastic: true },
    ],
  };

  test('include any wiring with a gain of 1, levels with less, and networks with feedback', () => {
    expect(rule.network?.refuses?.(skips, parseOptions(rule, {}))).toMatch(/"hidden1→hidden2".*gain=1/);
    expect(rule.network?.refuses?.(skips, parseOptions(rule, { gain: 1 }))).toBeUndefined();
    expect(rule.network?.refuses?.(answered, parseOptions(rule, {}))).toBeUndefined();
    const contrastive = ruleById('contrastive-hebbian');
    expect(contrastive.network?.refuses?.(answered, parseOptions(contrastive, {}))).toMatch(
      /"feedback:output→hidden2" is a feedback projection with weights of its own.*generec/,
    );
  });

  test('with feedback for some projections use it, and transposed weights for the others', () => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, { specification: answered });
    const feedback = learner.network.projection('feedback:output→hidden2');
    const before = feedback.weights.toArray();
    train(compute, learner, 0, 5);
    expect(feedback.weights.toArray()).not.toEqual(before);
    learner.dispose();
  });
});
