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

/** For every pair of units of a forward projection and its answer: joined forward, joined backward. */
function pairs(
  options: object,
  density: number,
): { id: string; forward: number; back: number; both: number; size: number }[] {
  const learner = learnerOf(compute, ruleById('feedback-alignment'), {
    specification: smallStack({ layers: [6, 80, 60, 40], density }),
    options,
  });
  const found = learner.network.projections.flatMap(({ id, mask, feedback, weights }) => {
    if (!mask || !feedback?.mask) return [];
    const forward = mask.toArray();
    const back = feedback.mask.toArray();
    const { rows, columns } = weights;
    const answer = (i: number) => back[(i % columns) * rows + Math.floor(i / columns)] as number;
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    return {
      id,
      forward: sum(forward),
      back: sum(back),
      both: sum(forward.map((exists, i) => exists * answer(i))),
      size: weights.size,
    };
  });
  learner.dispose();
  return found;
}

const near = (count: number, share: number, size: number) =>
  Math.abs(count - share * size) < 5 * Math.sqrt(size * share * (1 - share));

describe('one draw for each pair of units', () => {
  test.each([
    [0.25, 0.25],
    [0.5, 0.5],
    [0.1, 0.9],
    [0.7, 0.3],
  ])('disjoint wiring with shares %f and %f joins no pair both ways', (density, share) => {
    for (const { forward, back, both, size } of pairs({ wiring: 'disjoint', density: share }, density)) {
      expect(both).toBe(0);
      expect(near(forward, density, size) && near(back, share, size)).toBe(true);
    }
  });

  test('shares that add up to 1 join every pair one way', () => {
    for (const { forward, back, size } of pairs({ wiring: 'disjoint', density: 0.3 }, 0.7)) {
      expect(forward + back).toBe(size);
    }
  });

  test('reciprocal wiring joins backward what is joined forward, or some of it', () => {
    for (const { forward, back, both } of pairs({ wiring: 'reciprocal' }, 0.4)) {
      expect([back, both]).toEqual([forward, forward]);
    }
    for (const { back, both, forward } of pairs({ wiring: 'reciprocal', density: 0.2 }, 0.4)) {
      expect(both).toBe(back);
      expect(back).toBeLessThan(forward);
    }
  });

  test('independent wiring joins as many pairs both ways as chance does', () => {
    for (const { both, size } of pairs({ density: 0.3 }, 0.5)) expect(near(both, 0.15, size)).toBe(true);
  });
});

test('the wiring of feedback leaves the forward weights as they are', () => {
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

test('synapses that disjoint wiring leaves out stay out, and a network so wired learns', () => {
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

describe('what cannot be is refused in a sentence', () => {
  const build = (ruleId: string, options: object, density?: number) => () =>
    learnerOf(compute, ruleById(ruleId), {
      specification: smallStack(density === undefined ? {} : { density }),
      options,
    });

  test('disjoint shares that add up to more than 1', () => {
    expect(build('feedback-alignment', { wiring: 'disjoint', density: 0.6 }, 0.5)).toThrow(
      /"feedback:hidden2→hidden1" has density 0.6 and "hidden1→hidden2" density 0.5.*may add up to 1 at most/,
    );
    expect(build('feedback-alignment', { wiring: 'disjoint' })).toThrow(/add up to 1 at most/);
  });

  test.each(['kolen-pollack', 'weight-mirror'])('disjoint wiring under %s, as an option', (id) => {
    expect(build(id, { wiring: 'disjoint', density: 0.4 }, 0.5)).toThrow(new RegExp(`"${id}".*wiring`, 's'));
  });

  test.each(['kolen-pollack', 'weight-mirror', 'sign-symmetry'])(
    'disjoint wiring of the network under %s, with the rules that can',
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

  test('wiring that answers nothing', () => {
    const base = smallStack();
    const specification = {
      ...base,
      projections: [
        ...base.projections,
        { from: 'output', to: 'hidden1', kind: 'feedback' as const, wiring: 'disjoint' as const },
      ],
    };
    expect(() => learnerOf(compute, ruleById('backprop'), { specification })).toThrow(
      /"feedback:output→hidden1" is wired disjoint, but answers no projection/,
    );
  });
});

test('units that sparse wiring leaves unconnected are counted', () => {
  const learner = learnerOf(compute, ruleById('feedback-alignment'), {
    specification: smallStack({ layers: [6, 30, 20, 3], density: 0.2 }),
  });
  const { network } = learner;
  const lone = (id: string, end: 'from' | 'to') => {
    const { mask, weights } = network.projection(id);
    const exists = mask?.toArray() ?? [];
    const unit = (i: number) => (end === 'from' ? Math.floor(i / weights.columns) : i % weights.columns);
    const joined = new Set(exists.flatMap((one, i) => (one === 1 ? [unit(i)] : [])));
    return (end === 'from' ? weights.rows : weights.columns) - joined.size;
  };
  const text = network.warnings().find((warning) => warning.includes('"hidden2"'));
  expect(text).toContain('the 20 units of "hidden2"');
  expect(lone('hidden2→output', 'from')).toBeGreaterThan(0);
  expect(text).toContain(`${lone('hidden2→output', 'from')} without output`);
  expect(text).toContain(`${lone('feedback:output→hidden2', 'to')} without feedback`);
  learner.dispose();

  const dense = learnerOf(compute, ruleById('feedback-alignment'));
  expect(dense.network.warnings()).toEqual([]);
  dense.dispose();
});
