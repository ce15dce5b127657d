import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { ApicalError } from '../../src/errors.ts';
import { Network, projectionId, stack } from '../../src/network/index.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../src/network/index.ts';
import type { Compute } from '../../src/tensor/index.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});

const chain: NetworkSpecification = {
  areas: [
    { id: 'input', shape: [4] },
    { id: 'hidden', shape: [2, 3], activation: 'tanh' },
    { id: 'output', shape: [2] },
  ],
  projections: [
    { from: 'input', to: 'hidden' },
    { from: 'hidden', to: 'output' },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'squared-error' }],
};

describe('stack()', () => {
  test('is a chain of areas with dropout, activations and biases', () => {
    const specification = stack({
      layers: [7, 5, 4, 3],
      activation: 'relu',
      outputActivation: 'logistic',
      objective: 'squared-error',
      dropout: 0.5,
      inputDropout: 0.2,
    });
    const network = new Network(compute, specification, 1);
    expect(
      network.areas.map(({ id, units, activation, dropout }) => [id, units, activation.name, dropout]),
    ).toEqual([
      ['input', 7, 'linear', 0.2],
      ['hidden1', 5, 'relu', 0.5],
      ['hidden2', 4, 'relu', 0.5],
      ['output', 3, 'logistic', 0],
    ]);
    expect(network.projections.map(({ id, weights }) => [id, weights.shape])).toEqual([
      ['input→hidden1', [7, 5]],
      ['hidden1→hidden2', [5, 4]],
      ['hidden2→output', [4, 3]],
    ]);
    expect(network.parameters.map(({ id }) => id)).toEqual([
      'input→hidden1',
      'hidden1→hidden2',
      'hidden2→output',
      'hidden1.bias',
      'hidden2.bias',
      'output.bias',
    ]);
    expect(network.objectives[0]?.area.id).toBe('output');
    network.dispose();
  });

  test('may have no biases and no hidden layers', () => {
    const network = new Network(
      compute,
      stack({ layers: [3, 2], activation: 'relu', objective: 'cross-entropy', bias: false }),
      1,
    );
    expect(network.parameters.map(({ id }) => id)).toEqual(['input→output']);
    network.dispose();
  });
});

describe('a network', () => {
  test('sorts areas in forward order, whatever the order of the specification', () => {
    const network = new Network(
      compute,
      { ...chain, areas: [...chain.areas].reverse(), projections: [...chain.projections].reverse() },
      1,
    );
    expect(network.areas.map(({ id }) => id)).toEqual(['input', 'hidden', 'output']);
    for (const { from, to } of network.projections) expect(from.index).toBeLessThan(to.index);
    network.dispose();
  });

  test('lists every tensor by name and frees them all', () => {
    const held = compute.heap.bytesInUse;
    const network = new Network(
      compute,
      { ...chain, projections: chain.projections.map((projection) => ({ ...projection, density: 0.5 })) },
      1,
    );
    expect([...network.tensors().keys()].sort()).toEqual(
      [
        'hidden.bias',
        'hidden→output',
        'hidden→output.mask',
        'input→hidden',
        'input→hidden.mask',
        'output.bias',
      ].sort(),
    );
    network.dispose();
    expect(compute.heap.bytesInUse).toBe(held);
  });

  test('links feedback to the projection that it answers and excludes it from the parameters', () => {
    const feedback: ProjectionSpecification = {
      from: 'output',
      to: 'hidden',
      kind: 'feedback',
      answers: 'hidden→output',
    };
    const network = new Network(compute, { ...chain, projections: [feedback, ...chain.projections] }, 1);
    const answer = network.projection(projectionId(feedback));
    expect(network.projection('hidden→output').feedback).toBe(answer);
    expect(network.parameters).not.toContain(answer);
    expect(network.areas.map(({ id }) => id)).toEqual(['input', 'hidden', 'output']);
    network.dispose();
  });

  test('returns the feedback projections that end at an area', () => {
    const network = new Network(
      compute,
      {
        ...chain,
        projections: [
          { from: 'output', to: 'hidden', kind: 'feedback', answers: 'hidden→output' },
          ...chain.projections,
          { id: 'second', from: 'output', to: 'hidden', kind: 'feedback' },
          { from: 'output', to: 'hidden', kind: 'lateral' },
          { from: 'hidden', to: 'input', kind: 'feedback' },
        ],
      },
      1,
    );
    const idsOf = (area: string) => network.feedbackTo(network.area(area)).map(({ id }) => id);
    expect(idsOf('hidden')).toEqual(['feedback:output→hidden', 'second']);
    expect(idsOf('input')).toEqual(['feedback:hidden→input']);
    expect(idsOf('output')).toEqual([]);
    network.dispose();
  });

  test('accepts a lateral projection against the forward order', () => {
    const network = new Network(
      compute,
      { ...chain, projections: [...chain.projections, { from: 'output', to: 'hidden', kind: 'lateral' }] },
      1,
    );
    expect(network.projection('lateral:output→hidden').plastic).toBe(true);
    network.dispose();
  });
});

