import { describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { ApicalError } from '../../src/errors.ts';
import { exportWeights, importWeights, Network, pytorchModule, stack } from '../../src/network/index.ts';
import type { NetworkSpecification, WeightArray } from '../../src/network/index.ts';
import { withLocalReadouts } from '../../src/rules/scalar/local-readouts.ts';

const wasm = await openBackend({ backend: 'wasm' });
const reference = await openBackend({ backend: 'reference' });

const layers = stack({ layers: [3, 5, 4, 2], activation: 'relu', objective: 'cross-entropy' });
const withFeedback: NetworkSpecification = {
  ...stack({ layers: [3, 5, 2], activation: 'tanh', objective: 'cross-entropy', density: 0.5 }),
};
const sparse: NetworkSpecification = {
  ...withFeedback,
  projections: [
    ...withFeedback.projections,
    { from: 'output', to: 'hidden1', kind: 'feedback', answers: 'hidden1→output' },
  ],
};
/** Under Dale's law. */
const signed: NetworkSpecification = {
  ...layers,
  projections: layers.projections.map((projection) => ({ ...projection, excitatory: 0.5 })),
};
/** Two paths from the input to the output. */
const branched: NetworkSpecification = {
  areas: [
    { id: 'input', shape: [3] },
    { id: 'left', shape: [4], activation: 'tanh' },
    { id: 'output', shape: [2] },
  ],
  projections: [
    { from: 'input', to: 'left' },
    { from: 'left', to: 'output' },
    { from: 'input', to: 'output', id: 'skip' },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'squared-error' }],
};

const shapes = (arrays: ReadonlyMap<string, WeightArray>) =>
  Object.fromEntries([...arrays].map(([name, { shape }]) => [name, shape]));
const bits = (network: Network) =>
  [...network.tensors()].map(([name, { data }]) => [name, Buffer.from(data.slice().buffer).toString('hex')]);

describe('names and shapes', () => {
  test('of a stack are those of its nn.Sequential', () => {
    const network = new Network(wasm, layers, 0);
    expect(pytorchModule(network)).toBe(
      'nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2))',
    );
    const arrays = exportWeights(network, 'pytorch');
    expect(shapes(arrays)).toEqual({
      '0.weight': [5, 3],
      '0.bias': [5],
      '2.weight': [4, 5],
      '2.bias': [4],
      '4.weight': [2, 4],
      '4.bias': [2],
    });
    const weights = network.projection('hidden1→hidden2').weights.data;
    expect(arrays.get('2.weight')?.data[1 * 5 + 3]).toBe(weights[3 * 4 + 1]);
  });

  test('of linear areas and absent biases: neither has an entry', () => {
    const linear = stack({
      layers: [3, 5, 2],
      activation: 'linear',
      objective: 'squared-error',
      bias: false,
    });
    const network = new Network(wasm, linear, 0);
    expect(pytorchModule(network)).toBe(
      'nn.Sequential(nn.Linear(3, 5, bias=False), nn.Linear(5, 2, bias=False))',
    );
    expect(shapes(exportWeights(network, 'pytorch'))).toEqual({ '0.weight': [5, 3], '1.weight': [2, 5] });
  });

  test('of a network with two paths are those of its projections', () => {
    const network = new Network(wasm, branched, 0);
    expect(pytorchModule(network)).toBeUndefined();
    expect(shapes(exportWeights(network, 'pytorch'))).toEqual({
      'input→left.weight': [4, 3],
      'left→output.weight': [2, 4],
      'skip.weight': [2, 3],
      'left.bias': [4],
      'output.bias': [2],
    });
  });

  test('exclude feedback and the readouts of a rule in the pytorch layout, and nothing in the other', () => {
    const readouts = new Network(wasm, withLocalReadouts(layers), 0);
    expect(Object.keys(shapes(exportWeights(readouts, 'pytorch')))).toHaveLength(6);
    const network = new Network(wasm, sparse, 0);
    expect(Object.keys(shapes(exportWeights(network, 'pytorch')))).toEqual([
      '0.weight',
      '0.bias',
      '2.weight',
      '2.bias',
    ]);
    expect([...exportWeights(network, 'apical').keys()].sort()).toEqual([...network.tensors().keys()].sort());
  });
});

