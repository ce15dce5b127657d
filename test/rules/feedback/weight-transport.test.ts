import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareDirections } from '../../../src/analysis/angle.ts';
import { feedforward } from '../../../src/dynamics/index.ts';
import { openBackend } from '../../../src/backends/open.ts';
import type { OptimiserSpecification } from '../../../src/network/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Learner } from '../../../src/learning/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, smallStack, train } from '../fixtures.ts';

const KINDS = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const;

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const norm = (values: readonly number[]) => Math.hypot(...values);
const degrees = (a: readonly number[], b: readonly number[]) =>
  (Math.acos(a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0) / (norm(a) * norm(b))) * 180) /
  Math.PI;

/** Returns W − Bᵀ of every projection that has feedback. */
const differences = (learner: Learner): Record<string, number[]> =>
  Object.fromEntries(
    learner.network.projections.flatMap(({ id, weights, feedback }) => {
      if (!feedback) return [];
      const b = feedback.weights.toArray();
      const { columns, rows } = weights;
      return [
        [
          id,
          weights.toArray().map((w, i) => w - (b[(i % columns) * rows + Math.floor(i / columns)] as number)),
        ],
      ];
    }),
  );

const feedbackAngle = (learner: Learner, id: string): number => {
  const { weights, feedback } = learner.network.projection(id);
  if (!feedback) throw new Error(`Nothing answers ${id}.`);
  return compute.scope(() => {
    const transposed = compute.temporary(feedback.weights.shape);
    compute.transpose(transposed, weights);
    return compareDirections(compute, feedback.weights, transposed).angle ?? NaN;
  });
};

/** Returns the angle, in degrees, between a rule's gradient of the first projection and the exact gradient. */
const angleToExact = (learner: Learner): number => {
  const batch = clouds(compute, 500, 60);
  const own = gradientsOf(compute, learner, batch).get('input→hidden1') ?? [];
  const exact =
    gradientsOf(compute, learner, batch, feedforward.reference?.(learner.network)).get('input→hidden1') ?? [];
  release(compute, batch);
  return degrees(own, exact);
};

describe('sign symmetry', () => {
  const rule = ruleById('sign-symmetry');
  const MAGNITUDES = ['uniform', 'batchwise-random', 'fixed-random'] as const;

  /** Returns the errors of the hidden area and of the output, and the forward weights between them. */
  const errorsAt = (magnitudes: (typeof MAGNITUDES)[number], step: number, scale = 1) => {
    const learner = learnerOf(compute, rule, {
      specification: smallStack({ layers: [6, 40, 3], activation: 'linear', density: 0.8 }),
      options: { magnitudes, scale },
    });
    const { weights } = learner.network.projection('hidden1→output');
    const batch = clouds(compute, 0);
    let arrived: number[] = [];
    let errors: number[] = [];
    learner.estimate(batch, step, (terms) => {
      const postOf = (id: string) => {
        const [term] = terms.get(learner.network.projection(id)) ?? [];
        return term?.kind === 'outer' ? term.post.toArray() : [];
      };
      arrived = postOf('input→hidden1');
      errors = postOf('hidden1→output');
    });
    const forward = weights.toArray();
    learner.dispose();
    release(compute, batch);
    return { arrived, errors, forward };
  };

  test('uniform magnitudes send errors through sign(W)ᵀ, scaled to the root mean square of Glorot weights', () => {
    const { arrived, errors, forward } = errorsAt('uniform', 0, 2);
    const size = 2 * Math.sqrt(2 / 43);
    for (let example = 0; example < 12; example++) {
      for (let unit = 0; unit < 40; unit++) {
        let expected = 0;
        for (let k = 0; k < 3; k++) {
          expected += (errors[example * 3 + k] as number) * Math.sign(forward[unit * 3 + k] as number) * size;
        }
        expect(arrived[example * 40 + unit]).toBeCloseTo(expected, 12);
      }
    }
  });

  test('batchwise-random magnitudes are redrawn in every update, fixed-random ones never', () => {
    expect(errorsAt('batchwise-random', 0).arrived).not.toEqual(errorsAt('batchwise-random', 1).arrived);
    expect(errorsAt('fixed-random', 0).arrived).toEqual(errorsAt('fixed-random', 1).arrived);
    expect(errorsAt('fixed-random', 0).arrived).not.toEqual(errorsAt('uniform', 0).arrived);
  });

  test.each(MAGNITUDES)('the update stays well within 90° of the exact gradient: %s', (magnitudes) => {
    const learner = learnerOf(compute, rule, { options: { magnitudes } });
    for (const from of [0, 30]) {
      train(compute, learner, from, from + 30);
      expect(angleToExact(learner)).toBeLessThan(80);
    }
    learner.dispose();
  });

  test('the error from a single unit is within 90° of the one through Wᵀ, however small the weights', () => {
    const { forward } = errorsAt('uniform', 0);
    for (let k = 0; k < 3; k++) {
      const column = forward.filter((_, i) => i % 3 === k);
      expect(degrees(column, column.map(Math.sign))).toBeLessThan(90);
    }
  });
});

