import { describe, expect, test } from 'vitest';
import { compareDirections } from '../../../src/analysis/index.ts';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification, Projection } from '../../../src/network/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Learner } from '../../../src/learning/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, train, UNITS } from '../fixtures.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { pseudoInverseOf } from '../../../src/analysis/alignment.ts';

const on = openAll(['reference']);
const dtp = 'difference-target-propagation';

const linear = (layers: readonly number[]): NetworkSpecification =>
  stack({ layers, activation: 'linear', objective: 'squared-error', bias: false });

/** Sets the inverse of every projection to a function of the forward weights, and the top-down bias to 0. */
function setInverses(learner: Learner, make: (projection: Projection) => ArrayLike<number>): void {
  for (const projection of learner.network.projections) {
    projection.feedback?.weights.set(make(projection));
    projection.from.topDownBias?.values.set(new Float64Array(projection.from.units));
  }
}

const transposed = ({ weights }: Projection): number[] =>
  Array.from({ length: weights.size }, (_, index) => {
    const [column, row] = [Math.floor(index / weights.rows), index % weights.rows];
    return weights.data[row * weights.columns + column] as number;
  });

/** Returns ‖update − gradient‖ / ‖gradient‖ over all parameters, with the gradient of backpropagation. */
function againstBackprop(learner: Learner, examples = 5): number {
  const compute = on('reference');
  const batch = clouds(compute, 0, examples);
  const update = gradientsOf(compute, learner, batch);
  const exact = gradientsOf(compute, learner, batch, backpropagate);
  release(compute, batch);
  const ids = [...exact.keys()];
  const difference = ids.flatMap((id) =>
    (update.get(id) ?? []).map((value, i) => value - (exact.get(id)?.[i] ?? NaN)),
  );
  return Math.hypot(...difference) / Math.hypot(...[...exact.values()].flat());
}

describe('difference target propagation', () => {
  // With many examples, products with the topmost inverse take another order.
  test.each([5, 40])(
    'equals backpropagation if inverses are transposes and units linear, with %i examples',
    (examples) => {
      const learner = learnerOf(on('reference'), ruleById(dtp), { specification: linear([UNITS, 5, 4, 3]) });
      expect(againstBackprop(learner, examples)).toBeGreaterThan(0.1);
      setInverses(learner, transposed);
      expect(againstBackprop(learner, examples)).toBeLessThan(1e-12);
      learner.dispose();
    },
  );

  test('approaches backpropagation as the target step shrinks, with nonlinear units', () => {
    const errors = [0.1, 0.01, 0.001].map((targetStep) => {
      const specification = stack({
        layers: [UNITS, 5, 4, 3],
        activation: 'tanh',
        objective: 'cross-entropy',
      });
      const learner = learnerOf(on('reference'), ruleById(dtp), { specification, options: { targetStep } });
      // g(h) = tanh(h V) has the Jacobian V near silence, and W is so small that f and g are nearly linear.
      for (const { kind, weights } of learner.network.projections) {
        if (kind === 'forward') on('reference').scale(weights, weights, 0.02);
      }
      setInverses(learner, transposed);
      const error = againstBackprop(learner);
      learner.dispose();
      return error;
    });
    expect(errors[2]).toBeLessThan(2e-3);
  });

  test('is evaluated on held-out examples if a network has no top-down bias', () => {
    const base = stack({ layers: [UNITS, 5, 4, 3], activation: 'tanh', objective: 'cross-entropy' });
    const specification = { ...base, areas: base.areas.map((area) => ({ ...area, topDownBias: false })) };
    const learner = learnerOf(on('reference'), ruleById(dtp), { specification });
    const batch = clouds(on('reference'), 0);
    learner.evaluate(batch);
    const [missed, whole] = learner.tally().measures['inversion error of hidden1'] ?? [NaN, NaN];
    expect(missed / whole).toBeGreaterThan(0);
    release(on('reference'), batch);
    learner.dispose();
  });

  test('inverses learn to undo the forward path around the examples', () => {
    const compute = on('reference');
    const learner = learnerOf(compute, ruleById(dtp), {
      specification: linear([UNITS, 4, 4, 3]),
      options: { noise: 1 },
      optimiser: optimiser({ rate: 0.02 }),
    });
    const projection = learner.network.projection('hidden1→hidden2');
    const inverse = projection.feedback as Projection;
    // Each axis has a different scale, so the inverse is far from the transpose.
    projection.weights.set(Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 0.5 + i / 10 : 0.1)));
    // The forward path is frozen while the inverse learns.
    const frozen = new Map(
      learner.network.projections
        .filter(({ kind }) => kind === 'forward')
        .map((forward) => [forward, forward.weights.toArray()]),
    );
    for (let update = 0; update < 600; update++) {
      train(compute, learner, update, update + 1);
      for (const [forward, values] of frozen) forward.weights.set(values);
    }
    const exact = compute
      .allocate(inverse.weights.shape)
      .set(pseudoInverseOf(projection.weights) as Float64Array);
    expect(compute.scope(() => compareDirections(compute, inverse.weights, exact).angle)).toBeLessThan(5);
    compute.free(exact);
    learner.dispose();
  });
});

describe('simplified target propagation', () => {
  test('auxiliary weights stay fixed, and only their feedback learns', () => {
    const learner = learnerOf(on('reference'), ruleById('simplified-target-propagation'), {
      options: { auxiliary: 20 },
    });
    const { network } = learner;
    const random = network.projection('hidden2→auxiliary output');
    expect(random.plastic).toBe(false);
    expect(random.feedback?.plastic).toBe(true);
    const before = random.weights.toArray();
    train(on('reference'), learner, 0, 5);
    expect(random.weights.toArray()).toEqual(before);
    learner.dispose();
  });
});

test.each([dtp, 'simplified-target-propagation', 'local-difference-reconstruction'])(
  '%s refuses branches and names the rules that support them',
  (id) => {
    const rule = ruleById(id);
    const base = linear([UNITS, 5, 4, 3]);
    const refused = (change: Partial<NetworkSpecification>) =>
      rule.network?.refuses?.({ ...base, ...change }, {});
    expect(refused({})).toBeUndefined();
    expect(refused({ projections: [...base.projections, { from: 'input', to: 'hidden2' }] })).toMatch(
      /"(input|hidden2)".*Rules that do: predictive-coding/,
    );
    expect(refused({ objectives: [{ area: 'hidden2', kind: 'squared-error' }] })).toMatch(
      /"hidden2" has an objective/,
    );
  },
);
