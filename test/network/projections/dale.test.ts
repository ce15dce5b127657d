import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import type { Projection } from '../../../src/network/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { learnerOf, optimiser, smallStack, train } from '../../rules/fixtures.ts';

const KINDS = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const;
/** Rules with weights of every kind: forward, and feedback that is fixed, learned, or tracks the forward weights. */
const RULES = ['backprop', 'feedback-alignment', 'learned-feedback', 'kolen-pollack', 'weight-mirror'];

const computes = new Map<string, Compute>();
beforeAll(async () => {
  for (const backend of ['reference', 'wasm'] as const) computes.set(backend, await openBackend({ backend }));
});
afterAll(() => {
  for (const compute of computes.values()) compute.dispose();
});
const on = (backend: string) => computes.get(backend) as Compute;

/** Counts the weights whose sign differs from that of their presynaptic unit. */
const violations = ({ weights, signs }: Projection): number => {
  const signOf = signs?.toArray() ?? [];
  return weights
    .toArray()
    .filter((value, i) => value * (signOf[Math.floor(i / weights.columns)] as number) < 0).length;
};

describe.each(['reference', 'wasm'])('on %s', (backend) => {
  test.each(RULES)('%s keeps the sign of every unit, with every optimiser', (id) => {
    const compute = on(backend);
    for (const kind of KINDS) {
      const learner = learnerOf(compute, ruleById(id), {
        specification: smallStack({ excitatory: 0.7, dropout: 0.2 }),
        options: id === 'backprop' ? {} : { excitatory: 0.7 },
        optimiser: optimiser({ kind, rate: 0.1, maximumNorm: 3 }),
      });
      const { projections } = learner.network;
      const before = projections.map(({ weights }) => weights.toArray());
      for (let step = 0; step < 12; step++) {
        for (const projection of projections) expect(violations(projection), projection.id).toBe(0);
        train(compute, learner, step, step + 1);
      }
      expect(projections.some(({ weights }, i) => String(weights.toArray()) !== String(before[i]))).toBe(
        true,
      );
      learner.dispose();
    }
  });
});

test('the share of excitatory units is exact, and a unit has one sign in all outgoing projections', () => {
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById('direct-feedback-alignment'), {
    specification: smallStack({ layers: [6, 10, 20, 5], excitatory: 0.8 }),
    options: { excitatory: 0.8 },
  });
  const { network } = learner;
  const signsOf = (id: string) => network.projection(id).signs?.toArray() ?? [];
  expect(signsOf('hidden2→output').filter((sign) => sign > 0)).toHaveLength(16);
  expect(signsOf('hidden1→hidden2').filter((sign) => sign > 0)).toHaveLength(8);
  expect(signsOf('feedback:output→hidden1').filter((sign) => sign > 0)).toHaveLength(4);
  expect(signsOf('feedback:output→hidden1')).toEqual(signsOf('feedback:output→hidden2'));
  learner.dispose();
});

test('excitation and inhibition start balanced, with the mean square of unsigned weights', () => {
  const compute = on('reference');
  const weightsOf = (excitatory?: number) => {
    const learner = learnerOf(compute, ruleById('backprop'), {
      specification: smallStack({
        layers: [6, 200, 100, 3],
        ...(excitatory === undefined ? {} : { excitatory }),
      }),
    });
    const values = learner.network.projection('hidden1→hidden2').weights.toArray();
    learner.dispose();
    return values;
  };
  const mean = (values: number[], f: (value: number) => number) =>
    values.reduce((sum, value) => sum + f(value), 0) / values.length;
  const free = mean(weightsOf(), (value) => value ** 2);
  for (const excitatory of [0.5, 0.8]) {
    const values = weightsOf(excitatory);
    expect(mean(values, (value) => value ** 2) / free).toBeCloseTo(1, 1);
    expect(Math.abs(mean(values, (value) => value))).toBeLessThan(0.02 * Math.sqrt(free));
  }
  expect(weightsOf(1).every((value) => value >= 0)).toBe(true);
});

test.each(['backprop', 'feedback-alignment', 'learned-feedback'])('%s learns under Dale’s law', (id) => {
  const compute = on('wasm');
  const learner = learnerOf(compute, ruleById(id), {
    specification: smallStack({ layers: [6, 40, 40, 3], excitatory: 0.8 }),
    options: id === 'backprop' ? {} : { excitatory: 0.5 },
  });
  const losses = train(compute, learner, 0, 200);
  expect(losses.slice(-10).reduce((sum, loss) => sum + loss, 0) / 10).toBeLessThan((losses[0] ?? NaN) / 4);
  learner.dispose();
});

test('a share of excitatory units above 1 is refused', () => {
  expect(() =>
    learnerOf(on('reference'), ruleById('backprop'), { specification: smallStack({ excitatory: 1.2 }) }),
  ).toThrow(/the share 1.2 of excitatory units, but it must be from 0 to 1/);
});
