import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { banditMeans, environmentById } from '../../../src/environments/index.ts';
import type { Environment } from '../../../src/environments/index.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { ConfigInput } from '../../../src/config/config.ts';
import { makeActor } from '../../../src/training/control/agents.ts';
import { ControlTraining } from '../../../src/training/control/control-training.ts';
import { materialise } from '../../../src/network/terms.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Learner } from '../../../src/learning/learner.ts';
import type { Compute } from '../../../src/tensor/index.ts';

const CONTEXTS = 3;
const ARMS = 4;
const means = banditMeans({ contexts: CONTEXTS, arms: ARMS });
const environment = environmentById('bandit', { contexts: CONTEXTS, arms: ARMS, noise: 0 });
const bandit: ConfigInput = {
  task: { environment: 'bandit' },
  network: { hidden: [5], activation: 'tanh' },
  optimiser: { kind: 'sgd', rate: 1e-3 },
  batch: 15_000,
  epochs: 1,
  seed: 4,
  probe: { every: 0 },
};
const control = { horizon: 1, discount: 0, trace: 0, updates: 1, normalise: false } as const;

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});

/** Returns π(arm | context) for every context, row by row. */
function policyOf(actor: Learner): number[] {
  return compute.scope(() => {
    const inputs = compute.temporary([CONTEXTS, CONTEXTS]);
    inputs.set(Array.from({ length: CONTEXTS ** 2 }, (_, at) => (at % (CONTEXTS + 1) === 0 ? 1 : 0)));
    let probabilities: number[] = [];
    actor.respond(inputs, (phase) => {
      const out = compute.temporary([CONTEXTS, ARMS]);
      compute.softmax(out, phase.rate(actor.network.area('output')));
      probabilities = out.toArray();
    });
    return probabilities;
  });
}

const expectedReturn = (actor: Learner) =>
  policyOf(actor).reduce((sum, chance, at) => sum + (chance * (means[at] as number)) / CONTEXTS, 0);

/** Computes ∂(expected return)/∂(every number of every parameter) by central differences. */
function gradientOf(actor: Learner): number[] {
  const h = 1e-5;
  return actor.network.parameters.flatMap(({ values }) =>
    Array.from({ length: values.size }, (_, at) => {
      const kept = values.data[at] as number;
      values.data[at] = kept + h;
      const above = expectedReturn(actor);
      values.data[at] = kept - h;
      const below = expectedReturn(actor);
      values.data[at] = kept;
      return (above - below) / (2 * h);
    }),
  );
}

const numbersOf = (actor: Learner) => actor.network.parameters.flatMap(({ values }) => values.toArray());
const norm = (values: readonly number[]) => Math.hypot(...values);
const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0) / (norm(a) * norm(b));

