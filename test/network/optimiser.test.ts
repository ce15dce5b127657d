import { describe, expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import { Optimiser } from '../../src/network/index.ts';
import type { OptimiserSpecification, Parameter } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { at, map } from './plain-optimiser.ts';
import type { PlainTerm } from './plain-optimiser.ts';
import { BACKENDS, distance, KINDS, plain, Synapses, termOf } from './synapses.ts';

const on = openAll(BACKENDS);

describe('optimisers follow their publications', () => {
  /** One synapse on a quadratic loss with curvature c: g = c (w − target). */
  const curvature = 3;
  const target = 0.4;
  const gradientAt = (w: number): PlainTerm => ({
    kind: 'outer',
    pre: [[curvature]],
    post: [[w - target]],
    factor: 1,
  });
  const weight = (synapses: Synapses) => at(synapses.weights, 0, 0);
  const start = (specification: OptimiserSpecification, w: number) => {
    const synapses = new Synapses(on('reference'), specification, [1, 1]);
    synapses.parameter.values.set([w]);
    return synapses;
  };

  test('momentum on a quadratic follows the closed form of its linear recurrence', () => {
    const mu = 0.7;
    const rate = 0.1;
    const synapses = start({ ...plain, kind: 'momentum', momentum: mu, rate }, 2);
    // e_{t+1} − (1 + μ − ηc) e_t + μ e_{t−1} = 0 with e_{−1} = e_0: complex roots √μ·e^{±iθ}.
    const half = (1 + mu - rate * curvature) / 2;
    const theta = Math.acos(half / Math.sqrt(mu));
    const e0 = 2 - target;
    const e1 = e0 * (1 - rate * curvature);
    const b = (e1 / Math.sqrt(mu) - e0 * Math.cos(theta)) / Math.sin(theta);
    for (let t = 1; t <= 20; t++) {
      synapses.update([gradientAt(weight(synapses))]);
      const closed = mu ** (t / 2) * (e0 * Math.cos(theta * t) + b * Math.sin(theta * t));
      expect(weight(synapses) - target).toBeCloseTo(closed, 12);
    }
    synapses.dispose();
  });

  test('Nesterov takes the gradient at the look-ahead point θ + μv', () => {
    const mu = 0.85;
    const rate = 0.05;
    const synapses = start({ ...plain, kind: 'nesterov', momentum: mu, rate }, 2);
    let theta = 2;
    let v = 0;
    for (let t = 0; t < 20; t++) {
      synapses.update([gradientAt(weight(synapses))]);
      v = mu * v - rate * curvature * (theta + mu * v - target);
      theta += v;
      expect(weight(synapses)).toBeCloseTo(theta + mu * v, 12);
    }
    synapses.dispose();
  });

  test('the fused kernel for one outer term equals the general path', () => {
    for (const kind of ['momentum', 'nesterov'] as const) {
      const specification = { ...plain, kind, decay: 0.1 };
      const fused = new Synapses(on('reference'), specification, [4, 3]);
      const general = new Synapses(on('reference'), specification, [4, 3]);
      const draws = new Sequence(stream(8, 'fused'));
      for (let t = 0; t < 6; t++) {
        const term = termOf('outer', draws, [4, 3], 3);
        const zero: PlainTerm = { kind: 'direction', direction: map(fused.weights, () => 0), factor: 1 };
        fused.update([term]);
        general.update([term, zero]);
        expect(distance(fused.weights, general.weights)).toBeLessThan(1e-14);
      }
      fused.dispose();
      general.dispose();
    }
  });

  test('the first step of Adam has the size of the rate, whatever the size of the gradient', () => {
    for (const size of [1e-3, 1, 1e4]) {
      const synapses = start({ ...plain, kind: 'adam', epsilon: 1e-12, rate: 0.01 }, 1);
      synapses.update([{ kind: 'direction', direction: [[-size]], factor: 1 }]);
      expect(weight(synapses)).toBeCloseTo(1.01, 8);
      synapses.dispose();
    }
  });

  test('RMSprop is invariant to the scale of a constant gradient', () => {
    const paths = [0.01, 100].map((size) => {
      const synapses = start({ ...plain, kind: 'rmsprop', epsilon: 1e-12 }, 0);
      for (let t = 0; t < 5; t++) synapses.update([{ kind: 'direction', direction: [[size]], factor: 1 }]);
      const end = weight(synapses);
      synapses.dispose();
      return end;
    });
    expect(paths[0]).toBeCloseTo(paths[1] ?? NaN, 8);
  });

  test('with weight decay and no gradient, SGD multiplies weights by (1 − ηλ) per update', () => {
    const synapses = start({ ...plain, decay: 0.4, rate: 0.05 }, 1);
    for (let t = 1; t <= 10; t++) {
      synapses.update([{ kind: 'direction', direction: [[0]], factor: 1 }]);
      expect(weight(synapses)).toBeCloseTo((1 - 0.05 * 0.4) ** t, 13);
    }
    synapses.dispose();
  });

  test.each(BACKENDS)(
    'max-norm on %s bounds the incoming weights of a unit and leaves shorter vectors unchanged',
    (backend) => {
      const synapses = new Synapses(on(backend), { ...plain, maximumNorm: 1, rate: 1 }, [5, 7]);
      synapses.parameter.values.data.fill(0);
      const direction = map(synapses.weights, (_, i, j) => -(j + 1) * 0.1 * (i % 2 === 0 ? 1 : -1));
      synapses.update([{ kind: 'direction', direction, factor: 1 }]);
      for (let j = 0; j < 7; j++) {
        const norm = Math.hypot(...synapses.weights.map((row) => row[j] ?? NaN));
        expect(norm).toBeCloseTo(Math.min(1, 0.1 * (j + 1) * Math.sqrt(5)), 6);
      }
      synapses.dispose();
    },
  );

  test('parameters may have different optimisers, and rates follow their schedule', () => {
    const compute = on('reference');
    const synapses = new Synapses(compute, plain, [1, 1]);
    const { network } = synapses;
    const bias = network.area('b').bias as Parameter;
    const optimiser = new Optimiser(
      compute,
      network.parameters,
      ({ role }) =>
        role === 'bias' ? { ...plain, rate: 0.5 } : { ...plain, rate: { kind: 'linear', value: 1, end: 0 } },
      10,
    );
    expect(optimiser.rate(synapses.parameter, 4)).toBeCloseTo(0.6, 12);
    expect(optimiser.rate(bias, 4)).toBe(0.5);
    const before = weight(synapses);
    compute.scope(() => {
      const direction = compute.temporary([1, 1]).set([1]);
      optimiser.apply(synapses.parameter, [{ kind: 'direction', direction }], 1, 4);
      optimiser.apply(bias, [{ kind: 'direction', direction }], 1, 4);
    });
    expect(weight(synapses) - before).toBeCloseTo(-0.6, 12);
    expect(bias.values.toArray()[0]).toBeCloseTo(-0.5, 12);
    expect([...optimiser.tensors().keys()]).toEqual([]);
    synapses.dispose();
  });
});

describe('masked weights', () => {
  test.each(BACKENDS)('stay 0 on %s with every optimiser and every term', (backend) => {
    for (const kind of KINDS) {
      const synapses = new Synapses(
        on(backend),
        { ...plain, kind, decay: 0.1, maximumNorm: 3 },
        [11, 9],
        0.4,
      );
      const mask = synapses.mask.flat();
      expect(mask.includes(0) && mask.includes(1)).toBe(true);
      const draws = new Sequence(stream(9, 'masked'));
      const updates = [['outer'], ['outer', 'mixing'], ['direction'], ['weight-decay', 'outer']] as const;
      for (const terms of updates) {
        synapses.update(terms.map((term) => termOf(term, draws, [11, 9], 4)));
        const values = synapses.weights.flat();
        expect(values.every((value, i) => mask[i] === 1 || value === 0)).toBe(true);
        expect(values.some((value) => value !== 0)).toBe(true);
      }
      synapses.dispose();
    }
  });
});

test('a term for a parameter that is not plastic is refused by name', () => {
  const synapses = new Synapses(on('reference'), plain, [2, 2]);
  const other = new Synapses(on('reference'), plain, [2, 2]);
  expect(() =>
    synapses.update([{ kind: 'direction', direction: synapses.weights, factor: 1 }], other.parameter),
  ).toThrow(/"a→b" is not plastic/);
  synapses.dispose();
  other.dispose();
});
