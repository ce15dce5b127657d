import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { generateDataset } from '../../src/datasets/index.ts';
import { ApicalError } from '../../src/errors.ts';
import { parseConfig } from '../../src/config/config.ts';
import { Examples } from '../../src/training/examples.ts';
import { ExampleTraining } from '../../src/training/example-training.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { ruleById, RULES } from '../../src/rules/index.ts';
import { ACTIVATION_NAMES as ACTIVATIONS } from '../../src/tensor/activation.ts';
import type { ActivationName as Activation } from '../../src/tensor/activation.ts';

/*
 * Random configs over the whole schema: most are valid, and some have an invalid value, key or rule.
 * Each either learns a few steps or is refused in one readable message.
 */

const CONFIGS = 1200;
const EXAMPLES = 40;

const perhaps = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined });
const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const warmup = perhaps(real(0, 2));
const scheduled = (value: fc.Arbitrary<number>) =>
  fc.oneof(
    { weight: 3, arbitrary: value },
    fc.oneof(
      fc.record({ kind: fc.constant('constant'), value, warmup }),
      fc.record({ kind: fc.constant('step'), value, factor: real(0.1, 1), every: real(0.5, 3), warmup }),
      fc.record({
        kind: fc.constant('linear'),
        value,
        end: real(0, 0.1),
        epochs: perhaps(real(0.5, 5)),
        warmup,
      }),
      fc.record({ kind: fc.constant('exponential'), value, factor: real(0.5, 1), warmup }),
      fc.record({ kind: fc.constant('cosine'), value, end: perhaps(real(0, 0.1)), warmup }),
    ),
  );
const initialisation = fc.record({
  kind: fc.constantFrom('uniform', 'normal', 'glorot', 'he', 'orthogonal', 'zero'),
  scale: perhaps(real(0.01, 2)),
});
const activation = fc.constantFrom(...ACTIVATIONS);
const units = fc.integer({ min: 1, max: 9 });
const optimiserShape = {
  kind: perhaps(fc.constantFrom('sgd', 'momentum', 'nesterov', 'rmsprop', 'adam')),
  rate: perhaps(scheduled(real(1e-4, 0.5))),
  momentum: perhaps(scheduled(real(0, 0.99))),
  meanSquareDecay: perhaps(real(0, 0.999)),
  epsilon: perhaps(real(1e-9, 1e-3)),
  decay: perhaps(real(0, 0.1)),
  maximumNorm: perhaps(real(0, 4)),
};

/** Graphs from two inputs to two classes, with lateral connections, shortcuts and feedback. */
const graph = fc
  .record({
    hidden: units,
    activation,
    density: real(0.2, 1),
    shortcut: fc.boolean(),
    lateral: fc.boolean(),
    feedback: fc.boolean(),
    initialisation,
  })
  .map((chosen) => ({
    areas: [
      { id: 'in', shape: [2] },
      { id: 'middle', shape: [chosen.hidden], activation: chosen.activation, dropout: 0.1 },
      { id: 'out', shape: [2], bias: false },
    ],
    projections: [
      { from: 'in', to: 'middle', density: chosen.density },
      { from: 'middle', to: 'out', initialisation: chosen.initialisation },
      ...(chosen.shortcut ? [{ from: 'in', to: 'out' }] : []),
      ...(chosen.lateral ? [{ from: 'middle', to: 'middle', kind: 'lateral' }] : []),
      ...(chosen.feedback ? [{ from: 'out', to: 'middle', kind: 'feedback', answers: 'middle→out' }] : []),
    ],
    input: 'in',
    objectives: [{ area: 'out', kind: 'cross-entropy' }],
  }));

const whole = fc.record(
  {
    rule: fc.constantFrom(...RULES.map(({ id }) => id)),
    task: fc.record(
      {
        dataset: fc.constantFrom('two-spirals', 'two-spirals', 'linear-teacher'),
        validation: fc.constantFrom(0, 0.1, 0.5),
        trainExamples: fc.integer({ min: 10, max: 20 }),
      },
      { requiredKeys: ['dataset'] },
    ),
    network: fc.record(
      {
        hidden: fc.array(units, { maxLength: 3 }),
        activation,
        dropout: real(0, 0.9),
        inputDropout: real(0, 0.9),
        density: real(0.05, 1),
        bias: fc.boolean(),
        initialisation,
      },
      { requiredKeys: [] },
    ),
    graph,
    objective: fc.constantFrom('squared-error', 'squared-error', 'cross-entropy'),
    optimiser: fc.record(
      {
        ...optimiserShape,
        projections: fc.constantFrom({}, {}, { output: { rate: 0.01 } }, { 'middle→out': { kind: 'sgd' } }),
      },
      { requiredKeys: [] },
    ),
    batch: fc.integer({ min: 1, max: 10 }),
    epochs: fc.integer({ min: 1, max: 1e6 }),
    seed: fc.maxSafeNat(),
    probe: fc.record({ every: fc.integer({ min: 0, max: 3 }), examples: fc.integer({ min: 1, max: 1e6 }) }),
    checkpointSeconds: real(0, 100),
  },
  { requiredKeys: ['rule', 'batch', 'task'] },
);

