import { beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { parseConfig } from '../../src/config/config.ts';
import { generateDataset } from '../../src/datasets/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { ExampleTraining } from '../../src/training/example-training.ts';
import { Examples } from '../../src/training/examples.ts';

let compute: Compute;
let examples: Examples;
beforeAll(async () => {
  compute = await openBackend({ backend: 'wasm' });
  const draws = new Sequence(stream(0, 'dataset'));
  examples = new Examples(compute, generateDataset('rings', { trainCount: 90, testCount: 20 }, draws));
});

/** Two sheets of different density between the input and the output, joined by distance. */
const begin = (rule: string, shared: boolean, constraint: unknown) => {
  const { inputUnits, dataset } = examples;
  const config = parseConfig({
    task: { dataset: 'rings' },
    graph: {
      areas: [
        { id: 'input', shape: [inputUnits] },
        { id: 'retina', shape: [6, 6], sheet: { periodic: true }, activation: 'tanh' },
        { id: 'tectum', shape: [3, 3], sheet: { periodic: true }, activation: 'tanh' },
        { id: 'output', shape: [dataset.targetSize] },
      ],
      projections: [
        { from: 'input', to: 'retina' },
        {
          from: 'retina',
          to: 'tectum',
          initialisation: { kind: 'uniform', scale: 0.2, mean: 1 },
          connection: { kind: 'distance', radius: 0.3, profile: { kind: 'gaussian', sigma: 0.2 }, shared },
        },
        { from: 'tectum', to: 'output' },
      ],
      input: 'input',
      objectives: [{ area: 'output', kind: 'cross-entropy' }],
    },
    optimiser: { rate: 0.02, projections: { 'retina→tectum': { constraint } } },
    ...{ batch: 15, epochs: 2, probe: { every: 4, examples: 10 } },
  });
  return new ExampleTraining({ compute, examples, config, rule: ruleById(rule) });
};

test.each([
  ['backprop', false],
  ['backprop', true],
  ['feedback-alignment', false],
  ['feedback-alignment', true],
])('a run of %s over sheets (shared weights: %s) resumes to the bit', (rule, shared) => {
  const constraint = shared ? null : { over: 'incoming', how: 'subtractive', limits: [0, 1.1], freeze: true };
  const [whole, first, second] = [0, 1, 2].map(() => begin(rule, shared, constraint)) as [
    ExampleTraining,
    ExampleTraining,
    ExampleTraining,
  ];
  const start = begin(rule, shared, constraint);
  whole.advance(10, () => 0);
  first.advance(4, () => 0);
  const { tensors, position } = first.snapshot();
  for (const [name, tensor] of second.snapshot().tensors) tensor.set(tensors.get(name)?.toArray() ?? []);
  second.restore(position);
  second.advance(6, () => 0);
  const weights = (training: ExampleTraining) =>
    training.learner.network.projection('retina→tectum').matrix();
  expect(weights(second)).toEqual(weights(whole));
  expect(weights(whole)).not.toEqual(weights(start));
  if (constraint) {
    const sums = (matrix: ArrayLike<number>) =>
      Array.from({ length: 9 }, (_, unit) =>
        Array.from({ length: 36 }, (__, from) => matrix[9 * from + unit] as number).reduce(
          (a, b) => a + b,
          0,
        ),
      );
    const [before, after] = [sums(weights(start)), sums(weights(whole))];
    for (const [unit, sum] of after.entries()) expect(sum).toBeCloseTo(before[unit] as number, 4);
  }
  for (const training of [whole, first, second, start]) training.dispose();
});

test('a constraint that a projection cannot meet is refused before the run', () => {
  expect(() => begin('backprop', true, { over: 'incoming', how: 'multiplicative' })).toThrow(
    /"retina→tectum" applies to single units, but its units share weights/,
  );
});