describe('an invalid specification is refused by name', () => {
  const [input, hidden, output] = chain.areas as [
    NetworkSpecification['areas'][0],
    NetworkSpecification['areas'][0],
    NetworkSpecification['areas'][0],
  ];
  test.each<[string, Partial<NetworkSpecification>, string[]]>([
    ['network.duplicate', { areas: [...chain.areas, { id: 'hidden', shape: [3] }] }, ['"hidden"']],
    [
      'network.duplicate',
      { projections: [...chain.projections, { from: 'input', to: 'hidden' }] },
      ['"input→hidden"'],
    ],
    ['network.empty-area', { areas: [input, { ...hidden, shape: [0] }, output] }, ['"hidden"', '(0)']],
    [
      'network.empty-area',
      { areas: [input, { ...hidden, shape: [2, 1.5] }, output] },
      ['"hidden"', '(2, 1.5)'],
    ],
    ['network.empty-area', { areas: [input, { ...hidden, shape: [] }, output] }, ['"hidden"']],
    [
      'network.unknown-area',
      { projections: [...chain.projections, { from: 'input', to: 'cortex' }] },
      ['"cortex"', '"input→cortex"'],
    ],
    ['network.unknown-area', { input: 'retina' }, ['"retina"', '"input"']],
    [
      'network.unknown-area',
      { objectives: [{ area: 'motor', kind: 'squared-error' }] },
      ['"motor"', '"output"'],
    ],
    [
      'network.projection',
      {
        projections: [
          ...chain.projections,
          { from: 'output', to: 'hidden', kind: 'recurrent' as 'lateral' }, // as a rule in JavaScript may
        ],
      },
      ['"recurrent:output→hidden"', '"recurrent"', '"forward", "feedback" or "lateral"'],
    ],
    [
      'network.projection',
      {
        projections: [
          ...chain.projections,
          { id: 'back', from: 'output', to: 'hidden', kind: null as unknown as 'lateral' },
        ],
      },
      ['"back"', 'null'],
    ],
    [
      'network.cycle',
      { projections: [...chain.projections, { from: 'output', to: 'hidden' }] },
      ['"hidden"', '"output"', 'feedback'],
    ],
    [
      'network.cycle',
      { projections: [...chain.projections, { from: 'hidden', to: 'hidden' }] },
      ['"hidden"'],
    ],
    [
      'network.unknown-projection',
      {
        projections: [
          ...chain.projections,
          { from: 'output', to: 'hidden', kind: 'feedback', answers: 'nothing' },
        ],
      },
      ['"nothing"', '"hidden→output"'],
    ],
    [
      'network.feedback',
      {
        projections: [
          ...chain.projections,
          { from: 'output', to: 'hidden', kind: 'feedback', answers: 'input→hidden' },
        ],
      },
      ['"feedback:output→hidden"', '"input→hidden"'],
    ],
    [
      'network.cross-entropy',
      {
        areas: [input, hidden, { ...output, activation: 'logistic' }],
        objectives: [{ area: 'output', kind: 'cross-entropy' }],
      },
      ['"output"', 'logistic'],
    ],
  ])('%s, case %#', (code, change, named) => {
    let error: unknown;
    try {
      new Network(compute, { ...chain, ...change }, 1);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ApicalError);
    expect((error as ApicalError).code).toBe(code);
    for (const name of named) expect((error as ApicalError).message).toContain(name);
  });

  test('and allocates nothing, so that a user may try again', () => {
    const held = compute.heap.bytesInUse;
    expect(
      () =>
        new Network(
          compute,
          {
            ...chain,
            areas: [input, hidden, { ...output, activation: 'tanh' }],
            objectives: [{ area: 'output', kind: 'cross-entropy' }],
          },
          1,
        ),
    ).toThrow(ApicalError);
    expect(compute.heap.bytesInUse).toBe(held);
  });
});
