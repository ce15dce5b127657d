import { feedforward } from '../../src/dynamics/index.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { materialise, stack } from '../../src/network/index.ts';
import type { AreaSpecification, NetworkSpecification, Parameter, Term } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { backpropagate } from '../../src/references/backpropagation.ts';
import { defineRule, Learner, noOptions } from '../../src/rules/index.ts';
import { ACTIVATIONS } from '../../src/tensor/index.ts';
import type { Compute } from '../../src/tensor/index.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const BATCH = 4;
const CLASSES = 3;

/** The reference's gradient and a central difference of the loss that the learner itself tallies. */
class Probe {
  readonly learner: Learner;
  /** Gradients by parameter, as the last call of `loss` found them. */
  readonly gradients = new Map<string, number[]>();
  readonly #targetsAreLabels: boolean;

  constructor(specification: NetworkSpecification, seed: number, targetsAreLabels: boolean) {
    const { gradients } = this;
    // Emits nothing, so that learning changes nothing, and is run with training's noise on.
    const recorder = defineRule({
      id: 'recorder',
      family: 'Test',
      title: 'Recorder',
      summary: '',
      equation: '',
      cites: [],
      options: noOptions,
      dynamics: feedforward,
      learn(step) {
        const terms = new Map<Parameter, Term[]>();
        backpropagate({
          ...step,
          emit: (parameter, term) => {
            terms.set(parameter, [...(terms.get(parameter) ?? []), term]);
          },
        });
        gradients.clear();
        for (const [parameter, its] of terms) {
          const gradient = step.compute.temporary(parameter.values.shape);
          materialise(step.compute, parameter, gradient, its);
          gradients.set(parameter.id, gradient.toArray());
        }
      },
    });
    this.#targetsAreLabels = targetsAreLabels;
    this.learner = new Learner(compute, {
      specification,
      rule: recorder,
      options: {},
      optimiserOf: () => ({
        kind: 'sgd',
        rate: 1,
        momentum: 0,
        meanSquareDecay: 0,
        epsilon: 0,
        decay: 0,
        maximumNorm: 0,
      }),
      seed,
      epochs: 1,
    });
    const draws = new Sequence(stream(seed, 'thresholds'));
    for (const { values, role } of this.learner.network.parameters) {
      if (role === 'bias') values.set(Array.from({ length: values.size }, () => draws.uniform() - 0.3));
    }
  }

  /** Mean loss of one batch in step 7, with that step's dropout masks. */
  loss(seed: number): number {
    const { network } = this.learner;
    const draws = new Sequence(stream(seed, 'batch'));
    const inputs = compute.allocate([BATCH, network.input.units]);
    inputs.set(Array.from({ length: inputs.size }, () => draws.normal()));
    const targets = this.#targetsAreLabels
      ? compute.allocate([BATCH], 'i32').set(Array.from({ length: BATCH }, () => draws.below(CLASSES)))
      : compute
          .allocate([BATCH, CLASSES])
          .set(Array.from({ length: BATCH * CLASSES }, () => draws.uniform() * 2 - 1));
    this.learner.resetTally();
    this.learner.learn({ inputs, targets }, 7, 0);
    compute.free(inputs);
    compute.free(targets);
    return this.learner.tally().loss / BATCH;
  }
}

/** Greatest relative error, over the parameters, of the reference against central differences. */
function expectExact(specification: NetworkSpecification, seed: number, targetsAreLabels = true): void {
  const probe = new Probe(specification, seed, targetsAreLabels);
  probe.loss(seed);
  const exact = new Map(probe.gradients);
  const { parameters } = probe.learner.network;
  expect([...exact.keys()].sort()).toEqual(parameters.map(({ id }) => id).sort());
  let total = 0;
  for (const { id, values, mask } of parameters) {
    const exists = mask?.toArray();
    const gradient = exact.get(id) ?? [];
    let error = 0;
    let norm = 0;
    for (let i = 0; i < values.size; i++) {
      if (exists?.[i] === 0) {
        expect(gradient[i] === 0).toBe(true);
        continue;
      }
      const kept = values.data[i] as number;
      const width = 1e-5;
      values.data[i] = kept + width;
      const above = probe.loss(seed);
      values.data[i] = kept - width;
      const below = probe.loss(seed);
      values.data[i] = kept;
      const difference = (above - below) / (2 * width);
      error += (difference - (gradient[i] as number)) ** 2;
      norm += difference ** 2;
    }
    expect(Math.sqrt(error), `gradient of ${id}, of norm ${Math.sqrt(norm)}`).toBeLessThan(
      1e-6 * Math.sqrt(norm) + 1e-10,
    );
    total += norm;
  }
  expect(total).toBeGreaterThan(1e-4);
  probe.learner.dispose();
}

const deep = { layers: [5, 6, 4, CLASSES], objective: 'cross-entropy' } as const;

describe('backpropagation is the derivative of the loss', () => {
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

  test.each(['tanh', 'softplus'] as const)('sparse projections of %s units', (activation) => {
    expectExact(stack({ ...deep, activation, density: 0.6 }), 5);
  });

  test('without thresholds, and without hidden areas', () => {
    expectExact(stack({ ...deep, activation: 'tanh', bias: false }), 6);
    expectExact(stack({ ...deep, layers: [5, CLASSES], activation: 'tanh' }), 6);
  });

  test('areas of a shape, and one example only where the batch is one', () => {
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

describe('on a graph that is no chain', () => {
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

  test('two objectives, one of them on the way to the other', () => {
    expectExact(twoObjectives(base), 9);
    expectExact(twoObjectives(skip), 10);
  });

  test('an area with thresholds that receives nothing, such as a context', () => {
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
    const probe = new Probe(specification, 12, true);
    probe.loss(12);
    expect(probe.gradients.has('hidden1→side')).toBe(false);
    expect(probe.gradients.has('input→hidden1')).toBe(true);
    probe.learner.dispose();
  });

  test('projections that are not plastic pass the error on and get no term', () => {
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

  test('everything at once', () => {
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
