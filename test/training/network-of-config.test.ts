import { describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { configSchema, parseConfig } from '../../src/config/config.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { keysAt } from '../../src/config/explain.ts';
import { networkFor } from '../../src/training/of-config/network-of-config.ts';
import { PRESETS } from '../../src/config/presets.ts';

const shapesOf = (config: ConfigInput, inputShape: readonly number[]) =>
  networkFor(parseConfig(config), {
    dataset: {
      title: 'Pictures',
      task: 'classification',
      inputShape,
      inputScale: 1,
      targetSize: 10,
    } as unknown as Parameters<typeof networkFor>[1]['dataset'],
    inputUnits: inputShape.reduce((product, length) => product * length, 1),
    loss: undefined,
  }).areas.map(({ id, shape }) => [id, ...shape]);

const convolutions = [
  { channels: 6, kernel: 5, padding: 2, pool: 2 },
  { channels: 4, kernel: 3, stride: 2, shared: false, pool: 3, pooling: 'average' as const },
];

describe('network.convolutions', () => {
  test('come before the hidden areas; a grey picture may lack its channel', () => {
    const above = [
      ['convolution1', 6, 28, 28],
      ['pool1', 6, 14, 14],
      ['convolution2', 4, 6, 6],
      ['pool2', 4, 2, 2],
      ['hidden1', 7],
      ['output', 10],
    ];
    const config = { network: { convolutions, hidden: [7] } };
    expect(shapesOf(config, [28, 28])).toEqual([['input', 1, 28, 28], ...above]);
    expect(shapesOf(config, [3, 28, 28])).toEqual([['input', 3, 28, 28], ...above]);
  });

  test('need pictures at least as large as their kernels', () => {
    const made = (layers: ConfigInput['network'], shape: readonly number[]) => () =>
      shapesOf({ network: layers }, shape);
    expect(made({ convolutions }, [784])).toThrow(ApicalError);
    expect(made({ convolutions }, [784])).toThrow(/network.convolutions needs pictures.*the shape \(784\)/);
    expect(made({ convolutions: [{ channels: 2, kernel: 9 }] }, [8, 12])).toThrow(
      /kernel of 9 × 9, larger than its input: area "input" is 8 × 12/,
    );
  });

  test('refuse sparse storage, since kernels are matrices', () => {
    const config = { network: { convolutions, storage: 'sparse' } } as const;
    expect(() => shapesOf(config, [28, 28])).toThrow(
      'network.storage is "sparse", but kernels are stored as matrices: leave out network.storage or network.convolutions.',
    );
  });

  test('are validated like any other key', () => {
    expect(() => parseConfig({ network: { convolutions: [{ channels: 6, kernal: 5 }] } })).toThrow(/kernel/);
    expect(() => parseConfig({ network: { convolutions: [{ channels: 6, kernel: 0 }] } })).toThrow(
      'network.convolutions.0.kernel: must be at least 1, but it is 0.',
    );
    expect(keysAt(configSchema, ['network', 'convolutions', '0'])).toContain('shared');
  });

  test('are absent from a config without them, whose identity stays the same', () => {
    expect(parseConfig({}).network).not.toHaveProperty('convolutions');
  });
});

describe('graph', () => {
  test('takes one connection per projection', () => {
    const graph = {
      areas: [
        { id: 'in', shape: [1, 4, 4] },
        { id: 'a', shape: [2, 4, 4], activation: 'relu' as const },
        { id: 'b', shape: [2, 2, 2] },
        { id: 'out', shape: [10] },
      ],
      projections: [
        {
          from: 'in',
          to: 'a',
          connection: {
            kind: 'convolution' as const,
            kernel: [3, 3] as [number, number],
            padding: [1, 1] as [number, number],
          },
        },
        {
          from: 'a',
          to: 'b',
          connection: { kind: 'pooling' as const, how: 'max' as const, window: [2, 2] as [number, number] },
        },
        { from: 'b', to: 'out' },
      ],
      input: 'in',
      objectives: [{ area: 'out', kind: 'cross-entropy' as const }],
    };
    expect(shapesOf({ graph }, [4, 4])[1]).toEqual(['a', 2, 4, 4]);
    const wrong = structuredClone(graph) as unknown as { projections: { connection: object }[] };
    (wrong.projections[0] as { connection: object }).connection = { kind: 'convolution', kernel: [3] };
    expect(() => parseConfig({ graph: wrong })).toThrow(/graph.projections.0.connection.kernel/);
  });
});

test.each(['lenet', 'lenet-fashion'])('preset %s is LeNet-5', (id) => {
  const config = PRESETS.find((preset) => preset.id === id)?.config ?? {};
  expect(shapesOf(config, [28, 28])).toEqual([
    ['input', 1, 28, 28],
    ['convolution1', 6, 28, 28],
    ['pool1', 6, 14, 14],
    ['convolution2', 16, 10, 10],
    ['pool2', 16, 5, 5],
    ['hidden1', 120],
    ['hidden2', 84],
    ['output', 10],
  ]);
});
