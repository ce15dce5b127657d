import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { microcircuitOf } from '../../../src/rules/dendrites/interneurons.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { parseOptions } from '../../../src/learning/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { DendriticPhase } from '../../../src/dynamics/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference']);
const rule = ruleById('dendritic-microcircuit');

const deep = (change: Partial<Parameters<typeof stack>[0]> = {}) =>
  stack({ layers: [UNITS, 9, 8, 7, 3], activation: 'tanh', objective: 'cross-entropy', ...change });

interface Subject {
  readonly options?: object;
  readonly specification?: NetworkSpecification;
  /** Number of updates by Adam, whose steps are not proportional to terms. */
  readonly updates?: number;
  /** Settings of Adam. */
  readonly change?: Parameters<typeof optimiser>[0];
}

/**
 * Returns ‖update − expected‖ / ‖expected‖ over all parameters of the reference; expected is the exact gradient, or the
 * update with other options.
 */
function distance({ options = {}, specification = deep() }: Subject, other?: object): number {
  const compute = on('reference');
  const learner = learnerOf(compute, rule, { specification, options });
  const batch = clouds(compute, 0, 5);
  const { reference } = learner;
  if (!reference) throw new Error('There is no reference.');
  const exact = gradientsOf(compute, learner, batch, reference);
  const update = gradientsOf(compute, learner, batch);
  const another = other && learnerOf(compute, rule, { specification, options: other });
  const goal = another ? gradientsOf(compute, another, batch) : exact;
  another?.dispose();
  release(compute, batch);
  learner.dispose();
  const flat = (gradients: ReadonlyMap<string, number[]>) =>
    [...exact.keys()].flatMap((id) => gradients.get(id) ?? []);
  const [found, expected] = [flat(update), flat(goal)];
  return Math.hypot(...found.map((value, i) => value - (expected[i] ?? NaN))) / Math.hypot(...expected);
}

/** Returns the largest |v_A| over all cells and examples of an evaluation, where no target pulls. */
function largestApical({ options = {}, specification = deep(), updates = 0, change = {} }: Subject): number {
  const compute = on('reference');
  const learner = learnerOf(compute, rule, {
    ...{ specification, options },
    optimiser: optimiser({ kind: 'adam', rate: 0.01, ...change }),
  });
  for (let step = 0; step < updates; step++) {
    const taught = clouds(compute, step);
    learner.learn(taught, step, 0);
    release(compute, taught);
  }
  const batch = clouds(compute, 3, 12);
  let largest = 0;
  learner.evaluate(batch, (phase) => {
    for (const area of learner.network.areas) {
      if (!microcircuitOf(area)) continue;
      largest = Math.max(
        largest,
        ...(phase as DendriticPhase).compartment(area, 'apical').toArray().map(Math.abs),
      );
    }
  });
  release(compute, batch);
  learner.dispose();
  return largest;
}

const convolutional: NetworkSpecification = {
  areas: [
    { id: 'input', shape: [1, 2, 3] },
    { id: 'maps', shape: [4, 2, 3], activation: 'tanh' },
    { id: 'more maps', shape: [3, 1, 2], activation: 'tanh' },
    { id: 'output', shape: [3] },
  ],
  projections: [
    { from: 'input', to: 'maps', connection: { kind: 'convolution', kernel: [3, 3], padding: [1, 1] } },
    { from: 'maps', to: 'more maps', connection: { kind: 'convolution', kernel: [2, 2] } },
    { from: 'more maps', to: 'output' },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'cross-entropy' }],
};

const networks: [string, NetworkSpecification][] = [
  ['tanh units under cross-entropy', deep()],
  [
    'logistic units and outputs under squared error',
    deep({ activation: 'logistic', outputActivation: 'logistic', objective: 'squared-error' }),
  ],
  ['sparse wiring', deep({ density: 0.6 })],
  ['convolutions', convolutional],
];

describe('a dendritic microcircuit', () => {
  test.each(networks)(
    'starts in the self-predicting state, in which top-down input is cancelled: %s',
    (_, specification) => {
      expect(largestApical({ specification, options: { sweeps: 20 } })).toBeLessThan(1e-10);
      expect(largestApical({ specification, options: { interneurons: 'random' } })).toBeGreaterThan(0.01);
    },
  );

  test.each([{}, { decay: 0.1 }, { decoupledDecay: 0.3 }, { maximumNorm: 0.5 }])(
    'stays self-predicting while learning if interneurons change in step: Adam with %o',
    (change) => {
      const [inStep, learned] = ['in-step', 'learned'].map((predicting) =>
        largestApical({ options: { predicting, sweeps: 20 }, updates: 30, change }),
      );
      expect(inStep).toBeLessThan(1e-10);
      expect(learned).toBeGreaterThan(1e-3);
    },
  );

  test('interneurons learn at the rate of the projection to the cells that they answer', () => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, {
      specification: deep(),
      optimiserOf: ({ id }) => optimiser(id === 'hidden1→hidden2' ? { rate: 0 } : {}),
    });
    const weights = () =>
      learner.network.projections.map((projection) => ({
        id: projection.id,
        values: projection.weights.toArray(),
      }));
    const before = weights();
    const batch = clouds(compute, 0);
    learner.learn(batch, 0, 0);
    const still = weights().flatMap(({ id, values }, index) =>
      values.every((value, at) => value === before[index]?.values[at]) ? [id] : [],
    );
    expect(still).toContain('hidden1→hidden2');
    expect(still.filter((id) => id.startsWith('lateral:hidden1'))).toHaveLength(2);
    expect(still.filter((id) => id.startsWith('lateral:hidden2'))).toHaveLength(0);
    release(compute, batch);
    learner.dispose();
  });

  test.each(networks)('follows the exact gradient in the limit of a weak target: %s', (_, specification) => {
    // Transposed feedback without a mask of its own joins the pairs that are joined forward.
    const options = { topDown: 'transposed', sweeps: 100 };
    const [coarse = NaN, medium = NaN, fine = NaN] = [1e-2, 1e-3, 1e-4].map((nudge) =>
      distance({ specification, options: { ...options, nudge } }),
    );
    expect(fine).toBeLessThan(1e-3);
    expect(medium / fine).toBeGreaterThan(8);
    expect(coarse / medium).toBeGreaterThan(7);
  });

  test('approaches the steady-state update in continuous time as the presentation grows longer', () => {
    const times = { form: 'continuous', inputTime: 1, every: 1 };
    const [short = NaN, long = NaN] = [100, 1000].map((duration) =>
      distance({ options: { ...times, duration } }, { sweeps: 100 }),
    );
    expect(long).toBeLessThan(0.05);
    // The error comes from the initial rise, whose share of the duration falls as 1/duration.
    expect(short / long).toBeGreaterThan(8);
    expect(short / long).toBeLessThan(12);
  });

  test('refuses time steps beyond the shortest time constant, negative conductances and nudges that are too strong', () => {
    const parse = (options: object) => () => parseOptions(rule, options);
    expect(parse({ form: 'continuous', timeStep: 0.6 })).toThrow(/0\.6 is too long.*0\.476/s);
    expect(parse({ form: 'continuous', timeStep: 0.45 })).not.toThrow();
    expect(parse({ apical: -0.2 })).toThrow(/must be more than 0, but this is -0\.2/);
    expect(parse({ nudge: 2 })).toThrow(/leak \+ basal = 1\.1/);
  });
});
