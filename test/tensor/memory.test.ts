import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { stack } from '../../src/network/index.ts';
import type { OptimiserSpecification } from '../../src/network/index.ts';
import { stream } from '../../src/random/index.ts';
import { Learner, parseOptions } from '../../src/learning/index.ts';
import { RULES } from '../../src/rules/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const momentum: OptimiserSpecification = {
  kind: 'momentum',
  rate: 0.01,
  momentum: 0.9,
  meanSquareDecay: 0.999,
  epsilon: 1e-8,
  decay: 0,
  maximumNorm: 0,
};

test.each(['momentum', 'adam'] as const)(
  'two thousand training steps with %s allocate no memory',
  async (kind) => {
    const compute = await openBackend({ backend: 'wasm' });
    const [rule] = RULES;
    if (!rule) throw new Error('There is no rule.');
    const learner = new Learner(compute, {
      specification: stack({
        layers: [40, 30, 20, 10],
        activation: 'relu',
        objective: 'cross-entropy',
        dropout: 0.2,
      }),
      rule,
      options: parseOptions(rule, {}),
      optimiserOf: () => ({ ...momentum, kind }),
      seed: 1,
      epochs: 1,
    });
    const inputs = compute.allocate([20, 40]);
    compute.drawNormal(inputs, 0, 1, stream(1, 'inputs'), 0);
    const targets = compute.allocate([20], 'i32').set(Array.from({ length: 20 }, (_, i) => i % 10));
    const train = (from: number, to: number) => {
      for (let step = from; step < to; step++) learner.learn({ inputs, targets }, step, step / 2500);
    };

    train(0, 500);
    collectGarbage();
    const before = process.memoryUsage();
    const heap = { inUse: compute.heap.bytesInUse, size: compute.heap.memory.buffer.byteLength };
    train(500, 2500);
    // Without a garbage collection before: no buffer was created, so there is none to collect.
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(16_384);
    expect(compute.heap.bytesInUse).toBe(heap.inUse);
    expect(compute.heap.memory.buffer.byteLength).toBe(heap.size);

    // A leak would show in every window; compiled code, which also counts, appears once.
    const kept = [0, 1, 2].map((window) => {
      collectGarbage();
      const { external, heapUsed } = process.memoryUsage();
      train(2500 + 2000 * window, 4500 + 2000 * window);
      collectGarbage();
      const after = process.memoryUsage();
      return { external: after.external - external, objects: after.heapUsed - heapUsed };
    });
    expect(Math.min(...kept.map(({ external }) => external))).toBeLessThan(65_536);
    expect(Math.min(...kept.map(({ objects }) => objects))).toBeLessThan(100_000);

    learner.dispose();
    compute.free(inputs);
    compute.free(targets);
  },
);

test('a learner returns all its memory to the heap', async () => {
  const compute = await openBackend({ backend: 'reference' });
  // The arena keeps the memory of its first temporaries.
  compute.scope(() => compute.temporary([1]));
  const before = compute.heap.bytesInUse;
  for (const rule of RULES) {
    const learner = new Learner(compute, {
      specification: stack({
        layers: [6, 5, 3],
        activation: rule.dynamics.activations?.[0] ?? 'tanh',
        objective: 'squared-error',
        density: 0.5,
      }),
      rule,
      options: parseOptions(rule, {}),
      optimiserOf: () => ({ ...momentum, kind: 'adam' }),
      seed: 1,
      epochs: 1,
    });
    expect(compute.heap.bytesInUse).toBeGreaterThan(before);
    learner.dispose();
    expect(compute.heap.bytesInUse, rule.id).toBe(before);
  }
});
