import { expect, onTestFinished, test, vi } from 'vitest';
import { audit } from '../../../src/analysis/audit/audit.ts';
import { openBackend } from '../../../src/backends/open.ts';
import { Learner } from '../../../src/learning/learner.ts';
import { parseOptions } from '../../../src/learning/rule.ts';
import { plainDescent } from '../../../src/network/optimiser.ts';
import type { NetworkSpecification } from '../../../src/network/specification.ts';
import { backpropagation } from '../../../src/rules/catalogue.ts';

/*
 * The network of examples/open-core/sparse-random-network.ts. Its cost is counted, not timed.
 */

const UNITS = 4000;

const network = (density: number): NetworkSpecification => ({
  areas: [
    { id: 'input', shape: [16] },
    { id: 'first', shape: [UNITS], activation: 'tanh' },
    { id: 'second', shape: [UNITS], activation: 'tanh' },
    { id: 'output', shape: [2] },
  ],
  projections: [
    { from: 'input', to: 'first' },
    { from: 'first', to: 'second', density },
    { from: 'second', to: 'output' },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'cross-entropy' }],
});

test('a step of a sparse network of 4000 units costs what its synapses cost, in operations and in memory', async () => {
  const compute = await openBackend({ backend: 'wasm', threads: 1 });
  onTestFinished(() => compute.dispose());
  const inputs = compute.allocate([8, 16]).set(Array.from({ length: 128 }, (_, i) => Math.sin(i)));
  const targets = compute.allocate([8], 'i32').set([0, 1, 0, 1, 0, 1, 0, 1]);
  for (const density of [0.02, 0.005]) {
    const before = compute.heap.bytesInUse;
    const learner = new Learner(compute, {
      specification: network(density),
      rule: backpropagation,
      options: parseOptions(backpropagation, {}),
      optimiserOf: () => plainDescent(0.01),
      seed: 1,
      epochs: 1,
    });
    const { storage, weights } = learner.network.projection('first→second');
    expect(storage).toBe('sparse');
    expect(weights.size / UNITS ** 2 / density).toBeCloseTo(1, 1);

    const { cost } = audit(compute, learner, { inputs, targets });
    const dense = 16 * UNITS + 2 * UNITS;
    expect(cost.forwardMacs).toBe(dense + weights.size);
    expect(cost.updateMacs).toBe(dense + weights.size);
    expect(cost.feedbackMacs).toBe(2 * UNITS + weights.size);
    // A weight, two units and two numbers of values for each synapse; a matrix alone would take 64 MB.
    expect(compute.heap.bytesInUse - before).toBeLessThan(4 * 4 * weights.size + 2 ** 23);

    const losses = Array.from({ length: 20 }, (_, step) => {
      learner.resetTally();
      learner.learn({ inputs, targets }, step + 1, 0);
      return learner.tally().loss;
    });
    expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
    learner.dispose();
  }
});

test('the example runs, and its loss falls', async () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  onTestFinished(() => write.mockRestore());
  await import('../../../examples/open-core/sparse-random-network.ts');
  write.mockRestore();
  expect(lines[0]).toMatch(/^3[12]\d{4} of 16000000 possible synapses, stored as sparse weights/);
  const losses = lines.slice(1).map((line) => Number(/: loss ([\d.]+)$/m.exec(line)?.[1]));
  expect(losses).toHaveLength(4);
  expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] as number));
});
