import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { ApicalError } from '../../../src/errors.ts';
import { convolutionalStack, Network } from '../../../src/network/index.ts';
import type {
  ConvolutionalStackOptions,
  NetworkSpecification,
  ProjectionSpecification,
} from '../../../src/network/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const lenet: ConvolutionalStackOptions = {
  input: [1, 28, 28],
  convolutions: [
    { channels: 6, kernel: 5, padding: 2, pool: 2 },
    { channels: 16, kernel: 5, pool: 2 },
  ],
  hidden: [120, 84],
  outputs: 10,
  activation: 'relu',
  objective: 'cross-entropy',
};

describe('convolutionalStack()', () => {
  test('builds LeNet, with one bias per channel and none after pooling', () => {
    const network = new Network(compute, convolutionalStack(lenet), 1);
    expect(network.areas.map(({ id, shape, activation }) => [id, shape, activation.name])).toEqual([
      ['input', [1, 28, 28], 'linear'],
      ['convolution1', [6, 28, 28], 'relu'],
      ['pool1', [6, 14, 14], 'linear'],
      ['convolution2', [16, 10, 10], 'relu'],
      ['pool2', [16, 5, 5], 'linear'],
      ['hidden1', [120], 'relu'],
      ['hidden2', [84], 'relu'],
      ['output', [10], 'linear'],
    ]);
    expect(network.parameters.map(({ id, values }) => [id, values.shape])).toEqual([
      ['input→convolution1', [25, 6]],
      ['pool1→convolution2', [150, 16]],
      ['pool2→hidden1', [400, 120]],
      ['hidden1→hidden2', [120, 84]],
      ['hidden2→output', [84, 10]],
      ['convolution1.bias', [6]],
      ['convolution2.bias', [16]],
      ['hidden1.bias', [120]],
      ['hidden2.bias', [84]],
      ['output.bias', [10]],
    ]);
    // The known number of parameters of this LeNet-5.
    expect(network.parameters.reduce((sum, { values }) => sum + values.size, 0)).toBe(61_706);
    network.dispose();
  });

  test('names the axes of its weights', () => {
    const local = { ...lenet.convolutions[1], channels: 16, kernel: 5, shared: false };
    const [first] = lenet.convolutions;
    const specification = convolutionalStack({ ...lenet, convolutions: first ? [first, local] : [] });
    const network = new Network(
      compute,
      {
        ...specification,
        projections: [
          ...specification.projections,
          { from: 'convolution1', to: 'input', kind: 'feedback', answers: 'input→convolution1' },
        ],
      },
      1,
    );
    const lengths = (id: string) => network.projection(id).layout.map(({ name, length }) => [name, length]);
    const inputs = [
      ['lower channel', 1],
      ['kernel row', 5],
      ['kernel column', 5],
    ];
    expect(lengths('input→convolution1')).toEqual([...inputs, ['upper channel', 6]]);
    expect(lengths('feedback:convolution1→input')).toEqual([['upper channel', 6], ...inputs]);
    for (const { layout, weights, hasWeights } of network.projections) {
      if (hasWeights) expect(layout.reduce((all, { length }) => all * length, 1)).toBe(weights.size);
      else expect(layout).toEqual([]);
    }
    network.dispose();
  });

  test('scales initial kernels by the inputs of a kernel, not of the image', () => {
    const wide = { ...lenet, convolutions: [{ channels: 400, kernel: 5, padding: 2 }], hidden: [] };
    const network = new Network(compute, convolutionalStack(wide), 1);
    const values = network.projection('input→convolution1').weights.toArray();
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(variance).toBeGreaterThan(0.95 * (2 / 25));
    expect(variance).toBeLessThan(1.05 * (2 / 25));
    network.dispose();
  });

  test('refuses a kernel or window that is larger than its input', () => {
    const build = (convolutions: ConvolutionalStackOptions['convolutions']) => () =>
      convolutionalStack({ ...lenet, convolutions });
    expect(build([{ channels: 3, kernel: 40 }])).toThrow(
      'Projection "input→convolution1" has a kernel of 40 × 40, larger than its input: area "input" is 28 × 28. ' +
        'Choose at most 28 × 28.',
    );
    expect(
      build([
        { channels: 3, kernel: 28 },
        { channels: 3, kernel: 4, padding: 1 },
      ]),
    ).toThrow(/kernel of 4 × 4, larger than its input: area "convolution1" is 1 × 1 \(3 × 3 with padding\)/);
    expect(build([{ channels: 3, kernel: 27, pool: 3 }])).toThrow(/window of 3 × 3.*"convolution1" is 2 × 2/);
  });
});

