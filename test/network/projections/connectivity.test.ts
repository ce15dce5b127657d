import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { learnerOf, optimiser, smallStack, train } from '../../rules/fixtures.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

/** Counts the pairs of units that forward projections and their feedback connect, and those that both connect. */
function pairs(
  options: object,
  density: number,
): { id: string; forward: number; back: number; both: number; size: number }[] {
  const learner = learnerOf(compute, ruleById('feedback-alignment'), {
    specification: smallStack({ layers: [6, 80, 60, 40], density }),
    options,
  });
  const counts = learner.network.projections.flatMap(({ id, mask, feedback, weights }) => {
    if (!mask || !feedback?.mask) return [];
    const forward = mask.toArray();
    const back = feedback.mask.toArray();
    const { rows, columns } = weights;
    const opposite = (i: number) => back[(i % columns) * rows + Math.floor(i / columns)] as number;
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    return {
      id,
      forward: sum(forward),
      back: sum(back),
      both: sum(forward.map((exists, i) => exists * opposite(i))),
      size: weights.size,
    };
  });
  learner.dispose();
  return counts;
}

const near = (count: number, share: number, size: number) =>
  Math.abs(count - share * size) < 5 * Math.sqrt(size * share * (1 - share));

describe('one draw per pair of units', () => {
  test.each([
    [0.25, 0.25],
    [0.5, 0.5],
    [0.1, 0.9],
    [0.7, 0.3],
  ])('disjoint wiring with densities %f and %f connects no pair in both directions', (density, share) => {
    for (const { forward, back, both, size } of pairs({ wiring: 'disjoint', density: share }, density)) {
      expect(both).toBe(0);
      expect(near(forward, density, size) && near(back, share, size)).toBe(true);
    }
  });

  test('disjoint densities that add up to 1 connect every pair in one direction', () => {
    for (const { forward, back, size } of pairs({ wiring: 'disjoint', density: 0.3 }, 0.7)) {
      expect(forward + back).toBe(size);
    }
  });

  test('reciprocal wiring connects the same pairs, or a subset at a lower density', () => {
    for (const { forward, back, both } of pairs({ wiring: 'reciprocal' }, 0.4)) {
      expect([back, both]).toEqual([forward, forward]);
    }
    for (const { back, both, forward } of pairs({ wiring: 'reciprocal', density: 0.2 }, 0.4)) {
      expect(both).toBe(back);
      expect(back).toBeLessThan(forward);
    }
  });

  test('independent wiring connects pairs in both directions at the rate of chance', () => {
    for (const { both, size } of pairs({ density: 0.3 }, 0.5)) expect(near(both, 0.15, size)).toBe(true);
  });
});

test('the wiring of feedback does not change the forward weights', () => {
  const weightsWith = (options: object) => {
    const learner = learnerOf(compute, ruleById('feedback-alignment'), {
      specification: smallStack({ density: 0.5 }),
      options,
    });
    const weights = learner.network.projection('hidden1→hidden2').weights.toArray();
    learner.dispose();
    return weights;
  };
  expect(weightsWith({ wiring: 'disjoint', density: 0.25 })).toEqual(weightsWith({}));
});

test('a network with disjoint wiring learns, and absent synapses stay absent', () => {
  const learner = learnerOf(compute, ruleById('learned-feedback'), {
    specification: smallStack({ layers: [6, 40, 40, 3], density: 0.5 }),
    options: { wiring: 'disjoint', density: 0.5 },
    optimiser: optimiser({ decay: 0.01, maximumNorm: 3 }),
  });
  const losses = train(compute, learner, 0, 150);
  for (const { mask, weights } of learner.network.projections) {
    const exists = mask?.toArray() ?? [];
    expect(weights.toArray().every((value, i) => exists[i] === 1 || value === 0)).toBe(true);
  }
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) / 4);
  learner.dispose();
});

describe('impossible wiring is refused', () => {
  const build = (ruleId: string, options: object, density?: number) => () =>
    learnerOf(compute, ruleById(ruleId), {
      specification: smallStack(density === undefined ? {} : { density }),
      options,
    });

  test('disjoint densities that add up to more than 1', () => {
    expect(build('feedback-alignment', { wiring: 'disjoint', density: 0.6 }, 0.5)).toThrow(
      /"feedback:hidden2→hidden1" has the density 0.6 and "hidden1→hidden2" the density 0.5.*must add up to at most 1/,
    );
    expect(build('feedback-alignment', { wiring: 'disjoint' })).toThrow(/must add up to at most 1/);
  });

  test.each(['kolen-pollack', 'weight-mirror'])('disjoint wiring under %s, as an option', (id) => {
    expect(build(id, { wiring: 'disjoint', density: 0.4 }, 0.5)).toThrow(new RegExp(`"${id}".*wiring`, 's'));
  });

  test.each(['kolen-pollack', 'weight-mirror', 'sign-symmetry'])(
    'disjoint wiring of the network under %s; the message names the rules that allow it',
    (id) => {
      const base = smallStack({ density: 0.4 });
      const specification = {
        ...base,
        projections: [
          ...base.projections,
          {
            from: 'output',
            to: 'hidden2',
            kind: 'feedback' as const,
            answers: 'hidden2→output',
            wiring: 'disjoint' as const,
            density: 0.4,
          },
        ],
      };
      expect(() => learnerOf(compute, ruleById(id), { specification })).toThrow(
        new RegExp(
          `"${id}" does not support this network: "feedback:output→hidden2" is wired disjoint.*feedback-alignment`,
        ),
      );
      learnerOf(compute, ruleById('feedback-alignment'), { specification }).dispose();
    },
  );

  test('disjoint wiring of feedback that answers no projection', () => {
    const base = smallStack();
    const specification = {
      ...base,
      projections: [
        ...base.projections,
        { from: 'output', to: 'hidden1', kind: 'feedback' as const, wiring: 'disjoint' as const },
      ],
    };
    expect(() => learnerOf(compute, ruleById('backprop'), { specification })).toThrow(
      /"feedback:output→hidden1" has disjoint wiring, but answers no projection/,
    );
  });
});

test('a warning counts the units that sparse wiring leaves unconnected', () => {
  const learner = learnerOf(compute, ruleById('feedback-alignment'), {
    specification: smallStack({ layers: [6, 30, 20, 3], density: 0.2 }),
  });
  const { network } = learner;
  const unconnected = (id: string, end: 'from' | 'to') => {
    const { mask, weights } = network.projection(id);
    const values = mask?.toArray() ?? [];
    const unit = (i: number) => (end === 'from' ? Math.floor(i / weights.columns) : i % weights.columns);
    const connected = new Set(values.flatMap((exists, i) => (exists === 1 ? [unit(i)] : [])));
    return (end === 'from' ? weights.rows : weights.columns) - connected.size;
  };
  const text = network.warnings().find((warning) => warning.includes('"hidden2"'));
  expect(text).toContain('the 20 units of "hidden2"');
  expect(unconnected('hidden2→output', 'from')).toBeGreaterThan(0);
  expect(text).toContain(`${unconnected('hidden2→output', 'from')} without output`);
  expect(text).toContain(`${unconnected('feedback:output→hidden2', 'to')} without feedback`);
  learner.dispose();

  const dense = learnerOf(compute, ruleById('feedback-alignment'));
  expect(dense.network.warnings()).toEqual([]);
  dense.dispose();
});
