import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import { hopfield } from '../../../src/dynamics/index.ts';
import { recurrentBackpropagateBy } from '../../../src/dynamics/settling/recurrent-backpropagation.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { clouds, gradientsOf, learnerOf, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference', 'wasm']);
const rule = ruleById('equilibrium-propagation');

const specification = stack({
  layers: [UNITS, 5, 4, 3],
  activation: 'logistic',
  outputActivation: 'logistic',
  objective: 'squared-error',
});

/** ‖update − gradient‖ / ‖gradient‖, and the cosine between them, over all parameters. */
function compare(options: object) {
  const compute = on('reference');
  const learner = learnerOf(compute, rule, {
    specification,
    options: { freeSteps: 3000, nudgedSteps: 3000, persistent: false, ...options },
  });
  const batch = clouds(compute, 0, 4);
  const update = [...gradientsOf(compute, learner, batch).values()].flat();
  const exact = [...gradientsOf(compute, learner, batch, recurrentBackpropagateBy(hopfield)).values()].flat();
  release(compute, batch);
  learner.dispose();
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
  const difference = update.map((value, i) => value - (exact[i] ?? NaN));
  return {
    error: Math.sqrt(dot(difference, difference) / dot(exact, exact)),
    cosine: dot(update, exact) / Math.sqrt(dot(update, update) * dot(exact, exact)),
  };
}

describe('the contrast of two fixed points is the gradient of the cost', () => {
  test('in the limit of a small nudge', () => {
    for (const sides of ['one', 'random', 'symmetric']) {
      const { error, cosine } = compare({ nudge: 1e-4, sides });
      expect(error, sides).toBeLessThan(1e-3);
      expect(cosine, sides).toBeGreaterThan(0.999999);
    }
  });

  test('up to an error of the order of the nudge, or of its square with symmetric nudging', () => {
    const [oneSided, symmetric] = (['one', 'symmetric'] as const).map((sides) => {
      const [coarse, fine] = [0.1, 0.01].map((nudge) => compare({ nudge, sides }).error) as [number, number];
      return Math.log10(coarse / fine);
    });
    expect(oneSided).toBeCloseTo(1, 1);
    expect(symmetric).toBeCloseTo(2, 1);
  });

  test('and equals the integral of the continual update, as steps become finer', () => {
    const gap = (stepSize: number) => {
      const compute = on('reference');
      const [contrast, continual] = (['contrast', 'continual'] as const).map((update) => {
        const learner = learnerOf(compute, rule, {
          specification,
          options: {
            ...{ nudge: 0.5, sides: 'one', update, stepSize, persistent: false },
            freeSteps: 20 / stepSize,
            nudgedSteps: 4 / stepSize,
          },
        });
        const batch = clouds(compute, 0, 4);
        const gradients = [...gradientsOf(compute, learner, batch).values()].flat();
        release(compute, batch);
        learner.dispose();
        return gradients;
      }) as [number[], number[]];
      return (
        Math.max(...contrast.map((value, i) => Math.abs(value - (continual[i] ?? NaN)))) /
        Math.max(...contrast.map(Math.abs))
      );
    };
    expect(gap(0.1) / gap(0.01)).toBeGreaterThan(8);
    expect(gap(0.01)).toBeLessThan(0.01);
  });
});
