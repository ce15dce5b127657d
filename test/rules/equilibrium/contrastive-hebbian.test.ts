import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { parseOptions } from '../../../src/learning/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import { clouds, gradientsOf, learnerOf, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference']);
const rule = ruleById('contrastive-hebbian');
const layers = [UNITS, 8, 7, 3];

/** ‖update − gradient of the feedforward pass‖ / ‖gradient‖. */
function errorOf(specification: NetworkSpecification, gain: number): number {
  const compute = on('reference');
  const options = { gain, freeSteps: 400, clampedSteps: 400 };
  const [update, exact] = [undefined, backpropagate].map((reference) => {
    const learner = learnerOf(compute, rule, { specification, options });
    const batch = clouds(compute, 0, 4);
    const gradients = gradientsOf(compute, learner, batch, reference);
    release(compute, batch);
    learner.dispose();
    return [...gradients].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, values]) => values);
  }) as [number[], number[]];
  expect(update.length).toBe(exact.length);
  const square = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(square(update.map((value, i) => value - (exact[i] ?? NaN))) / square(exact));
}

describe('with weak feedback it equals backpropagation, up to an error of the order of the gain', () => {
  test.each<[string, NetworkSpecification]>([
    ['squared error', stack({ layers, activation: 'tanh', objective: 'squared-error' })],
    ['cross-entropy', stack({ layers, activation: 'logistic', objective: 'cross-entropy' })],
    ['rectified units', stack({ layers, activation: 'relu', objective: 'squared-error' })],
  ])('%s', (_, specification) => {
    const [strong, weak] = [0.01, 0.001].map((gain) => errorOf(specification, gain)) as [number, number];
    expect(weak).toBeLessThan(0.01);
    expect(Math.log10(strong / weak)).toBeCloseTo(1, 1);
  });
});

test('weak feedback needs levels, and the refusal names the projection that breaks them', () => {
  const base = stack({ layers, activation: 'tanh', objective: 'squared-error' });
  const skips = { ...base, projections: [...base.projections, { from: 'hidden1', to: 'output' }] };
  expect(rule.network?.refuses?.(skips, parseOptions(rule, {}))).toMatch(
    /"hidden1→hidden2".*gain=1.*equilibrium-propagation/,
  );
  expect(rule.network?.refuses?.(skips, parseOptions(rule, { gain: 1 }))).toBeUndefined();
  const fromInput = { ...base, projections: [...base.projections, { from: 'input', to: 'output' }] };
  expect(rule.network?.refuses?.(fromInput, parseOptions(rule, {}))).toBeUndefined();
});
