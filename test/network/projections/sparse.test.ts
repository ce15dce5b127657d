import { describe, expect, test } from 'vitest';
import { measureAlignment } from '../../../src/analysis/alignment.ts';
import { audit } from '../../../src/analysis/audit/audit.ts';
import { exportWeights, importWeights } from '../../../src/network/exchange.ts';
import { Network } from '../../../src/network/network.ts';
import { DenseProjection } from '../../../src/network/projections/dense.ts';
import { SparseProjection } from '../../../src/network/projections/sparse.ts';
import { isSparseFaster, sparseProjections } from '../../../src/network/projections/storage.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../../src/network/specification.ts';
import { stack } from '../../../src/network/specification.ts';
import { materialise } from '../../../src/network/terms.ts';
import { ruleById, RULES } from '../../../src/rules/index.ts';
import type { Rule } from '../../../src/learning/rule.ts';
import { allocateSynapses } from '../../../src/tensor/sparse/synapses.ts';
import type { Compute, Tensor } from '../../../src/tensor/index.ts';
import { openAll } from '../../backends/open-all.ts';
import { clouds, learnerOf, optimiser, release, smallStack, snapshot, train } from '../../rules/fixtures.ts';
import { BACKENDS } from '../synapses.ts';

const on = openAll(BACKENDS);

type Change = Partial<ProjectionSpecification>;

/** Returns a specification with the same storage for every projection. */
function stored(specification: NetworkSpecification, storage: 'dense' | 'sparse'): NetworkSpecification {
  return {
    ...specification,
    projections: specification.projections.map((projection) => ({ ...projection, storage })),
  };
}

/** Returns networks that differ in storage alone. */
function twins(compute: Compute, specification: NetworkSpecification, seed = 3): readonly [Network, Network] {
  return [
    new Network(compute, stored(specification, 'dense'), seed),
    new Network(compute, stored(specification, 'sparse'), seed),
  ];
}

/** Returns two areas of 30 and 20 units, or one of 30, with one projection, and with feedback that answers it. */
function areas(change: Change, feedback?: Change): NetworkSpecification {
  const to = change.symmetric ? 'a' : 'b';
  const forward = { id: 'forward', from: 'a', to, density: 0.3, ...change } as const;
  const answer = {
    from: to,
    to: 'a',
    kind: 'feedback',
    answers: 'forward',
    id: 'back',
    density: 0.3,
    ...feedback,
  } as const;
  return {
    areas: [
      { id: 'a', shape: [30] },
      { id: 'b', shape: [20], activation: 'tanh' },
    ],
    projections: feedback ? [forward, answer] : [forward],
    input: 'a',
    objectives: [],
  };
}

/** Returns weights as a matrix, with 0 in place of −0. */
const matrixOf = (network: Network, id: string) =>
  Array.from(network.projection(id).matrix(), (weight) => weight + 0);

