import { feedforward } from '../../src/dynamics/index.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { backpropagate } from '../../src/dynamics/feedforward/feedforward.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { defineRule, noOptions } from '../../src/learning/index.ts';
import type { Rule } from '../../src/learning/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import {
  clouds,
  gradientsOf,
  learnerOf,
  optimiser,
  release,
  smallStack,
  snapshot,
  train,
} from './fixtures.ts';

/*
 * Rules as users write them: the abilities that the contract gives to a rule, and the consequences of a faulty rule.
 */

let compute: Compute;
beforeEach(async () => {
  compute = await openBackend({ backend: 'reference' });
});

const ruleThat = (own: Partial<Rule> & Pick<Rule, 'learn'>): Rule => ({
  id: 'mine',
  family: 'Mine',
  title: 'Mine',
  summary: '',
  equation: '',
  cites: [],
  options: noOptions,
  dynamics: feedforward,
  ...own,
});

/** y = xW, ΔW = η (xᵀy − W · Σ y²): Oja (1982). No objective, no error. */
const oja = defineRule({
  id: 'oja',
  family: 'Unsupervised',
  title: 'Oja',
  summary: 'Hebbian growth with a decay that keeps the weights at length 1.',
  equation: String.raw`\Delta w = \eta\, (x y - y^2 w)`,
  cites: [],
  options: noOptions,
  dynamics: feedforward,
  learn({ compute, network, inputs, run, emit }) {
    const phase = run('forward');
    for (const projection of network.projections) {
      const pre = phase.activity(projection.from);
      const post = phase.activity(projection.to);
      const squares = compute.temporary(post.shape);
      compute.multiply(squares, post, post);
      const perUnit = compute.temporary([projection.to.units]);
      compute.sumRows(perUnit, squares, 1, 0);
      emit(projection, { kind: 'outer', pre, post, factor: -1 / inputs.rows });
      emit(projection, { kind: 'weight-decay', perUnit, factor: 1 / inputs.rows });
    }
  },
});

describe('a rule without an objective', () => {
  test.each(['reference', 'wasm'] as const)('on %s, Oja finds the principal component', async (backend) => {
    const own = await openBackend({ backend });
    const [examples, units] = [200, 5];
    const draws = new Sequence(stream(3, 'examples'));
    // An elongated cloud of points.
    const axis = [1, -2, 0.5, 3, 1].map((value, _, all) => value / Math.hypot(...all));
    const data = Array.from({ length: examples }, () => {
      const along = 2 * draws.normal();
      return axis.map((value) => Math.fround(value * along + 0.5 * draws.normal()));
    });
    // Power iteration on the second moments of the same sample.
    let component = axis.map(() => 1);
    for (let iteration = 0; iteration < 200; iteration++) {
      const next = axis.map(() => 0);
      for (const x of data) {
        const projection = x.reduce((sum, value, i) => sum + value * (component[i] as number), 0);
        for (const [i, value] of x.entries()) next[i] = (next[i] as number) + projection * value;
      }
      component = next.map((value) => value / Math.hypot(...next));
    }

    const learner = learnerOf(own, oja, {
      specification: {
        areas: [
          { id: 'input', shape: [units] },
          { id: 'output', shape: [1], bias: false },
        ],
        projections: [{ from: 'input', to: 'output' }],
        input: 'input',
        objectives: [],
      },
      optimiser: optimiser({ kind: 'sgd', rate: 0.1 }),
    });
    const inputs = own.allocate([examples, units]).set(data.flat());
    const targets = own.allocate([examples], 'i32');
    for (let step = 0; step < 200; step++) learner.learn({ inputs, targets }, step, 0);

    const weights = learner.network.projection('input→output').weights.toArray();
    const precision = backend === 'reference' ? 10 : 5;
    expect(Math.hypot(...weights)).toBeCloseTo(1, precision);
    const sign = Math.sign((weights[0] as number) * (component[0] as number));
    for (const [i, weight] of weights.entries())
      expect(weight).toBeCloseTo(sign * (component[i] as number), precision);
    expect(learner.tally().examples).toBe(0);
    own.dispose();
  });
});

describe('state that a rule declares', () => {
  /** Backpropagation with a running average of input means, a state that changes with every update. */
  const averaging = ruleThat({
    learning: {
      state: (network) => [{ name: 'average', shape: [network.input.units], scope: 'run' }],
    },
    learn(step) {
      const average = step.state('average');
      step.compute.sumRows(average, step.inputs, 0.1 / step.inputs.rows, 0.9);
      backpropagate(step);
    },
  });

  test('starts at zero, changes with learning and is saved', () => {
    const learner = learnerOf(compute, averaging);
    const average = () => snapshot(learner)['rule/average'] ?? [];
    expect(average()).toEqual([0, 0, 0, 0, 0, 0]);
    train(compute, learner, 0, 3);
    expect(average().every((value) => value !== 0)).toBe(true);
    learner.dispose();
  });

  test('is unchanged by an estimate', () => {
    const learner = learnerOf(compute, averaging);
    train(compute, learner, 0, 2);
    const before = snapshot(learner);
    const batch = clouds(compute, 5);
    gradientsOf(compute, learner, batch);
    expect(snapshot(learner)).toEqual(before);
    learner.dispose();
    release(compute, batch);
  });

  test('must be requested by a declared name', () => {
    const learner = learnerOf(compute, ruleThat({ learn: (step) => void step.state('trace') }));
    expect(() => train(compute, learner, 0, 1)).toThrow(/"mine" did not declare a state "trace"/);
  });
});

