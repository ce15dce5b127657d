import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import type { Area, NetworkSpecification } from '../../../src/network/index.ts';
import { stack } from '../../../src/network/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { predictiveCoding } from '../../../src/rules/dendrites/predictive-coding.ts';
import { defineRule } from '../../../src/learning/index.ts';
import { clouds, gradientsOf, learnerOf, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference']);

const deep = (change: Partial<Parameters<typeof stack>[0]> = {}) =>
  stack({ layers: [UNITS, 7, 6, 5, 3], activation: 'tanh', objective: 'cross-entropy', ...change });

/** Returns ‖update − gradient of backpropagation‖ / ‖gradient‖ over all parameters. */
function distance(id: string, options: object, specification: NetworkSpecification = deep()): number {
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById(id), { specification, options });
  const batch = clouds(compute, 0, 4);
  const update = [...gradientsOf(compute, learner, batch).values()].flat();
  const exactOf = gradientsOf(compute, learner, batch, backpropagate);
  const exact = [...gradientsOf(compute, learner, batch).keys()].flatMap((name) => exactOf.get(name) ?? []);
  release(compute, batch);
  learner.dispose();
  const norm = (values: readonly number[]) => Math.hypot(...values);
  return norm(update.map((value, i) => value - (exact[i] ?? NaN))) / norm(exact);
}

describe('predictive coding', () => {
  test('tends to backpropagation as the assumed variance Σ of the outputs grows, with an error of order 1/Σ', () => {
    const errors = [10, 100, 1000].map((variance) =>
      distance('predictive-coding', { variance, steps: 2000 }),
    );
    const [coarse = NaN, medium = NaN, fine = NaN] = errors;
    expect(fine).toBeLessThan(0.01);
    expect(medium / fine).toBeGreaterThan(8);
    expect(coarse / medium).toBeGreaterThan(8);
  });

  test('equals backpropagation with fixed predictions once errors have settled', () => {
    expect(distance('predictive-coding', { predictions: 'fixed', steps: 2000 })).toBeLessThan(1e-12);
    expect(distance('predictive-coding', { predictions: 'fixed', steps: 5 })).toBeGreaterThan(0.1);
  });

  test('continues from the forward pass as if it had started anew, also with dropout', () => {
    const compute = on('reference');
    const found: number[][] = [];
    const rule = defineRule({
      ...predictiveCoding,
      learn(step) {
        const forward = step.run('forward');
        for (const start of [undefined, forward]) {
          const { compartment, activity, state } = step.run('inference', { start });
          const [hidden, output] = [step.network.areas[2], step.network.areas.at(-1)] as [Area, Area];
          found.push(
            [
              compartment(hidden, 'error'),
              activity(hidden),
              state(hidden),
              compartment(output, 'error'),
            ].flatMap((tensor) => tensor.toArray()),
          );
        }
      },
    });
    const specification = deep({ dropout: 0.3, inputDropout: 0.2 });
    const learner = learnerOf(compute, rule, { specification, options: {} });
    const batch = clouds(compute, 0, 4);
    learner.learn(batch, 0, 0);
    const [anew, after] = found;
    expect(after).toEqual(anew);
    expect(Math.max(...(anew ?? []))).toBeGreaterThan(0);
    release(compute, batch);
    learner.dispose();
  });
});

describe('zero-divergence inference', () => {
  test.each<[string, NetworkSpecification]>([
    ['tanh units under cross-entropy', deep()],
    [
      'logistic units and outputs under squared error',
      deep({ activation: 'logistic', outputActivation: 'logistic', objective: 'squared-error' }),
    ],
    ['sparse wiring', deep({ density: 0.6 })],
    [
      'a direct projection from the input',
      { ...deep(), projections: [...deep().projections, { from: 'input', to: 'output' }] },
    ],
  ])('equals backpropagation: %s', (_, specification) => {
    expect(distance('zero-divergence-inference', {}, specification)).toBeLessThan(1e-12);
  });

  test('refuses networks in which errors arrive at several times', () => {
    const specification = deep();
    const rule = ruleById('zero-divergence-inference');
    const skip = {
      ...specification,
      projections: [...specification.projections, { from: 'hidden1', to: 'hidden3' }],
    };
    expect(rule.network?.refuses?.(skip, {})).toMatch(
      /paths of unequal length lead from "hidden1".*predictive-coding/,
    );
    const early = {
      ...specification,
      objectives: [...specification.objectives, { area: 'hidden2', kind: 'squared-error' as const }],
    };
    expect(rule.network?.refuses?.(early, {})).toMatch(/"hidden2" has an objective/);
    expect(rule.network?.refuses?.(specification, {})).toBeUndefined();
  });
});