describe('sparse weights are those of the masked matrix, to the bit', () => {
  const cases: Record<string, readonly [Change, Change?]> = {
    uniform: [{ initialisation: { kind: 'uniform' } }],
    Glorot: [{}],
    He: [{ initialisation: { kind: 'he', scale: 2 } }],
    Dale: [{ excitatory: 0.8 }],
    symmetric: [{ symmetric: true, kind: 'lateral' }],
    'symmetric, with self-connections': [{ symmetric: true, kind: 'lateral', selfConnections: true }],
    'full density': [{ density: 1 }],
    'independent feedback': [{}, {}],
    'reciprocal feedback': [{}, { wiring: 'reciprocal', density: 0.5 }],
    'disjoint feedback': [{}, { wiring: 'disjoint' }],
    'feedback that starts as the transpose': [{}, { wiring: 'reciprocal', startsTransposed: true }],
  };
  test.each(Object.entries(cases))('%s', (_, [change, feedback]) => {
    for (const backend of BACKENDS) {
      const [dense, sparse] = twins(on(backend), areas(change, feedback));
      for (const { id } of dense.projections) {
        expect(matrixOf(sparse, id)).toEqual(matrixOf(dense, id));
        expect(sparse.projection(id).storage).toBe('sparse');
        expect(sparse.projection(id).weights.size).toBe(
          dense
            .projection(id)
            .mask?.toArray()
            .filter((exists) => exists === 1).length ?? 600,
        );
      }
      expect(sparse.warnings()).toEqual(dense.warnings());
      dense.dispose();
      sparse.dispose();
    }
  });

  test('a projection that starts like another has its synapses', () => {
    const base = areas({});
    const copy = { id: 'copy', from: 'a', to: 'b', kind: 'lateral', density: 0.3 } as const;
    const startsLike = { projection: 'forward', factor: -0.5 };
    const specification = { ...base, projections: [...base.projections, { ...copy, startsLike }] };
    const [dense, sparse] = twins(on('reference'), specification);
    expect(matrixOf(sparse, 'copy')).toEqual(matrixOf(dense, 'copy'));
  });

  test('a drawing in blocks leaves no matrix behind', () => {
    const compute = on('wasm');
    const before = compute.heap.bytesInUse;
    const specification = stored(
      stack({ layers: [4000, 4000], activation: 'tanh', objective: 'squared-error', density: 0.002 }),
      'sparse',
    );
    const network = new Network(compute, specification, 1);
    // Five numbers of 4 bytes for a synapse, and temporaries for a block of the matrix, which would take 64 MB.
    const { size } = network.projection('input→output').weights;
    expect(size).toBeGreaterThan(30_000);
    expect(compute.heap.bytesInUse - before).toBeLessThan(5 * 4 * size + 2 ** 23);
    network.dispose();
    expect(compute.heap.bytesInUse - before).toBeLessThan(2 ** 23);
  });
});