describe('in a bandit, whose expected return is known', () => {
  test('the expected terms of an actor are the gradient, for every baseline', () => {
    const actor = makeActor(compute, environment, parseConfig(bandit), ruleById('backprop'));
    const policy = policyOf(actor);
    const gradient = gradientOf(actor);
    for (const baseline of [
      [0, 0, 0],
      [0.3, -2, 5],
    ]) {
      compute.scope(() => {
        const rows = CONTEXTS * ARMS;
        const inputs = compute.temporary([rows, CONTEXTS]);
        const targets = compute.temporary([rows], 'i32');
        const weights = compute.temporary([rows]);
        const context = (row: number) => Math.floor(row / ARMS);
        inputs.set(
          Array.from({ length: rows * CONTEXTS }, (_, at) =>
            context(Math.floor(at / CONTEXTS)) === at % CONTEXTS ? 1 : 0,
          ),
        );
        targets.set(Array.from({ length: rows }, (_, row) => row % ARMS));
        // Weight each row by its frequency, π(a|s)/CONTEXTS, times the number of rows over which terms average.
        weights.set(
          policy.map(
            (chance, row) =>
              (chance / CONTEXTS) * rows * ((means[row] as number) - (baseline[context(row)] as number)),
          ),
        );
        actor.estimate({ inputs, targets, weights }, 0, (terms) => {
          const emitted = actor.network.parameters.flatMap((parameter) => {
            const out = compute.temporary(parameter.values.shape);
            materialise(compute, parameter, out, terms.get(parameter) ?? []);
            return out.toArray();
          });
          for (const [at, value] of emitted.entries()) {
            // Terms descend a loss, whereas a return is to be ascended.
            expect(-value).toBeCloseTo(gradient[at] as number, 8);
          }
        });
      });
    }
    actor.dispose();
  });

  test.each([
    ['backprop', 'none', 0.95],
    ['backprop', 'mean', 0.97],
    ['backprop', 'critic', 0.95],
    ['node-perturbation', 'mean', 0.7],
  ] as const)('an update by %s with baseline "%s" follows the gradient', (rule, baseline, least) => {
    const config = parseConfig({ ...bandit, control: { ...control, baseline } });
    const rules = { actor: ruleById(rule), critic: ruleById(rule) };
    const training = new ControlTraining({ compute, environment, config, rules });
    const gradient = gradientOf(training.learner);
    const before = numbersOf(training.learner);
    training.advance(1, () => 0);
    const step = numbersOf(training.learner).map((value, at) => (value - (before[at] as number)) / 1e-3);
    expect(cosine(step, gradient)).toBeGreaterThan(least);
    const along = norm(step) / norm(gradient);
    expect(along * cosine(step, gradient)).toBeGreaterThan(0.85);
    expect(along * cosine(step, gradient)).toBeLessThan(1.15);
    training.dispose();
  });
});

describe('with a continuous action and a quadratic reward', () => {
  /** r = −(a − 1)² for actions in ±5; the policy is N(5y, (5σ)²). */
  const quadratic: Environment = {
    id: 'quadratic',
    title: 'Quadratic',
    summary: '',
    cites: [],
    observations: 1,
    actions: { kind: 'continuous', low: [-5], high: [5] },
    timeLimit: 1,
    reset: () => [1],
    step: (state, [action = 0]) => ({ state, reward: -((action - 1) ** 2), terminated: true }),
    observe: (state) => state,
  };

  test('one update moves the mean by the gradient of the expected reward, −10 (5y − 1)', () => {
    const config = parseConfig({
      ...bandit,
      network: { hidden: [], activation: 'linear' },
      control: { ...control, baseline: 'mean', deviation: 0.1 },
    });
    const rules = { actor: ruleById('backprop'), critic: ruleById('backprop') };
    const training = new ControlTraining({ compute, environment: quadratic, config, rules });
    const [weights, bias] = numbersOf(training.learner) as [number, number];
    const mean = weights + bias;
    training.advance(1, () => 0);
    const moved = (numbersOf(training.learner)[1] as number) - bias;
    const exact = -10 * (5 * mean - 1);
    expect(moved / 1e-3 / exact).toBeGreaterThan(0.9);
    expect(moved / 1e-3 / exact).toBeLessThan(1.1);
    training.dispose();
  });
});

test('the entropy term alone makes actions more uniform', () => {
  const flat = environmentById('bandit', { contexts: CONTEXTS, arms: ARMS, noise: 0 });
  const config = parseConfig({
    ...bandit,
    batch: 600,
    network: { hidden: [], activation: 'linear', initialisation: { kind: 'normal', scale: 2 } },
    optimiser: { kind: 'sgd', rate: 2 },
    control: { ...control, baseline: 'mean', entropy: 1, rewardScale: 1e-9, updates: 60 },
  });
  const rules = { actor: ruleById('backprop'), critic: ruleById('backprop') };
  const training = new ControlTraining({ compute, environment: flat, config, rules });
  const spread = () => policyOf(training.learner).reduce((sum, p) => sum - p * Math.log(p), 0) / CONTEXTS;
  const before = spread();
  training.advance(60, () => 0);
  expect(before).toBeLessThan(0.9 * Math.log(ARMS));
  expect(spread()).toBeGreaterThan(0.99 * Math.log(ARMS));
  training.dispose();
});
