import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { stack } from '../../../src/network/index.ts';
import type { AreaSpecification, NetworkSpecification } from '../../../src/network/index.ts';
import { ACTIVATIONS } from '../../../src/tensor/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { swish } from '../../activations.ts';
import { CLASSES, expectExactGradient, Probe } from '../finite-differences.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const expectExact = (specification: NetworkSpecification, seed: number, targetsAreLabels = true): void =>
  expectExactGradient(compute, specification, seed, targetsAreLabels);

const deep = { layers: [5, 6, 4, CLASSES], objective: 'cross-entropy' } as const;

describe('backpropagation computes the derivative of the loss', () => {
  test.each(ACTIVATIONS)('%s units under cross-entropy', (activation) => {
    expectExact(stack({ ...deep, activation }), 1);
  });

  test.each(ACTIVATIONS)('%s units, output included, under squared error', (activation) => {
    const specification = stack({
      ...deep,
      activation,
      outputActivation: activation,
      objective: 'squared-error',
    });
    expectExact(specification, 2);
    expectExact(specification, 3, false);
  });

  test.each(ACTIVATIONS)('%s units with dropout in the input and hidden areas', (activation) => {
    expectExact(stack({ ...deep, activation, dropout: 0.4, inputDropout: 0.2 }), 4);
  });

  test('units of a user whose slope is a function of the potential', () => {
    expectExact(stack({ ...deep, activation: swish }), 8);
    expectExact(stack({ ...deep, activation: swish, dropout: 0.4, inputDropout: 0.2 }), 9);
    const outputs = { activation: swish, outputActivation: swish, objective: 'squared-error' } as const;
    expectExact(stack({ ...deep, ...outputs }), 10);
    expectExact(stack({ ...deep, ...outputs }), 11, false);
  });

  test('to 1e-9 of the gradient, by extrapolated differences, for units of a user', () => {
    const probe = new Probe(compute, stack({ ...deep, activation: swish }), 12, true);
    probe.loss(12);
    const found = new Map(probe.gradients);
    for (const { id, values } of probe.learner.network.parameters) {
      const gradient = found.get(id) as number[];
      let [error, norm] = [0, 0];
      for (let i = 0; i < values.size; i++) {
        const kept = values.data[i] as number;
        const difference = (width: number) => {
          const [above, below] = [kept + width, kept - width].map((value) => {
            values.data[i] = value;
            return probe.loss(12);
          }) as [number, number];
          values.data[i] = kept;
          return (above - below) / (2 * width);
        };
        const exact = (4 * difference(5e-4) - difference(1e-3)) / 3;
        error += ((gradient[i] as number) - exact) ** 2;
        norm += exact ** 2;
      }
      expect(Math.sqrt(error / norm), id).toBeLessThan(1e-9);
    }
  });

  test.each(['tanh', 'softplus'] as const)('sparse projections of %s units', (activation) => {
    expectExact(stack({ ...deep, activation, density: 0.6 }), 5);
  });

  test('without biases, and without hidden areas', () => {
    expectExact(stack({ ...deep, activation: 'tanh', bias: false }), 6);
    expectExact(stack({ ...deep, layers: [5, CLASSES], activation: 'tanh' }), 6);
  });

  test('areas with a shape, and a batch of one example', () => {
    const specification = stack({ ...deep, activation: 'logistic' });
    expectExact(
      {
        ...specification,
        areas: specification.areas.map((area) =>
          area.id === 'hidden1' ? { ...area, shape: [2, 3, 1] } : area,
        ),
      },
      7,
    );
  });
});

describe('on a graph that is not a chain', () => {
  const base = stack({ ...deep, activation: 'tanh' });
  const withArea = (
    id: string,
    change: Partial<AreaSpecification>,
    specification = base,
  ): NetworkSpecification => ({
    ...specification,
    areas: specification.areas.map((area) => (area.id === id ? { ...area, ...change } : area)),
  });
  const skip: NetworkSpecification = {
    ...base,
    projections: [...base.projections, { from: 'input', to: 'output' }, { from: 'hidden1', to: 'output' }],
  };
  const twoObjectives = (specification: NetworkSpecification): NetworkSpecification => ({
    ...withArea('hidden2', { shape: [CLASSES], activation: 'logistic' }, specification),
    objectives: [
      { area: 'output', kind: 'cross-entropy' },
      { area: 'hidden2', kind: 'squared-error' },
    ],
  });

  test('connections that skip areas', () => {
    expectExact(skip, 8);
  });

  test('two objectives, one of them on the path to the other', () => {
    expectExact(twoObjectives(base), 9);
    expectExact(twoObjectives(skip), 10);
  });

  test('an area with biases and no input, such as a context', () => {
    expectExact(
      {
        ...base,
        areas: [...base.areas, { id: 'context', shape: [3], activation: 'logistic', bias: true }],
        projections: [...base.projections, { from: 'context', to: 'hidden2' }],
      },
      11,
    );
  });

  test('a side branch that no objective trains gets no term', () => {
    const specification: NetworkSpecification = {
      ...base,
      areas: [...base.areas, { id: 'side', shape: [2], activation: 'tanh', bias: false }],
      projections: [...base.projections, { from: 'hidden1', to: 'side' }],
    };
    const probe = new Probe(compute, specification, 12, true);
    probe.loss(12);
    expect(probe.gradients.has('hidden1→side')).toBe(false);
    expect(probe.gradients.has('input→hidden1')).toBe(true);
    probe.learner.dispose();
  });

  test('projections that are not plastic transmit the error and get no term', () => {
    const specification: NetworkSpecification = {
      ...base,
      projections: base.projections.map((projection) =>
        projection.from === 'hidden1' ? { ...projection, plastic: false } : projection,
      ),
    };
    expectExact(specification, 13);
  });

  test('an objective on an area with dropout: the loss is that of the rate, before dropout', () => {
    expectExact(withArea('output', { dropout: 0.4 }), 14);
    expectExact(withArea('hidden2', { dropout: 0.4 }, twoObjectives(base)), 15);
  });

  test('all of these at once', () => {
    const all = withArea(
      'hidden1',
      { dropout: 0.3 },
      withArea('input', { dropout: 0.2 }, twoObjectives(skip)),
    );
    expectExact(
      { ...all, projections: all.projections.map((projection) => ({ ...projection, density: 0.7 })) },
      16,
    );
  });
});