describe('an inconsistent specification is refused', () => {
  const base: NetworkSpecification = {
    areas: [
      { id: 'input', shape: [2, 8, 8] },
      { id: 'a', shape: [3, 6, 6] },
      { id: 'b', shape: [3, 3, 3] },
      { id: 'flat', shape: [5] },
    ],
    projections: [
      { from: 'input', to: 'a', connection: { kind: 'convolution', kernel: [3, 3] } },
      { from: 'a', to: 'b', connection: { kind: 'pooling', how: 'max', window: [2, 2] } },
      { from: 'b', to: 'flat' },
    ],
    input: 'input',
    objectives: [],
  };
  const with_ = (...projections: ProjectionSpecification[]): NetworkSpecification => ({
    ...base,
    projections: [...base.projections, ...projections],
  });
  const kernel = [2, 2] as const;

  test('but the base is accepted', () => {
    new Network(compute, base, 1).dispose();
  });

  test.each<[string, ProjectionSpecification, string, RegExp]>([
    [
      'a target of another shape',
      { id: 'x', from: 'input', to: 'b', connection: { kind: 'local', kernel } },
      'network.shape',
      /produces images of 7 × 7, so area "b" must have the shape \(3, 7, 7\), but it is \(3, 3, 3\)/,
    ],
    [
      'pooling into other channels',
      {
        id: 'x',
        from: 'input',
        to: 'b',
        connection: { kind: 'pooling', how: 'max', window: [3, 3], stride: [2, 2] },
      },
      'network.shape',
      /in 2 channels, so area "b" must have the shape \(2, 3, 3\)/,
    ],
    [
      'an area that is not an image',
      { id: 'x', from: 'a', to: 'flat', connection: { kind: 'convolution', kernel } },
      'network.connection',
      /area "flat" must have the shape \(channels, height, width\), but it is \(5\)/,
    ],
    [
      'a kernel larger than its input',
      { id: 'x', from: 'b', to: 'a', kind: 'lateral', connection: { kind: 'convolution', kernel: [4, 1] } },
      'network.kernel',
      /kernel of 4 × 1, larger than its input: area "b" is 3 × 3/,
    ],
    [
      'half a stride',
      { id: 'x', from: 'input', to: 'a', connection: { kind: 'convolution', kernel, stride: [0.5, 1] } },
      'network.connection',
      /stride of 0.5 × 1: both must be whole numbers of at least 1/,
    ],
    [
      'plastic pooling',
      {
        id: 'x',
        from: 'a',
        to: 'b',
        plastic: true,
        connection: { kind: 'pooling', how: 'max', window: kernel },
      },
      'network.connection',
      /pooling without weights, so it cannot be plastic: leave "plastic" out/,
    ],
    [
      'feedback that answers pooling',
      { id: 'x', from: 'b', to: 'a', kind: 'feedback', answers: 'a→b' },
      'network.connection',
      /answers "a→b", which is pooling and has no weights: leave it out/,
    ],
    [
      'feedback with a connection of its own',
      {
        from: 'a',
        to: 'input',
        kind: 'feedback',
        answers: 'input→a',
        connection: { kind: 'convolution', kernel },
      },
      'network.connection',
      /has the connection of that projection: leave its own "connection" out/,
    ],
  ])('%s', (_, projection, code, message) => {
    let thrown: unknown;
    try {
      new Network(compute, with_(projection), 1);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ApicalError);
    expect(thrown).toMatchObject({ code });
    expect((thrown as ApicalError).message).toMatch(message);
  });
});