/** The same configs without combinations of parts that are invalid together. */
const coherent = whole.map((config) => {
  const mended = { ...config, optimiser: { ...config.optimiser } };
  if (mended.graph) mended.task = { ...mended.task, dataset: 'two-spirals' };
  if (mended.task.dataset === 'linear-teacher') delete mended.objective;
  delete mended.optimiser.projections;
  // Most rules support all activation functions; for some, only one config in six would remain.
  const { activations } = ruleById(config.rule).dynamics;
  if (!activations) return mended;
  const served = (wished: Activation = 'relu') => activations.find((one) => one === wished) ?? activations[0];
  if (mended.network) mended.network = { ...mended.network, activation: served(mended.network.activation) };
  if (mended.graph) {
    const areas = mended.graph.areas.map((area) =>
      area.activation ? { ...area, activation: served(area.activation) } : area,
    );
    mended.graph = { ...mended.graph, areas };
  }
  return mended;
});

/** Invalid values. Large valid networks are excluded, because they only take time. */
const nonsense = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    '',
    'x',
    -1,
    0,
    0.5,
    1.5,
    1e9,
    1e300,
    Number.NaN,
    Infinity,
    [],
    {},
    [0],
    [[]],
    { kind: 'x' },
  ],
  ...['backprop', 'NaN', '1', [-1], { value: 1 }, { rate: 'x' }, 'mnist\n', { kind: 'linear', value: 0.1 }],
);

/** Puts an invalid value or an unknown key at some place in a config. */
const spoilt = fc
  .tuple(whole, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), nonsense, fc.boolean())
  .map(([config, places, value, rename]) => {
    const changed = structuredClone(config) as Record<string, unknown>;
    let node = changed;
    for (const [depth, place] of places.entries()) {
      const keys = Object.keys(node);
      const key = keys[place % keys.length];
      if (key === undefined) break;
      const child = node[key];
      if (typeof child === 'object' && child !== null && depth < places.length - 1) {
        node = child as Record<string, unknown>;
        continue;
      }
      if (rename) node[`${key}s`] = value;
      else node[key] = value;
      break;
    }
    return changed;
  });

test(`of ${CONFIGS} random configs, each learns or is refused in one readable message`, async () => {
  const compute = await openBackend({ backend: 'wasm' });
  const sets = new Map(
    (['two-spirals', 'linear-teacher'] as const).map((id) => [
      id as string,
      new Examples(
        compute,
        generateDataset(id, { trainCount: EXAMPLES, testCount: 5 }, new Sequence(stream(0, 'dataset'))),
      ),
    ]),
  );
  const learned = new Map<string, number>();
  let refused = 0;

  const attempt = (input: unknown) => {
    // As from a file: values that JSON cannot express do not occur.
    const config = parseConfig(JSON.parse(JSON.stringify(input)));
    const examples = sets.get(config.task.dataset ?? '');
    if (!examples) throw new ApicalError('dataset.unknown', `There is no data set here called so.`);
    const training = new ExampleTraining({ compute, examples, config, rule: ruleById(config.rule) });
    try {
      training.advance(3, () => 0);
    } catch (thrown) {
      // Extreme rates may cause divergence, which is a valid result with a message.
      expect(['run.diverged', 'dynamics.diverged']).toContain((thrown as ApicalError).code);
      throw thrown;
    } finally {
      training.dispose();
    }
    return config.rule;
  };

  fc.assert(
    fc.property(fc.oneof({ weight: 3, arbitrary: coherent }, whole, spoilt), (input) => {
      try {
        const rule = attempt(input);
        learned.set(rule, (learned.get(rule) ?? 0) + 1);
      } catch (thrown) {
        if (!(thrown instanceof ApicalError)) throw thrown;
        refused += 1;
        expect(thrown.code).toMatch(/^[a-z]+\.[a-z-]+$/);
        expect(thrown.message).toMatch(/^[A-Z"a-z].*[.?]$/s);
        expect(thrown.message).not.toMatch(/\n\n|undefined|\[object|^\s+at /m);
        expect(thrown.message.length).toBeLessThan(2000);
      }
    }),
    { numRuns: CONFIGS },
  );
  const valid = [...learned.values()].reduce((sum, count) => sum + count, 0);
  expect(valid + refused).toBe(CONFIGS);
  expect(valid / CONFIGS).toBeGreaterThan(0.4);
  expect(refused / CONFIGS).toBeGreaterThan(0.1);
  // Rules whose dynamics refuse some units have fewer valid configs. If chance has left out such a rule, draw more.
  const learns = (config: { readonly rule: string }) => {
    try {
      attempt(config);
      return true;
    } catch {
      return false;
    }
  };
  for (const { id, dynamics } of RULES) {
    const least = CONFIGS / RULES.length / (dynamics.activations ? 50 : 12);
    const ofIt = ({ rule }: { readonly rule: string }) => rule === id;
    const isLeftOut = dynamics.activations && !learned.has(id);
    const further = isLeftOut
      ? fc
          .sample(coherent, 4 * CONFIGS)
          .filter(ofIt)
          .filter(learns)
      : [];
    expect((learned.get(id) ?? 0) + further.length, id).toBeGreaterThan(least);
  }
});