describe('rules learn the same with sparse storage', () => {
  /** Rules that draw a number for each stored weight, or need a matrix. */
  const others = new Set(['weight-perturbation', 'serial-weight-perturbation', 'forward-gradient']);
  const alike = RULES.filter(({ id }) => !others.has(id));

  const learners = (compute: Compute, rule: Rule, change = {}) =>
    (['dense', 'sparse'] as const).map((storage) =>
      learnerOf(compute, rule, {
        specification: stored(smallStack({ density: 0.6, storage }, rule), storage),
        optimiser: optimiser(change),
      }),
    );

  test.each(alike.map(({ id }) => id))('%s', (id) => {
    const compute = on('reference');
    const rule = ruleById(id);
    const [dense, sparse] = learners(compute, rule) as [
      ReturnType<typeof learnerOf>,
      ReturnType<typeof learnerOf>,
    ];
    const losses = train(compute, dense, 0, 4);
    for (const [step, loss] of train(compute, sparse, 0, 4).entries())
      expect(loss).toBeCloseTo(losses[step] as number, 9);
    for (const projection of dense.network.projections) {
      const other = sparse.network.projection(projection.id);
      const weights = Array.from(projection.matrix());
      for (const [index, weight] of Array.from(other.matrix()).entries()) {
        expect(Math.abs(weight - (weights[index] as number)), projection.id).toBeLessThan(1e-9);
      }
    }
    dense.dispose();
    sparse.dispose();
  });

  test.each(['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const)(
    '%s with decay and bounds',
    (kind) => {
      for (const backend of BACKENDS) {
        for (const boundedWeights of ['incoming', 'outgoing'] as const) {
          const compute = on(backend);
          const change = { kind, decay: 0.1, maximumNorm: 0.6, boundedWeights, decoupledDecay: 0.1 };
          const [dense, sparse] = learners(compute, ruleById('backprop'), change) as [
            ReturnType<typeof learnerOf>,
            ReturnType<typeof learnerOf>,
          ];
          for (const size of [1, 2, 12]) {
            train(compute, dense, 0, 3, size);
            train(compute, sparse, 0, 3, size);
          }
          const worst = dense.network.projections.map((projection) => {
            const weights = projection.matrix();
            return Array.from(sparse.network.projection(projection.id).matrix()).reduce(
              (most, weight, index) => Math.max(most, Math.abs(weight - (weights[index] as number))),
              0,
            );
          });
          expect(Math.max(...worst)).toBeLessThan(backend === 'reference' ? 1e-10 : 1e-4);
          dense.dispose();
          sparse.dispose();
        }
      }
    },
  );

  test('the gradient of backpropagation equals finite differences', () => {
    const compute = on('reference');
    const learner = learnerOf(compute, ruleById('backprop'), {
      specification: stored(smallStack({ density: 0.6, activation: 'tanh' }), 'sparse'),
    });
    const batch = clouds(compute, 0, 5);
    const lossAt = () => {
      learner.resetTally();
      learner.evaluate(batch);
      return learner.tally().loss / 5;
    };
    learner.estimate(batch, 0, (terms) => {
      for (const projection of learner.network.projections) {
        const [term] = terms.get(projection) ?? [];
        if (term?.kind !== 'outer') expect.unreachable();
        const gradient = compute.temporary(projection.weights.shape);
        projection.addOuter(compute, gradient, term.pre, term.post, term.factor ?? 1, 0);
        for (let index = 0; index < gradient.size; index++) {
          const { data } = projection.weights;
          const kept = data[index] as number;
          data[index] = kept + 1e-5;
          const above = lossAt();
          data[index] = kept - 1e-5;
          const slope = (above - lossAt()) / 2e-5;
          data[index] = kept;
          expect(Math.abs(slope - (gradient.data[index] as number))).toBeLessThan(1e-8);
        }
      }
    });
    release(compute, batch);
    learner.dispose();
  });

  test('angles between feedback and weights are those of the matrices', () => {
    const compute = on('reference');
    const [dense, sparse] = learners(compute, ruleById('feedback-alignment')) as [
      ReturnType<typeof learnerOf>,
      ReturnType<typeof learnerOf>,
    ];
    const batch = clouds(compute, 1);
    const [expected, actual] = [dense, sparse].map((learner) => measureAlignment(compute, learner, batch, 0));
    for (const [id, { angle, feedbackAngle }] of Object.entries(expected ?? {})) {
      expect(actual?.[id]?.angle).toBeCloseTo(angle as number, 5);
      if (feedbackAngle !== undefined)
        expect(actual?.[id]?.feedbackAngle).toBeCloseTo(feedbackAngle as number, 5);
    }
    release(compute, batch);
  });

  test('a learner that is restored from its tensors goes on to the bit', () => {
    const compute = on('wasm');
    const make = () =>
      learners(compute, ruleById('feedback-alignment'), { kind: 'adam' })[1] as ReturnType<typeof learnerOf>;
    const [whole, first, second] = [make(), make(), make()];
    train(compute, whole, 0, 6);
    train(compute, first, 0, 3);
    const kept = snapshot(first);
    for (const [name, tensor] of second.tensors()) tensor.set(kept[name] as number[]);
    train(compute, second, 3, 6);
    const names = (name: string) => name.startsWith('network/') || name.startsWith('optimiser/');
    const parts = (all: Record<string, number[]>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => names(name)));
    expect(parts(snapshot(second))).toEqual(parts(snapshot(whole)));
  });
});

