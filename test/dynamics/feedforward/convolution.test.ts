import { afterAll, beforeAll, describe, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { convolutionalStack } from '../../../src/network/index.ts';
import type { ConvolutionalStackOptions, NetworkSpecification } from '../../../src/network/index.ts';
import { ACTIVATIONS } from '../../../src/tensor/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { swish } from '../../activations.ts';
import { CLASSES, expectExactGradient } from '../finite-differences.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

/** Two channels of 7 × 6, padded and strided kernels, both kinds of pooling, dense areas above. */
const pictures = (change: Partial<ConvolutionalStackOptions> = {}): NetworkSpecification =>
  convolutionalStack({
    input: [2, 7, 6],
    convolutions: [
      { channels: 3, kernel: 3, padding: 1, pool: 2 },
      { channels: 4, kernel: 2, stride: 1 },
    ],
    hidden: [5],
    outputs: CLASSES,
    activation: 'tanh',
    objective: 'cross-entropy',
    ...change,
  });

describe('backpropagation through convolutions and pooling computes the derivative of the loss', () => {
  test.each([...ACTIVATIONS, swish])('convolutions and max-pooling, %s units', (activation) => {
    expectExactGradient(compute, pictures({ activation }), 21);
  });

  test('locally connected projections and mean pooling', () => {
    const convolutions = [
      { channels: 2, kernel: 3, padding: 1, shared: false, pool: 2, pooling: 'average' },
      { channels: 2, kernel: 2, shared: false },
    ] as const;
    expectExactGradient(compute, pictures({ convolutions }), 22);
  });

  test('strides that skip pixels, and kernels as large as the image', () => {
    const convolutions = [
      { channels: 2, kernel: 3, stride: 3, padding: 1 },
      { channels: 3, kernel: 2 },
    ] as const;
    expectExactGradient(compute, pictures({ convolutions, hidden: [] }), 23);
  });

  test('sparse kernels, dropout, no biases, squared error', () => {
    expectExactGradient(compute, pictures({ density: 0.6 }), 24);
    expectExactGradient(compute, pictures({ dropout: 0.4, inputDropout: 0.3 }), 25);
    expectExactGradient(compute, pictures({ bias: false, objective: 'squared-error' }), 26, false);
  });

  test('a graph whose paths meet: two kernels, a window and a dense projection end in one area', () => {
    const specification: NetworkSpecification = {
      areas: [
        { id: 'input', shape: [2, 5, 5], dropout: 0.2 },
        { id: 'a', shape: [2, 4, 4], activation: 'softplus' },
        { id: 'b', shape: [2, 2, 2], activation: 'tanh' },
        { id: 'output', shape: [CLASSES] },
      ],
      projections: [
        { from: 'input', to: 'a', connection: { kind: 'convolution', kernel: [2, 2] } },
        {
          id: 'other',
          from: 'input',
          to: 'a',
          connection: { kind: 'local', kernel: [4, 2], padding: [1, 0] },
        },
        { from: 'a', to: 'b', connection: { kind: 'pooling', how: 'max', window: [3, 3], stride: [1, 1] } },
        { id: 'mean', from: 'a', to: 'b', connection: { kind: 'pooling', how: 'average', window: [2, 2] } },
        { id: 'dense', from: 'a', to: 'b' },
        { from: 'b', to: 'output' },
        { from: 'a', to: 'output' },
      ],
      input: 'input',
      objectives: [{ area: 'output', kind: 'cross-entropy' }],
    };
    expectExactGradient(compute, specification, 27);
  });
});