describe('exported weights', () => {
  test.each([
    ['layers', layers, 'pytorch'],
    ['layers', layers, 'apical'],
    ['two paths', branched, 'pytorch'],
    ['masks and feedback', sparse, 'apical'],
    ['signs', signed, 'apical'],
  ] as const)('are restored to the bit: %s (%s)', (_, specification, layout) => {
    for (const compute of [wasm, reference]) {
      const from = new Network(compute, specification, 1);
      const to = new Network(compute, specification, 2);
      for (const area of from.areas) area.bias?.values.set(Array.from({ length: area.units }, Math.random));
      expect(bits(to)).not.toEqual(bits(from));
      importWeights(to, exportWeights(from, layout));
      expect(bits(to)).toEqual(bits(from));
    }
  });

  test('fit the network of another rule, which keeps its own feedback and readouts', () => {
    const from = new Network(wasm, layers, 1);
    const to = new Network(wasm, withLocalReadouts(layers), 2);
    const readout = to.projection('hidden1→hidden1 readout').weights.toArray();
    importWeights(to, exportWeights(from, 'apical'));
    expect(to.projection('input→hidden1').weights.toArray()).toEqual(
      from.projection('input→hidden1').weights.toArray(),
    );
    expect(to.projection('hidden1→hidden1 readout').weights.toArray()).toEqual(readout);
  });
});

describe('weights that do not fit are refused', () => {
  function refusal(specification: NetworkSpecification, arrays: ReadonlyMap<string, WeightArray>): string {
    const network = new Network(wasm, specification, 2);
    const before = bits(network);
    try {
      importWeights(network, arrays, { name: 'The weights in x.npz' });
    } catch (error) {
      expect(bits(network)).toEqual(before);
      expect(error).toBeInstanceOf(ApicalError);
      expect((error as ApicalError).code).toBe('weights.mismatch');
      return (error as ApicalError).message;
    }
    throw new Error('Nothing was thrown.');
  }
  const exported = () => new Map<string, WeightArray>(exportWeights(new Network(wasm, layers, 1), 'pytorch'));

  test('in one message that lists what was expected and found for each', () => {
    const arrays = exported();
    arrays.set('fc1.weight', arrays.get('0.weight') as WeightArray);
    arrays.delete('0.weight');
    arrays.set('2.weight', { shape: [5, 4], data: new Float32Array(20) });
    arrays.set('0.bias', { shape: [5], data: new BigInt64Array(5) });
    arrays.set('4.bias', { shape: [2], data: Float32Array.of(0, NaN) });
    arrays.set('running_mean', { shape: [7], data: new Float32Array(7) });
    const message = refusal(layers, arrays);
    expect(message.split('\n')).toEqual([
      'The weights in x.npz do not fit the network (names and shapes of the pytorch layout):',
      '  "0.weight" (5, 3) is missing.',
      '  "0.bias" (5,) holds int64, but must hold float32 or float64.',
      '  "2.weight": expected (4, 5), found (5, 4). Weights are (out, in) in this layout: transpose it.',
      '  "4.bias" (2,) has values that are not finite (1 of 2).',
      '  "fc1.weight" (5, 3) has no place here. Did you mean "0.weight"?',
      '  "running_mean" (7,) has no place here.',
      expect.stringContaining('state_dict of nn.Sequential(nn.Linear(3, 5)'),
    ]);
  });

  test('if a weight is not 0 where the network has no synapse', () => {
    const dense = new Network(
      wasm,
      { ...withFeedback, projections: withFeedback.projections.map(({ from, to }) => ({ from, to })) },
      1,
    );
    expect(refusal(sparse, exportWeights(dense, 'pytorch'))).toMatch(
      /"0\.weight" \(5, 3\) has nonzero weights where this network has no synapse \(\d+ of 15; /,
    );
  });

  test("if they violate Dale's law", () => {
    const arrays = exported();
    expect(refusal(signed, arrays)).toMatch(
      /"2\.weight" \(4, 5\) has weights of the wrong sign for their presynaptic unit .*\(\d+ of 20\)/,
    );
    const network = new Network(wasm, signed, 2);
    importWeights(network, exportWeights(network, 'pytorch'));
  });

  test('if they belong to another network', () => {
    const message = refusal(branched, exported());
    expect(message).toContain('"input→left.weight" (4, 3) is missing.');
    expect(message).toContain('"2.weight" (4, 5) has no place here.');
  });
});
