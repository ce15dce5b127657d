import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { serializeNpz } from '../../src/datasets/formats/npz.ts';
import { feedforward } from '../../src/dynamics/index.ts';
import { defaultPythons } from '../../src/bench/peers.ts';
import {
  convolutionalStack,
  exportWeights,
  importWeights,
  Network,
  pytorchModule,
} from '../../src/network/index.ts';
import { stream } from '../../src/random/index.ts';

const compute = await openBackend({ backend: 'wasm' });
const options = {
  input: [2, 9, 8],
  hidden: [7],
  outputs: 3,
  activation: 'tanh',
  objective: 'cross-entropy',
} as const;
const specification = convolutionalStack({
  ...options,
  convolutions: [
    { channels: 3, kernel: 3, padding: 1, pool: 2 },
    { channels: 4, kernel: 2, stride: 2, pooling: 'average' },
  ],
});
const local = convolutionalStack({ ...options, convolutions: [{ channels: 3, kernel: 3, shared: false }] });

const bits = (network: Network) =>
  [...network.tensors()].map(([name, { data }]) => [name, Buffer.from(data.slice().buffer).toString('hex')]);

test('kernels are (out, in, height, width), biases (channels), and flattening is a module', () => {
  const network = new Network(compute, specification, 1);
  expect(pytorchModule(network)).toBe(
    'nn.Sequential(nn.Conv2d(2, 3, (3, 3), (1, 1), (1, 1)), nn.Tanh(), nn.MaxPool2d((2, 2), (2, 2)), ' +
      'nn.Conv2d(3, 4, (2, 2), (2, 2), (0, 0)), nn.Tanh(), nn.Flatten(), nn.Linear(16, 7), nn.Tanh(), nn.Linear(7, 3))',
  );
  const shapes = [...exportWeights(network, 'pytorch')].map(([name, { shape }]) => [name, ...shape]);
  expect(shapes).toEqual([
    ['0.weight', 3, 2, 3, 3],
    ['0.bias', 3],
    ['3.weight', 4, 3, 2, 2],
    ['3.bias', 4],
    ['6.weight', 7, 16],
    ['6.bias', 7],
    ['8.weight', 3, 7],
    ['8.bias', 3],
  ]);
});

test('locally connected projections have no PyTorch module, so weights are named by projection', () => {
  const network = new Network(compute, local, 1);
  expect(pytorchModule(network)).toBeUndefined();
  expect(exportWeights(network, 'pytorch').get('input→convolution1.weight')?.shape).toEqual([
    3, 2, 3, 3, 7, 6,
  ]);
});

test.each([
  ['convolutions', specification],
  ['locally connected projections', local],
])('weights of %s survive export and import to the bit, in both layouts', (_, network) => {
  for (const layout of ['pytorch', 'apical'] as const) {
    const from = new Network(compute, network, 1);
    const to = new Network(compute, network, 2);
    importWeights(to, exportWeights(from, layout));
    expect(bits(to)).toEqual(bits(from));
  }
});

const python = defaultPythons().find((candidate) => {
  try {
    execFileSync(candidate, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

test.skipIf(python === undefined)('PyTorch computes the same outputs', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apical-layout-'));
  try {
    const network = new Network(compute, specification, 1);
    const inputs = Float32Array.from({ length: 5 * 144 }, (_, index) => Math.sin(index));
    const file = path.join(folder, 'network.npz');
    writeFileSync(
      file,
      serializeNpz([...exportWeights(network, 'pytorch'), ['inputs', { shape: [5, 2, 9, 8], data: inputs }]]),
    );
    const script = [
      'import json, sys, numpy, torch',
      'from torch import nn',
      'state = {name: torch.from_numpy(array) for name, array in numpy.load(sys.argv[1]).items()}',
      'inputs = state.pop("inputs")',
      'model = eval(sys.argv[2])',
      'model.load_state_dict(state)',
      'print(json.dumps(model(inputs).flatten().tolist()))',
    ].join('\n');
    const printed = execFileSync(python as string, ['-c', script, file, pytorchModule(network) ?? ''], {
      encoding: 'utf8',
    });
    const outputs = compute.scope(() => {
      const presented = compute.temporary([5, 144]).set(inputs);
      const setting = {
        compute,
        network,
        inputs: presented,
        step: 0,
        epoch: 0,
        training: false,
        copies: 1,
        views: 1,
        batch: 5,
        time: undefined,
        inputOf: () => presented,
        carried: () => presented,
        carry: () => undefined,
        stream: (name: string) => stream(0, name),
        pull: () => undefined,
      };
      return feedforward.run(setting, 'evaluation', {}).output(network.area('output')).toArray();
    });
    const differences = (JSON.parse(printed) as number[]).map((value, index) =>
      Math.abs(value - (outputs[index] ?? NaN)),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
