import { describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import type { Environment } from '../../../src/environments/index.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { ControlTraining } from '../../../src/training/control/control-training.ts';
import { advantagesOf } from '../../../src/training/control/returns.ts';
import type { Steps } from '../../../src/training/control/returns.ts';
import { ruleById } from '../../../src/rules/index.ts';

/** Two interleaved episodes: one ends (rows 0, 2, 4), the other is cut with 10 still expected (rows 1, 3). */
const steps: Steps = {
  count: 5,
  rewards: Float64Array.of(1, 2, 3, 4, 5),
  terminated: Uint8Array.of(0, 0, 0, 0, 1),
  next: Int32Array.of(2, 3, 4, -1, -1),
  bootstrap: Float64Array.of(0, 0, 0, 10, 99),
};
const values = [0.1, 0.2, 0.3, 0.4, 0.5];

describe('advantages', () => {
  test('with λ = 1 are discounted returns, bootstrapped at cuts, minus the predictions', () => {
    const advantages = advantagesOf(steps, values, { discount: 0.5, trace: 1, rewardScale: 1 });
    const returns = [1 + 0.5 * (3 + 0.5 * 5), 2 + 0.5 * (4 + 0.5 * 10), 3 + 0.5 * 5, 4 + 0.5 * 10, 5];
    for (const [row, value] of returns.entries()) {
      expect(advantages[row]).toBeCloseTo(value - (values[row] as number), 12);
    }
  });

  test('with λ = 0 are one-step temporal-difference errors', () => {
    const advantages = advantagesOf(steps, values, { discount: 0.5, trace: 0, rewardScale: 2 });
    const surprises = [2 + 0.15 - 0.1, 4 + 0.2 - 0.2, 6 + 0.25 - 0.3, 8 + 5 - 0.4, 10 - 0.5];
    for (const [row, value] of surprises.entries()) expect(advantages[row]).toBeCloseTo(value, 12);
  });
});

/** Reward 1 per step; an episode of five steps either ends or is cut by the time limit. */
const endless = (ends: boolean): Environment => ({
  id: 'endless',
  title: 'Endless',
  summary: '',
  cites: [],
  observations: 1,
  actions: { kind: 'discrete', count: 2 },
  timeLimit: 5,
  reset: () => [0],
  step: ([time = 0]) => ({ state: [time + 1], reward: 1, terminated: ends && time === 4 }),
  observe: () => [1],
});

test.each([
  ['is cut, the prediction includes future rewards: 1/(1 − γ)', false, 5],
  // The critic cannot see the time, so it expects the mean over the five steps of (1 − γⁿ)/(1 − γ).
  ['ends, it does not', true, [1, 2, 3, 4, 5].reduce((sum, n) => sum + (1 - 0.8 ** n) / 0.2 / 5, 0)],
] as const)('if an episode %s', async (_what, ends, expected) => {
  const compute = await openBackend({ backend: 'reference' });
  const config = parseConfig({
    task: { environment: 'endless' },
    network: { hidden: [] },
    optimiser: { kind: 'sgd', rate: { kind: 'exponential', value: 0.2, factor: 0.9 } },
    control: { horizon: 5, discount: 0.8, trace: 1, updates: 30 },
    batch: 4,
    epochs: 12,
    probe: { every: 0 },
  });
  const rule = ruleById('backprop');
  const training = new ControlTraining({
    compute,
    environment: endless(ends),
    config,
    rules: { actor: rule, critic: rule },
  });
  while (!training.done) training.advance(1000, () => 0);
  compute.scope(() => {
    const inputs = compute.temporary([1, 1]).set([1]);
    training.critic?.respond(inputs, (phase) => {
      expect(phase.rate(training.critic?.network.area('output') as never).data[0]).toBeCloseTo(expected, 2);
    });
  });
  compute.dispose();
});