describe('signals and cost', () => {
  test.each(['sparse', 'dense'] as const)('events of %s weights send what 0/1 activity sends', (storage) => {
    for (const backend of BACKENDS) {
      const compute = on(backend);
      // Dense once with a mask and once without.
      for (const density of storage === 'dense' ? [0.3, 1] : [0.3]) {
        const network = new Network(compute, stored(areas({ density }), storage), 1);
        const projection = network.projection('forward');
        if (!(projection instanceof SparseProjection || projection instanceof DenseProjection)) {
          expect.unreachable();
        }
        compute.scope(() => {
          const fired = compute
            .temporary([3, 30])
            .set(Array.from({ length: 90 }, (_, index) => Number(index % 7 === 0)));
          const events = { indices: compute.temporary([90], 'i32'), starts: compute.temporary([4], 'i32') };
          compute.listEvents(events.indices, events.starts, fired);
          const before = Array.from({ length: 60 }, (_, index) => Math.sin(index));
          for (const beta of [0, 1, 0.5]) {
            const [expected, actual] = [0, 1].map(() => compute.temporary([3, 20]).set(before));
            projection.send(compute, expected as Tensor, fired, beta);
            projection.sendEvents(compute, actual as Tensor, events, beta);
            for (const [index, value] of (actual as Tensor).toArray().entries())
              expect(value).toBeCloseTo((expected as Tensor).data[index] as number, 6);
          }
        });
        network.dispose();
      }
    }
  });

  test("Dale's law on synapses that share a value is refused", () => {
    const compute = on('wasm');
    const network = new Network(compute, areas({ storage: 'sparse', excitatory: 0.5 }), 1);
    const projection = network.projection('forward');
    if (!(projection instanceof SparseProjection)) expect.unreachable();
    const lists = {
      preUnits: 30,
      postUnits: 20,
      starts: Int32Array.from({ length: 21 }, (_, unit) => 2 * unit),
    };
    const synapses = allocateSynapses(compute, {
      ...lists,
      sources: Int32Array.from({ length: 40 }, (_, synapse) => synapse % 30),
      elements: new Int32Array(40),
    });
    const { id, kind, from, to, plastic, mask, signs, delay } = projection;
    const parts = { id, kind, from, to, plastic, mask, delay, weights: compute.allocate([1]) };
    expect(() => new SparseProjection({ ...parts, signs }, synapses, undefined)).toThrow(
      /"forward" has synapses that share a value.*Leave "excitatory" out/,
    );
    expect(new SparseProjection(parts, synapses, undefined).signs).toBe(undefined);
  });

  test('an audit counts synapses, and sees transposed weights', () => {
    const compute = on('wasm');
    const learner = learnerOf(compute, ruleById('backprop'), {
      specification: stored(smallStack({ density: 0.5 }), 'sparse'),
    });
    const batch = clouds(compute, 0);
    const { cost, locality } = audit(compute, learner, batch);
    const sizes = learner.network.projections.map(({ weights }) => weights.size);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    expect(cost.forwardMacs).toBe(all);
    expect(cost.feedbackMacs).toBe(all - (sizes[0] as number));
    expect(cost.updateMacs).toBe(all);
    expect(locality.find(({ projection }) => projection === 'input→hidden1')?.transposedWeights).toContain(
      'hidden1→hidden2',
    );
    release(compute, batch);
  });
});

describe('files', () => {
  test.each(['pytorch', 'apical'] as const)('weights come back from the %s layout', (layout) => {
    const compute = on('wasm');
    const specification = stored(areas({ excitatory: 0.5 }), 'sparse');
    const [source, copy] = [new Network(compute, specification, 1), new Network(compute, specification, 1)];
    copy.projection('forward').weights.data.fill(0);
    importWeights(copy, exportWeights(source, layout));
    expect(matrixOf(copy, 'forward')).toEqual(matrixOf(source, 'forward'));
  });

  test('a matrix with weights where no synapse exists is refused', () => {
    const compute = on('wasm');
    const network = new Network(compute, stored(areas({}), 'sparse'), 1);
    const arrays = exportWeights(network, 'pytorch');
    for (const { data } of arrays.values()) data.fill(1);
    expect(() => importWeights(network, arrays)).toThrow(/nonzero weights where this network has no synapse/);
  });
});

