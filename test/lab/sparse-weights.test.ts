import { expect, test } from 'vitest';
import { tileCount, tileOf, WeightHistory } from '../../lab/engine/history.ts';
import { openBackend } from '../../src/entries/internals.ts';
import { Learner, parseOptions, plainDescent, ruleById, stack } from '../../src/entries/rules.ts';

test('weights of a sparse projection are pictured as those of the masked matrix', async () => {
  const compute = await openBackend({ backend: 'reference' });
  const [dense, sparse] = (['dense', 'sparse'] as const).map((storage) => {
    const rule = ruleById('backprop');
    const learner = new Learner(compute, {
      specification: stack({
        ...{ layers: [12, 5, 2], activation: 'tanh', objective: 'cross-entropy', density: 0.5, storage },
      }),
      rule,
      options: parseOptions(rule, {}),
      optimiserOf: () => plainDescent(0.1),
      seed: 1,
      epochs: 1,
    });
    const projection = learner.network.projection('input→hidden1');
    expect(projection.storage).toBe(storage);
    const history = new WeightHistory(learner);
    history.note(0);
    const units = Array.from({ length: tileCount(projection) }, (_, unit) => unit);
    return units.map((unit) => ({
      now: tileOf(projection, unit, [3, 4]),
      before: history.of('hidden1', unit, [3, 4]),
    }));
  });
  expect(sparse).toEqual(dense);
  expect(sparse).toHaveLength(5);
  for (const { now, before } of sparse ?? []) {
    expect([now.rows, now.columns, before.length]).toEqual([3, 4, 1]);
    // About half of the synapses exist.
    const drawn = now.values.filter((value) => value !== 0).length;
    expect(drawn).toBeGreaterThan(1);
    expect(drawn).toBeLessThan(12);
  }
  compute.dispose();
});