describe('a faulty rule', () => {
  test('that emits a term for a projection that is not plastic changes nothing', () => {
    const base = smallStack();
    const [first, ...rest] = base.projections;
    if (!first) throw new Error('There is no projection.');
    const eager = ruleThat({
      learn({ compute, network, emit, inputs, run }) {
        const phase = run('forward');
        for (const projection of [...network.projections].reverse()) {
          const post = compute.temporary([inputs.rows, projection.to.units]);
          compute.fill(post, 1);
          emit(projection, { kind: 'outer', pre: phase.activity(projection.from), post });
        }
      },
    });
    const learner = learnerOf(compute, eager, {
      specification: { ...base, projections: [{ ...first, plastic: false }, ...rest] },
    });
    const weights = () => [...learner.network.tensors().values()].map((tensor) => tensor.toArray());
    const before = weights();
    expect(() => train(compute, learner, 0, 1)).toThrow(/"input→hidden1" is not plastic/);
    expect(weights()).toEqual(before);
  });

  test('leaves a learner that can continue', () => {
    let broken = true;
    const moody = ruleThat({
      learn(step) {
        if (broken) throw new Error('not today');
        backpropagate(step);
      },
    });
    const learner = learnerOf(compute, moody);
    const sound = learnerOf(compute, ruleThat({ learn: backpropagate }));
    expect(() => train(compute, learner, 0, 1)).toThrow('not today');
    broken = false;
    expect(train(compute, learner, 0, 5)).toEqual(train(compute, sound, 0, 5));
  });
});

describe('the tally', () => {
  const still = ruleThat({
    learn(step) {
      const phase = step.run('forward');
      for (const objective of step.network.objectives) step.error(phase, objective);
    },
  });
  /** Creates a learner whose output is its bias, (1, 2, 0), for every example. */
  const constant = (objective: 'cross-entropy' | 'squared-error') => {
    const learner = learnerOf(compute, still, { specification: smallStack({ objective }) });
    for (const { weights } of learner.network.projections) weights.data.fill(0);
    learner.network.area('output').bias?.values.set([1, 2, 0]);
    return learner;
  };

  test('has the cross-entropy in nats and the number of misclassified examples', () => {
    const learner = constant('cross-entropy');
    train(compute, learner, 0, 1, 6);
    const normaliser = Math.log(Math.exp(1) + Math.exp(2) + 1);
    const { loss, wrong, examples } = learner.tally();
    expect(loss).toBeCloseTo(2 * (3 * normaliser - 1 - 2 - 0), 10);
    expect([wrong, examples]).toEqual([4, 6]);
  });

  test('has half the squared distance to one-hot targets, and their power', () => {
    const learner = constant('squared-error');
    train(compute, learner, 0, 1, 6);
    const { loss, wrong, examples, power } = learner.tally();
    expect(loss).toBeCloseTo(2 * 0.5 * (0 + 4 + 0 + (1 + 1 + 0) + (1 + 4 + 1)), 10);
    expect([wrong, examples, power]).toEqual([4, 6, 3]);
    learner.resetTally();
    expect(learner.tally()).toEqual({ loss: 0, wrong: 0, examples: 0, power: 0, measures: {} });
  });

  test('counts an example once, however many objectives there are', () => {
    const base = smallStack({ layers: [6, 9, 3, 3] });
    const learner = learnerOf(compute, still, {
      specification: {
        ...base,
        objectives: [...base.objectives, { area: 'hidden2', kind: 'squared-error' }],
      },
    });
    train(compute, learner, 0, 1, 6);
    expect(learner.tally().examples).toBe(6);
  });
});

test('an observer sees phases, errors, terms and stages in the order in which they happen', () => {
  const learner = learnerOf(compute, ruleThat({ learn: backpropagate }));
  const batch = clouds(compute, 0);
  const events: string[] = [];
  learner.learn(batch, 0, 0, {
    phase: ({ name }) => events.push(`phase ${name}`),
    error: ({ area }) => events.push(`error ${area.id}`),
    term: ({ id }) => events.push(`term ${id}`),
    stage: (stage) => events.push(stage),
  });
  expect(events.slice(0, 4)).toEqual(['forward', 'phase forward', 'rule', 'error output']);
  expect(events.at(-1)).toBe('update');
  expect(events.slice(4, -1).sort()).toEqual(learner.network.parameters.map(({ id }) => `term ${id}`).sort());
  learner.dispose();
  release(compute, batch);
});