describe('what needs a matrix', () => {
  test('Gibbs sampling within an area refuses sparse weights', () => {
    const compute = on('wasm');
    const learner = learnerOf(compute, ruleById('boltzmann'), {
      specification: {
        areas: [
          { id: 'visible', shape: [12], activation: 'logistic' },
          { id: 'hidden', shape: [6], activation: 'logistic' },
        ],
        projections: [
          { from: 'visible', to: 'hidden' },
          {
            id: 'within',
            ...{ from: 'hidden', to: 'hidden', kind: 'lateral' },
            symmetric: true,
            storage: 'sparse',
          },
        ],
        input: 'visible',
        objectives: [],
      },
    });
    const inputs = compute.allocate([2, 12]);
    expect(() => learner.learn({ inputs }, 0, 0)).toThrow(
      /"within" is stored sparsely, but Gibbs sampling within an area needs a matrix.*"dense"/,
    );
    learner.dispose();
  });

  test('a mixing term refuses sparse weights', () => {
    const compute = on('wasm');
    const network = new Network(compute, stored(areas({}), 'sparse'), 1);
    const projection = network.projection('forward');
    const mixing = compute.allocate([20, 20]);
    const gradient = compute.allocate(projection.weights.shape);
    expect(() => materialise(compute, projection, gradient, [{ kind: 'mixing', mixing }])).toThrow(
      /"forward" is stored sparsely, so it takes no mixing term.*"dense"/,
    );
    network.dispose();
  });
});

describe('the choice of storage', () => {
  const large = (density: number, batch?: number): NetworkSpecification => ({
    ...stack({ layers: [1000, 1000], activation: 'tanh', objective: 'squared-error', density }),
    ...(batch === undefined ? {} : { batch }),
  });

  test('auto is sparse for a large projection of low density, and dense for density 0.1', () => {
    expect([...sparseProjections(large(0.02))]).toEqual(['input→output']);
    expect([...sparseProjections(large(0.1, 100))]).toEqual([]);
    expect([...sparseProjections(large(0.09))]).toEqual([]);
    expect([...sparseProjections(large(0.09, 100))]).toEqual(['input→output']);
    expect(isSparseFaster(2 ** 16 - 1, 0.01, 1)).toBe(false);
  });

  test('feedback and what it answers have the same storage', () => {
    const base = large(0.01);
    const answer = { from: 'output', to: 'input', kind: 'feedback', answers: 'input→output' } as const;
    const withFeedback = (density: number) => ({
      ...base,
      projections: [...base.projections, { ...answer, density }],
    });
    expect(sparseProjections(withFeedback(0.01)).size).toBe(2);
    expect(sparseProjections(withFeedback(1)).size).toBe(0);
  });

  const messages: readonly (readonly [string, NetworkSpecification, RegExp])[] = [
    [
      'an unknown storage',
      areas({ storage: 'packed' as 'dense' }),
      /"forward".*"packed".*"auto", "dense" or "sparse"/,
    ],
    [
      'orthogonal weights',
      areas({ storage: 'sparse', initialisation: { kind: 'orthogonal' } }),
      /"forward".*orthogonal.*dense storage/,
    ],
    [
      'storages that differ',
      areas({ storage: 'sparse' }, { storage: 'dense' }),
      /"forward" has sparse storage and "back" dense.*same storage/,
    ],
    [
      'a convolution',
      {
        areas: [
          { id: 'a', shape: [1, 4, 4] },
          { id: 'b', shape: [2, 4, 4] },
        ],
        projections: [
          {
            ...{ from: 'a', to: 'b', storage: 'sparse' },
            connection: { kind: 'convolution', kernel: [3, 3], padding: [1, 1] },
          },
        ],
        input: 'a',
        objectives: [],
      },
      /"a→b" cannot be stored sparsely: its connection is "convolution"/,
    ],
  ];
  test.each(messages)('%s is refused by one readable error', (_, specification, message) => {
    expect(() => new Network(on('wasm'), specification, 1)).toThrow(message);
  });
});
