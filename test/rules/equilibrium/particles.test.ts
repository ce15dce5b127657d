import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import { Learner, parseOptions } from '../../../src/learning/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Batch } from '../../../src/learning/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { clouds, gradientsOf, optimiser, snapshot, UNITS } from '../fixtures.ts';

/*
 * Rules that remember the state in which the free phase of each training example ended.
 */

const on = openAll(['wasm']);
const EXAMPLES = 24;
const BATCH = 6;

const learnerOf = (compute: Compute, id: string, options: object = {}): Learner => {
  const rule = ruleById(id);
  return new Learner(compute, {
    specification: stack({
      layers: [UNITS, 8, 3],
      activation: 'hard-sigmoid',
      outputActivation: 'hard-sigmoid',
      objective: 'squared-error',
      dropout: 0.2,
    }),
    rule,
    options: parseOptions(rule, options),
    optimiserOf: () => optimiser(),
    seed: 3,
    epochs: 1,
    examples: EXAMPLES,
  });
};

/** A batch of the examples with these numbers; an example is the same in every batch. */
function batchOf(compute: Compute, numbers: readonly number[]): Batch {
  const all = clouds(compute, 0, EXAMPLES);
  const examples = compute.allocate([numbers.length], 'i32').set(numbers);
  const inputs = compute.allocate([numbers.length, UNITS]);
  compute.gatherRows(inputs, all.inputs, examples, 1);
  const labels = all.targets.toArray();
  const targets = compute
    .allocate([numbers.length], 'i32')
    .set(numbers.map((number) => labels[number] as number));
  return { inputs, targets, examples };
}

/** The examples of a step, in an irregular order. */
const order = (step: number) =>
  Array.from({ length: BATCH }, (_, row) => (7 * step + 5 * row + 3) % EXAMPLES);
const train = (compute: Compute, learner: Learner, from: number, to: number) => {
  for (let step = from; step < to; step++) learner.learn(batchOf(compute, order(step)), step, 0);
};
const particlesOf = (learner: Learner) =>
  Object.fromEntries(
    Object.entries(snapshot(learner)).filter(([name]) => name.startsWith('rule/free state')),
  );

describe.each(['equilibrium-propagation', 'vector-field-ep'])('%s with persistent particles', (id) => {
  test('continues from a checkpoint bit for bit, in the middle of ten steps', () => {
    const compute = on('wasm');
    const whole = learnerOf(compute, id);
    train(compute, whole, 0, 5);
    const resumed = learnerOf(compute, id);
    for (const [name, tensor] of resumed.tensors()) compute.copy(tensor, whole.tensors().get(name) ?? tensor);
    expect(Object.keys(particlesOf(whole))).toEqual([
      'rule/free state of hidden1',
      'rule/free state of output',
    ]);
    for (const learner of [whole, resumed]) train(compute, learner, 5, 10);
    expect(snapshot(resumed)).toEqual(snapshot(whole));
    const silent = learnerOf(compute, id, { persistent: false });
    train(compute, silent, 0, 10);
    expect(snapshot(silent)['network/hidden1→output']).not.toEqual(snapshot(whole)['network/hidden1→output']);
    for (const learner of [whole, resumed, silent]) learner.dispose();
  });

  test('moves the particles of the examples it learns from, and no others', () => {
    const compute = on('wasm');
    const learner = learnerOf(compute, id);
    train(compute, learner, 0, 1);
    const after = particlesOf(learner)['rule/free state of hidden1'] ?? [];
    for (let example = 0; example < EXAMPLES; example++) {
      const moved = after.slice(8 * example, 8 * example + 8).some((value) => value !== 0);
      expect(moved, `example ${example}`).toBe(order(0).includes(example));
    }
    learner.dispose();
  });

  test('a probe and an evaluation change no particle', () => {
    const compute = on('wasm');
    const learner = learnerOf(compute, id);
    train(compute, learner, 0, 4);
    const before = particlesOf(learner);
    const batch = batchOf(compute, order(2));
    gradientsOf(compute, learner, batch);
    learner.evaluate(batch);
    learner.respond(batch.inputs, () => undefined);
    expect(particlesOf(learner)).toEqual(before);
    learner.dispose();
  });
});
