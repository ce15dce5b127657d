import { expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import { annealedLogNormaliser, logNormaliserOf, meanLogLikelihood } from '../../src/analysis/index.ts';
import { stack } from '../../src/network/index.ts';
import { stream } from '../../src/random/index.ts';
import { machinesOf } from '../../src/rules/generative/restricted-boltzmann.ts';
import type { Machine } from '../../src/rules/generative/restricted-boltzmann.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Learner } from '../../src/learning/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { learnerOf } from '../rules/fixtures.ts';

const on = openAll(['reference', 'wasm'] as const);

/** Makes a machine with weights and biases drawn from N(0, scale²). */
function machineOf(compute: Compute, layers: readonly number[], scale: number): [Learner, Machine] {
  const learner = learnerOf(compute, ruleById('contrastive-divergence'), {
    specification: stack({ layers: [...layers, 2], activation: 'logistic', objective: 'cross-entropy' }),
  });
  for (const { id, values } of learner.network.parameters)
    compute.drawNormal(values, 0, scale, stream(8, id), 0);
  return [learner, machinesOf(learner.network)[0] as Machine];
}

test.each(['reference', 'wasm'] as const)(
  'annealed importance sampling agrees with enumeration within its own error, on %s',
  (backend) => {
    const compute = on(backend);
    const [learner, machine] = machineOf(compute, [9, 7], 0.8);
    const exact = logNormaliserOf(compute, machine);
    expect(exact).toMatchObject({ error: 0, how: 'enumeration' });
    for (const seed of [0, 1, 2]) {
      const { value, error } = annealedLogNormaliser(compute, machine, { particles: 200, steps: 300, seed });
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(0.1);
      expect(Math.abs(value - exact.value)).toBeLessThan(3 * error);
    }
    learner.dispose();
  },
);

test('more intermediate distributions reduce its error', () => {
  const compute = on('wasm');
  const [learner, machine] = machineOf(compute, [9, 7], 1.5);
  const errorOf = (steps: number) => annealedLogNormaliser(compute, machine, { steps }).error;
  expect(errorOf(400)).toBeLessThan(errorOf(10) / 2);
  learner.dispose();
});

test('the probabilities of all visible states sum to 1', () => {
  const compute = on('reference');
  const [learner, machine] = machineOf(compute, [4, 3], 1);
  const normaliser = logNormaliserOf(compute, machine);
  let total = 0;
  for (let state = 0; state < 16; state++) {
    compute.scope(() => {
      const inputs = compute.temporary([1, 4]).set([0, 1, 2, 3].map((unit) => (state >> unit) & 1));
      const given = new Map([[learner.network.input, inputs]]);
      total += Math.exp(meanLogLikelihood(compute, machine, given, normaliser));
    });
  }
  expect(total).toBeCloseTo(1, 12);
  learner.dispose();
});

test('a machine too large for enumeration is estimated, and its result says so', () => {
  const compute = on('wasm');
  const [learner, machine] = machineOf(compute, [20, 16], 0.3);
  const found = logNormaliserOf(compute, machine, { particles: 20, steps: 50 });
  expect(found.how).toBe('annealed importance sampling');
  expect(found.error).toBeLessThan(0.5);
  learner.dispose();
});
