import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openAll } from '../backends/open-all.ts';
import { ApicalError } from '../../src/errors.ts';
import type { NetworkSpecification, Parameter, Term } from '../../src/network/index.ts';
import { checkRule, parseOptions } from '../../src/learning/index.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Exchange, Rule } from '../../src/learning/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, poison, release, smallStack, snapshot, train } from './fixtures.ts';

/*
 * One suite over every rule of the index: a new rule is held to it by being there.
 */

const bibliography = JSON.parse(
  readFileSync(new URL('../../docs/bibliography.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

const BACKENDS = ['reference', 'wasm', 'blas'] as const;
const on = openAll(BACKENDS);

/** Rules that estimate the gradient from noise need the samples for it; units that settle from silence learn slowly at first; the others learn with their defaults. */
const BUDGETS: Readonly<Record<string, { options: object; rate?: number }>> = {
  'serial-weight-perturbation': { options: { synapses: 150 } },
  'weight-perturbation': { options: { samples: 100 } },
  reinforce: { options: { samples: 50 }, rate: 0.5 },
  boltzmann: { options: { samples: 20 }, rate: 0.3 },
  'equilibrium-propagation': { options: { freeSteps: 40, nudgedSteps: 40 } },
  'vector-field-ep': { options: { freeSteps: 40, nudgedSteps: 40 } },
};

/** Noise, masks and a decaying rate: what a resumed or repeated run could get wrong. */
const noisyFor = (rule: Rule) => ({
  specification: smallStack({ dropout: 0.3, inputDropout: 0.1, density: 0.7 }, rule),
  optimiser: optimiser({ kind: 'adam', rate: { kind: 'cosine', value: 0.02 }, decay: 0.01, maximumNorm: 2 }),
});

/** A graph with a skip connection and a context area that has thresholds but no input. */
const graphFor = (rule: Rule): NetworkSpecification => {
  const base = smallStack({}, rule);
  const activation = base.areas[1]?.activation ?? 'tanh';
  return {
    ...base,
    areas: [...base.areas, { id: 'context', shape: [4], activation, bias: true }],
    projections: [
      ...base.projections,
      { from: 'input', to: 'output' },
      { from: 'context', to: 'hidden2' },
      { id: 'second input', from: 'hidden1', to: 'hidden2' },
    ],
  };
};

const shapesOf = (
  parameter: Parameter,
  term: Term,
  batch: number,
): [actual: readonly number[] | undefined, expected: number[]][] => {
  const { rows, columns } = parameter.values;
  switch (term.kind) {
    case 'outer': {
      // Feedback may learn from noise, of as many samples as a rule likes.
      const isFeedback = 'kind' in parameter && parameter.kind === 'feedback';
      const examples = isFeedback ? term.post.rows : batch;
      return [
        [term.post.shape, [examples, columns]],
        ...(parameter.role === 'weights'
          ? ([[term.pre?.shape, [examples, rows]]] as [readonly number[] | undefined, number[]][])
          : []),
      ];
    }
    case 'direction':
      return [[term.direction.shape, [...parameter.values.shape]]];
    case 'weight-decay':
      return [[term.perUnit.shape, [columns]]];
    case 'mixing':
      return [[term.mixing.shape, [columns, columns]]];
  }
};

const tensorsOf = (term: Term) =>
  Object.values(term).filter(
    (value): value is Extract<typeof value, { toArray(): number[] }> => typeof value === 'object',
  );

test('rules have ids of their own', () => {
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
});

describe.each(RULES.map((rule): [string, Rule] => [rule.id, rule]))('%s', (_, rule) => {
  const noisy = noisyFor(rule);

  describe('says what it is', () => {
    test('fulfils the contract and fills in every heading', () => {
      expect(checkRule(rule, 'the index')).toBe(rule);
      for (const text of [rule.family, rule.title, rule.summary, rule.equation])
        expect(text.trim()).not.toBe('');
      expect(rule.dynamics.title).not.toBe('');
    });

    test('cites works that are in docs/bibliography.json', () => {
      expect(rule.cites.length).toBeGreaterThan(0);
      for (const key of rule.cites) expect(Object.keys(bibliography)).toContain(key);
    });
  });

  describe('options', () => {
    test('have defaults that are themselves valid options', () => {
      const defaults = parseOptions(rule, {});
      expect(parseOptions(rule, undefined)).toEqual(defaults);
      expect(parseOptions(rule, defaults)).toEqual(defaults);
    });

    test('refuse an unknown one, naming the rule and the option', () => {
      const unknown = { rate_of_change: 3 };
      expect(() => parseOptions(rule, unknown)).toThrow(ApicalError);
      expect(() => parseOptions(rule, unknown)).toThrow(new RegExp(`"${rule.id}".*rate_of_change`, 's'));
    });

    test('are described, as JSON Schema, each in words', () => {
      const schema = z.toJSONSchema(rule.options, { io: 'input' }) as {
        properties?: Record<string, { description?: string }>;
        additionalProperties?: boolean;
      };
      expect(schema.additionalProperties).toBe(false);
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        expect(property.description, name).toBeTruthy();
      }
    });
  });

  describe.each(BACKENDS)('on %s', (backend) => {
    test('is determined by the seed, to the bit, whatever was in memory', () => {
      const compute = on(backend);
      const runs = [3, 3, 4].map((seed) => {
        const learner = learnerOf(compute, rule, { ...noisy, seed });
        poison(compute);
        const losses = train(compute, learner, 0, 8);
        const tensors = snapshot(learner);
        learner.dispose();
        return { losses, tensors };
      });
      expect(runs[1]).toEqual(runs[0]);
      expect(runs[2]?.losses).not.toEqual(runs[0]?.losses);
      for (const [name, values] of Object.entries(runs[0]?.tensors ?? {})) {
        expect(values.every(Number.isFinite), name).toBe(true);
      }
    });

    test('continues to the bit from what it says a checkpoint must keep', () => {
      const compute = on(backend);
      const whole = learnerOf(compute, rule, noisy);
      train(compute, whole, 0, 5);
      const resumed = learnerOf(compute, rule, noisy);
      for (const [name, tensor] of resumed.tensors()) {
        const saved = whole.tensors().get(name);
        expect(saved, name).toBeDefined();
        if (saved) compute.copy(tensor, saved);
      }
      expect([...resumed.tensors().keys()]).toEqual([...whole.tensors().keys()]);
      expect(train(compute, resumed, 5, 11)).toEqual(train(compute, whole, 5, 11));
      expect(snapshot(resumed)).toEqual(snapshot(whole));
      whole.dispose();
      resumed.dispose();
    });
  });

  test('does on wasm and blas what it does on the reference', () => {
    const [expected, ...others] = BACKENDS.map((backend) => {
      const learner = learnerOf(on(backend), rule, { specification: smallStack({ dropout: 0.2 }, rule) });
      const losses = train(on(backend), learner, 0, 10);
      learner.dispose();
      return losses;
    });
    for (const losses of others) {
      for (const [step, loss] of losses.entries()) expect(loss).toBeCloseTo(expected?.[step] ?? NaN, 4);
    }
  });

  test.each<[string, NetworkSpecification, number]>([
    ['a stack', smallStack({}, rule), 12],
    [
      'a stack under squared error with every kind of noise',
      smallStack({ objective: 'squared-error', dropout: 0.5, inputDropout: 0.2, density: 0.5 }, rule),
      5,
    ],
    ['one example', smallStack({ activation: 'relu' }, rule), 1],
    ['no hidden area', smallStack({ layers: [6, 3] }, rule), 4],
    ['a graph that is no chain', graphFor(rule), 6],
  ])(
    'emits finite terms of the right shapes for parameters that it may change, or says which rules can: %s',
    (_, specification, size) => {
      const compute = on('reference');
      if (rule.network?.refuses?.(specification, parseOptions(rule, {})) !== undefined) {
        expect(() => learnerOf(compute, rule, { specification })).toThrow(
          /does not support this network: .*Rules that do: [a-z]/,
        );
        return;
      }
      const learner = learnerOf(compute, rule, { specification });
      const batch = clouds(compute, 0, size);
      let emitted = 0;
      poison(compute);
      learner.learn(batch, 0, 0, {
        phase: () => undefined,
        error: () => undefined,
        stage: () => undefined,
        term: (parameter, term) => {
          emitted += 1;
          expect(learner.network.parameters).toContain(parameter);
          for (const [actual, expected] of shapesOf(parameter, term, size)) expect(actual).toEqual(expected);
          expect(Number.isFinite(term.factor ?? 1)).toBe(true);
          for (const tensor of tensorsOf(term)) {
            expect(tensor.toArray().every(Number.isFinite), `${term.kind} of ${parameter.id}`).toBe(true);
          }
        },
      });
      expect(emitted).toBeGreaterThan(0);
      learner.dispose();
      release(compute, batch);
    },
  );

  test('shares as many samples as it says, with the same result', () => {
    const compute = on('wasm');
    const { options } = BUDGETS[rule.id] ?? {};
    const rounds: number[] = [];
    // As a pool does whose workers are slow: the last samples first.
    const exchange: Exchange = {
      round(count, measure) {
        rounds.push(count);
        const first = measure(0);
        const others = Array.from({ length: count - 1 }, (_, index) => measure(count - 1 - index));
        return [first, ...others.reverse()];
      },
    };
    const [alone, together] = [{}, { exchange }].map((more) => {
      const learner = learnerOf(compute, rule, { ...noisyFor(rule), options, ...more });
      const losses = train(compute, learner, 0, 4);
      const result = { losses, passes: learner.passes, tensors: snapshot(learner) };
      learner.dispose();
      return result;
    });
    const count = rule.learning?.sharedSamples?.(parseOptions(rule, options));
    expect(rounds).toEqual(count === undefined ? [] : [count, count, count, count]);
    expect(together).toEqual(alone);
  });

  test('changes synapses that are plastic and nothing else of the network', () => {
    const compute = on('reference');
    const base = smallStack({ density: 0.6 }, rule);
    const [first, ...others] = base.projections;
    if (!first) throw new Error('There is no projection.');
    const specification = { ...base, projections: [{ ...first, plastic: false }, ...others] };
    const learner = learnerOf(compute, rule, { specification });
    const numbers = () =>
      new Map([...learner.network.tensors()].map(([name, tensor]) => [name, tensor.toArray()]));
    const before = numbers();
    train(compute, learner, 0, 3);
    const may = new Set(learner.network.parameters.map(({ id }) => id));
    const changed = [...numbers()].filter(([name, values]) => String(values) !== String(before.get(name)));
    expect(changed.length).toBeGreaterThan(0);
    for (const [name] of changed) expect(may).toContain(name);
    expect(may).not.toContain('input→hidden1');
    learner.dispose();
  });

  test('leaves synapses that do not exist at zero, feedback included', () => {
    const compute = on('wasm');
    for (const kind of ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const) {
      const learner = learnerOf(compute, rule, {
        specification: smallStack({ density: 0.5 }, rule),
        optimiser: optimiser({ kind, rate: 0.01, decay: 0.1, maximumNorm: 1 }),
      });
      train(compute, learner, 0, 4);
      for (const { id, weights, mask } of learner.network.projections) {
        const exists = mask?.toArray() ?? [];
        expect(exists.length, id).toBe(weights.size);
        expect(
          weights.toArray().every((value, i) => exists[i] === 1 || value === 0),
          id,
        ).toBe(true);
      }
      learner.dispose();
    }
  });

  test('an estimate and an evaluation change nothing, and an estimate repeats itself', () => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, noisy);
    train(compute, learner, 0, 3);
    learner.resetTally();
    const batch = clouds(compute, 9);
    const before = snapshot(learner);
    const first = gradientsOf(compute, learner, batch);
    expect(learner.tally().examples).toBe(0);
    expect(gradientsOf(compute, learner, batch)).toEqual(first);
    learner.evaluate(batch);
    expect(learner.tally().examples).toBe(12);
    learner.resetTally();
    expect(snapshot(learner)).toEqual(before);
    learner.dispose();
    release(compute, batch);
  });

  test('learns to tell three clouds of points apart', () => {
    const compute = on('wasm');
    const budget = BUDGETS[rule.id];
    const learner = learnerOf(compute, rule, {
      options: budget?.options,
      optimiser: optimiser(budget?.rate === undefined ? {} : { rate: budget.rate }),
    });
    const unseen = clouds(compute, 1_000, 60);
    const score = () => {
      learner.resetTally();
      learner.evaluate(unseen);
      return learner.tally();
    };
    const before = score();
    train(compute, learner, 0, 150);
    const after = score();
    expect(after.loss).toBeLessThan(before.loss / 4);
    expect(after.wrong).toBeLessThanOrEqual(3);
    learner.dispose();
    release(compute, unseen);
  });
});