describe('Kolen–Pollack', () => {
  const rule = ruleById('kolen-pollack');

  test.each<[string, OptimiserSpecification]>([
    ...KINDS.map((kind): [string, OptimiserSpecification] => [kind, optimiser({ kind, rate: 0.02 })]),
    ['momentum with decay', optimiser({ rate: 0.02, decay: 0.2 })],
  ])('W − Bᵀ shrinks by 1 − ηλ in every update and keeps the direction under %s', (_, specification) => {
    const learner = learnerOf(compute, rule, { optimiser: specification, options: { decay: 0.5 } });
    const before = differences(learner);
    train(compute, learner, 0, 100);
    const left = (1 - 0.02 * (0.5 + specification.decay)) ** 100;
    for (const [id, values] of Object.entries(differences(learner))) {
      expect(norm(before[id] ?? [])).toBeGreaterThan(0.5);
      for (const [i, value] of values.entries())
        expect(value).toBeCloseTo((before[id]?.[i] ?? NaN) * left, 12);
    }
    learner.dispose();
  });

  test('a max-norm only brings W and Bᵀ closer together', () => {
    const learner = learnerOf(compute, rule, {
      optimiser: optimiser({ rate: 0.02, maximumNorm: 0.5 }),
      options: { decay: 0.5 },
    });
    const distance = () => norm(Object.values(differences(learner)).flat());
    const before = distance();
    train(compute, learner, 0, 100);
    expect(distance()).toBeLessThanOrEqual(before * 0.99 ** 100 * (1 + 1e-9));
    for (const { weights } of learner.network.projections.filter(({ feedback }) => feedback)) {
      const { columns } = weights;
      for (let unit = 0; unit < columns; unit++) {
        expect(norm(weights.toArray().filter((_, i) => i % columns === unit))).toBeLessThan(0.5 + 1e-9);
      }
    }
    learner.dispose();
  });

  test('the update converges to that of backpropagation', () => {
    const learner = learnerOf(compute, rule, {
      optimiser: optimiser({ kind: 'sgd', rate: 0.05 }),
      options: { decay: 1 },
    });
    expect(angleToExact(learner)).toBeGreaterThan(20);
    train(compute, learner, 0, 400);
    expect(angleToExact(learner)).toBeLessThan(1e-4);
    learner.dispose();
  });
});

describe('weight mirror', () => {
  const rule = ruleById('weight-mirror');
  const still = { kind: 'sgd', rate: 1e-12 } as const;

  test.each(['linear', 'tanh', 'relu', 'logistic'] as const)(
    'feedback weights of %s areas converge to Wᵀ in direction and magnitude',
    (activation) => {
      const learner = learnerOf(compute, rule, {
        specification: smallStack({ activation }),
        optimiser: optimiser(still),
        options: { samples: 2000, rate: 0.01 },
      });
      expect(feedbackAngle(learner, 'hidden1→hidden2')).toBeGreaterThan(60);
      train(compute, learner, 0, 20);
      for (const [id, values] of Object.entries(differences(learner))) {
        const { weights } = learner.network.projection(id);
        expect(feedbackAngle(learner, id)).toBeLessThan(2);
        expect(norm(values) / norm(weights.toArray())).toBeLessThan(0.05);
      }
      learner.dispose();
    },
  );

  test('feedback is fixed between mirroring phases', () => {
    const learner = learnerOf(compute, rule, { options: { every: 3 } });
    const numbers = () => learner.network.projections.map(({ feedback }) => feedback?.weights.toArray());
    const seen = [numbers()];
    for (let step = 0; step < 6; step++) {
      train(compute, learner, step, step + 1);
      seen.push(numbers());
    }
    const moved = seen.slice(1).map((now, i) => String(now) !== String(seen[i]));
    expect(moved).toEqual([true, false, false, true, false, false]);
    learner.dispose();
  });

  test('the update follows the direction of backpropagation under every optimiser', () => {
    for (const kind of KINDS) {
      const learner = learnerOf(compute, rule, {
        optimiser: optimiser({ kind, rate: 0.01, maximumNorm: 2 }),
        options: { samples: 500, rate: 0.2 },
      });
      expect(angleToExact(learner)).toBeGreaterThan(20);
      train(compute, learner, 0, 60);
      expect(angleToExact(learner), kind).toBeLessThan(6);
      learner.dispose();
    }
  });
});
