import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { Learner, parseOptions } from '../../src/learning/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Exchange, Measurement } from '../../src/learning/index.ts';
import type { NetworkSpecification } from '../../src/network/index.ts';
import { blackBox, plainDescent } from '../../src/network/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import {
  clouds,
  gradientsOf,
  learnerOf,
  optimiser,
  release,
  smallStack,
  snapshot,
  train,
} from '../rules/fixtures.ts';

/*
 * Guarantees of a step for every rule: weighted examples, copies, samples shared with other workers, auxiliary
 * objectives.
 */

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const backprop = ruleById('backprop');
const values = (map: ReadonlyMap<string, number[]>) => [...map.values()].flat();

describe('example weights', () => {
  test('give the weighted mean of the gradients of single examples', () => {
    const learner = learnerOf(compute, backprop);
    const batch = clouds(compute, 0, 3);
    const weights = compute.allocate([3]).set([2, -0.5, 0]);
    const singles = [0, 1, 2].map((row) => {
      const inputs = compute.allocate([1, 6]).set(batch.inputs.rowRange(row, 1).toArray());
      const targets = compute.allocate([1], 'i32').set([batch.targets.data[row] as number]);
      const gradient = values(gradientsOf(compute, learner, { inputs, targets }));
      release(compute, { inputs, targets });
      return gradient;
    });
    const whole = values(gradientsOf(compute, learner, { ...batch, weights }));
    for (const [index, value] of whole.entries()) {
      const expected = (2 * (singles[0]?.[index] ?? NaN) - 0.5 * (singles[1]?.[index] ?? NaN)) / 3;
      expect(value).toBeCloseTo(expected, 12);
    }
    learner.dispose();
    release(compute, batch);
    compute.free(weights);
  });

  test('of 0 stop rules that know only the loss from learning, and weights of 1 change nothing', () => {
    for (const id of ['node-perturbation', 'weight-perturbation']) {
      const learner = learnerOf(compute, ruleById(id), { options: { samples: 3 } });
      const batch = clouds(compute, 0, 4);
      const weights = compute.allocate([4]);
      const plain = values(gradientsOf(compute, learner, batch));
      expect(plain.some((value) => value !== 0)).toBe(true);
      expect(values(gradientsOf(compute, learner, { ...batch, weights })).every((value) => value === 0)).toBe(
        true,
      );
      weights.set([1, 1, 1, 1]);
      expect(values(gradientsOf(compute, learner, { ...batch, weights }))).toEqual(plain);
      learner.dispose();
      release(compute, batch);
      compute.free(weights);
    }
  });
});

test('copies of an example share its dropout mask, so that only the jitter differs', () => {
  // With different masks the loss would change by about 1 and the update by 1/σ; with the same mask by about σ and 1.
  const largest = (noise: number) => {
    const learner = learnerOf(compute, ruleById('node-perturbation'), {
      specification: smallStack({ dropout: 0.5, inputDropout: 0.2 }),
      options: { noise, samples: 5 },
      optimiser: plainDescent(1),
    });
    const before = values(new Map(Object.entries(snapshot(learner))));
    train(compute, learner, 0, 1);
    const after = values(new Map(Object.entries(snapshot(learner))));
    learner.dispose();
    return Math.max(...after.map((value, index) => Math.abs(value - (before[index] ?? NaN))).slice(0, -4));
  };
  expect(largest(1e-6)).toBeGreaterThan(0);
  expect(largest(1e-6)).toBeLessThan(2 * largest(1e-2));
});

describe('samples that workers share', () => {
  /** Measures the samples in another order and some of them twice, as a pool with a slow worker does. */
  const shuffled: Exchange = {
    round(count, measure) {
      const all: Measurement[] = [];
      for (let sample = count - 1; sample >= 0; sample--) {
        all[sample] = measure(sample);
        if (sample % 3 === 0) expect(measure(sample)).toEqual(all[sample]);
      }
      return all;
    },
  };

  test.each([
    ['weight-perturbation', { samples: 7 }],
    ['weight-perturbation', { samples: 4, twoSided: true }],
    ['serial-weight-perturbation', { synapses: 9 }],
    ['serial-weight-perturbation', { synapses: 9, change: 'twiddle' }],
  ])('of %s %o give the same weights to the bit and count the same passes', (id, options) => {
    const [alone, together] = [undefined, shuffled].map((exchange) => {
      const rule = ruleById(id);
      const learner = new Learner(compute, {
        specification: smallStack({ dropout: 0.3, density: 0.7 }),
        rule,
        options: parseOptions(rule, options),
        optimiserOf: () => optimiser({ kind: 'adam', rate: 0.01 }),
        seed: 3,
        epochs: 10,
        exchange,
      });
      train(compute, learner, 0, 6);
      const result = Object.entries(snapshot(learner)).filter(([name]) => name !== 'tally');
      const passes = learner.passes;
      learner.dispose();
      return { result, passes };
    });
    expect(together).toEqual(alone);
  });
});

test('an auxiliary objective trains its area but does not count in the tally', () => {
  const base = smallStack();
  const specification: NetworkSpecification = {
    ...base,
    areas: [...base.areas, { id: 'readout', shape: [3], bias: true }],
    projections: [...base.projections, { from: 'hidden1', to: 'readout' }],
    objectives: [...base.objectives, { area: 'readout', kind: 'cross-entropy', auxiliary: true }],
  };
  const [plain, helped] = [base, specification].map((candidate) => {
    const learner = learnerOf(compute, backprop, { specification: candidate });
    const batch = clouds(compute, 0);
    learner.evaluate(batch);
    const tally = learner.tally();
    const gradients = gradientsOf(compute, learner, batch);
    learner.dispose();
    release(compute, batch);
    return { tally, gradients };
  });
  expect(helped?.tally).toEqual(plain?.tally);
  expect(helped?.gradients.get('hidden1→readout')?.some((value) => value !== 0)).toBe(true);
  expect(helped?.gradients.get('input→hidden1')).not.toEqual(plain?.gradients.get('input→hidden1'));
});

test('a black box is called once per example and pass', () => {
  let calls = 0;
  const loss = (output: ArrayLike<number>) => {
    calls += 1;
    return output[0] ?? NaN;
  };
  const learner = learnerOf(compute, ruleById('node-perturbation'), {
    specification: smallStack({ objective: blackBox(loss) }),
    options: { samples: 4 },
  });
  train(compute, learner, 0, 1, 5);
  expect(calls).toBe(5 + 4 * 5);
  learner.dispose();
});
