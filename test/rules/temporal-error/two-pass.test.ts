import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, train, UNITS } from '../fixtures.ts';

const on = openAll(['reference']);
const rule = ruleById('two-pass');
/** Options for learning from targets alone: transposed feedback, no autoencoding, no code in addition to the label. */
const targetsAlone = { topDown: 'tied', autoencoding: 0, code: 0 };

/** Returns ‖update − gradient of backpropagation‖ / ‖gradient‖ of each parameter, by id. */
function distances(options: object, scale: number): Map<string, number> {
  const compute = on('reference');
  const learner = learnerOf(compute, rule, {
    specification: stack({ layers: [UNITS, 6, 5, 3], activation: 'tanh', objective: 'squared-error' }),
    options: { ...targetsAlone, ...options },
  });
  // With small weights both passes are nearly silent, so all slopes are close to 1.
  for (const { weights } of learner.network.projections) compute.scale(weights, weights, scale);
  const batch = clouds(compute, 0, 4);
  const exact = gradientsOf(compute, learner, batch, backpropagate);
  const update = gradientsOf(compute, learner, batch);
  release(compute, batch);
  learner.dispose();
  return new Map(
    [...exact].map(([id, gradient]) => {
      const difference = gradient.map((value, i) => value - (update.get(id)?.[i] ?? NaN));
      return [id, Math.hypot(...difference) / Math.hypot(...gradient)];
    }),
  );
}

describe('two top-down passes', () => {
  test('their change is the error: the update tends to backpropagation as the blend shrinks', () => {
    // Tied weights also learn to reconstruct, so only biases are compared.
    for (const slope of ['measured', 'formula']) {
      const coarse = distances({ slope, blend: 1, inverseRate: 1 }, 0.05);
      const fine = distances({ slope, blend: 1e-3 }, 0.05);
      expect(fine.get('hidden1.bias'), slope).toBeLessThan(0.02);
      expect(fine.get('hidden2.bias'), slope).toBeLessThan(0.02);
      expect(coarse.get('hidden1.bias'), slope).toBeGreaterThan(0);
    }
  });

  test('the measured slope tends to the computed slope as the blend shrinks', () => {
    const emitted = (slope: string, blend: number) => {
      const compute = on('reference');
      const learner = learnerOf(compute, rule, { options: { slope, blend, autoencoding: 0 } });
      const batch = clouds(compute, 0, 4);
      const update = gradientsOf(compute, learner, batch).get('input→hidden1') ?? [];
      release(compute, batch);
      learner.dispose();
      return update;
    };
    const gap = (blend: number) => {
      const [measured, computed] = [emitted('measured', blend), emitted('formula', blend)];
      return (
        Math.hypot(...measured.map((value, i) => value - (computed[i] ?? NaN))) / Math.hypot(...computed)
      );
    };
    expect(gap(1e-4)).toBeLessThan(1e-3);
    expect(gap(1e-2) / gap(1e-3)).toBeGreaterThan(8);
  });

  test.each(['learned', 'fixed', 'tied'] as const)('learns with top-down weights that are %s', (topDown) => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, {
      options: { topDown, visible: 'linear', code: 6 },
      optimiser: optimiser({ rate: 0.05 }),
    });
    const down = learner.network.projections.filter(({ kind }) => kind === 'feedback');
    const before = down.map(({ weights }) => weights.toArray());
    const unseen = clouds(compute, 1000, 60);
    train(compute, learner, 0, 150);
    learner.resetTally();
    learner.evaluate(unseen);
    expect(learner.tally().wrong).toBeLessThanOrEqual(3);
    expect(down.length > 0).toBe(topDown !== 'tied');
    const moved = down.some(({ weights }, i) => String(weights.toArray()) !== String(before[i]));
    expect(moved).toBe(topDown === 'learned');
    release(compute, unseen);
    learner.dispose();
  });

  test('hidden areas learn only as autoencoders until the delay is over', () => {
    const compute = on('reference');
    const hidden = (options: object) => {
      const learner = learnerOf(compute, rule, { options: { autoencoding: 0, ...options } });
      const before = learner.network.projection('input→hidden1').weights.toArray();
      train(compute, learner, 0, 3);
      const after = learner.network.projection('input→hidden1').weights.toArray();
      learner.dispose();
      return String(after) !== String(before);
    };
    expect(hidden({ delay: 3 })).toBe(false);
    expect(hidden({ delay: 2 })).toBe(true);
  });
});
