import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { environmentById } from '../../../src/environments/index.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { ConfigInput } from '../../../src/config/config.ts';
import { ControlTraining } from '../../../src/training/control/control-training.ts';
import { readRunFolder } from '../../../src/runs/folder/index.ts';
import { PRESETS } from '../../../src/config/presets.ts';
import type { MetricsRecord } from '../../../src/training/records.ts';
import { runSession } from '../../../src/runs/session.ts';
import { ruleById } from '../../../src/rules/index.ts';

const SMALL: ConfigInput = {
  task: { environment: 'cart-pole' },
  network: { hidden: [8], activation: 'tanh' },
  optimiser: { kind: 'adam', rate: 0.01 },
  control: { horizon: 7, updates: 10, evaluation: { episodes: 5 } },
  batch: 6,
  epochs: 3,
  probe: { every: 4, examples: 10 },
  backend: 'wasm',
};

async function begin(input: ConfigInput) {
  const compute = await openBackend({ backend: 'wasm', threads: 1 });
  const config = parseConfig(input);
  const records: MetricsRecord[] = [];
  const environment = environmentById(config.task.environment ?? '', config.task.options);
  const rules = {
    actor: ruleById(config.rule),
    critic: ruleById(config.control?.critic.rule ?? config.rule),
  };
  const training = new ControlTraining({
    compute,
    environment,
    config,
    rules,
    record: (record) => records.push(record),
  });
  const numbers = () =>
    Object.fromEntries([...training.snapshot().tensors].map(([name, tensor]) => [name, tensor.toArray()]));
  return { training, records, numbers };
}

const clock = () => 0;

describe.each([
  ['an actor and critic in parts of episodes', { rule: 'node-perturbation' }],
  ['whole episodes without a critic', { control: { ...SMALL.control, horizon: 0, baseline: 'mean' } }],
  ['continuous actions', { task: { environment: 'pendulum' }, rule: 'feedback-alignment' }],
] as const)('with %s', (_what, more) => {
  const input = { ...SMALL, ...more } as ConfigInput;

  test('equal steps give equal numbers however they are sliced; another seed gives others', async () => {
    const whole = await begin(input);
    while (!whole.training.done) whole.training.advance(1000, clock);
    const sliced = await begin(input);
    for (let size = 1; !sliced.training.done; size = (size % 3) + 1) sliced.training.advance(size, clock);
    expect(sliced.numbers()).toEqual(whole.numbers());
    expect(sliced.records).toEqual(whole.records);
    const other = await begin({ ...input, seed: 1 });
    other.training.advance(1, clock);
    expect(other.numbers()).not.toEqual(whole.numbers());
  });

  test('a run continues from any step as if it had never stopped', async () => {
    const whole = await begin(input);
    while (!whole.training.done) whole.training.advance(1000, clock);
    for (const stop of [1, 13, 20]) {
      const first = await begin(input);
      while (first.training.step < stop) first.training.advance(1, clock);
      const second = await begin(input);
      const { tensors } = first.training.snapshot();
      for (const [name, tensor] of second.training.snapshot().tensors) {
        tensor.set((tensors.get(name) ?? tensor).data);
      }
      second.training.restore(JSON.parse(JSON.stringify(first.training.snapshot().position)) as never);
      while (!second.training.done) second.training.advance(1000, clock);
      expect(second.numbers()).toEqual(whole.numbers());
      expect([...first.records, ...second.records]).toEqual(whole.records);
      expect(second.training.passes).toBe(whole.training.passes);
    }
  });
});

describe('learning', () => {
  const bandit = PRESETS.find(({ id }) => id === 'bandit')?.config as ConfigInput;

  test.each([
    ['backprop', {}],
    ['feedback-alignment', {}],
    ['node-perturbation', {}],
    ['backprop', { critic: { rule: 'node-perturbation', hidden: [4] } }],
  ])('%s with %j solves the bandit', async (rule, more) => {
    const input = { ...bandit, rule, probe: { every: 0 }, control: { ...bandit.control, ...more } };
    const { training, records } = await begin(input);
    while (!training.done) training.advance(1000, clock);
    const last = records.at(-1);
    expect(last?.kind === 'evaluation' && last.metrics?.['solved']).toBe(1);
  });

  test('greedy actions of an evaluation differ from sampled ones', async () => {
    const { control } = SMALL;
    const evaluate = async (policy: 'greedy' | 'sampled') => {
      const evaluation = { episodes: 20, policy };
      const { training, records } = await begin({ ...SMALL, control: { ...control, evaluation } });
      training.advance(10, clock);
      return records.at(-1);
    };
    const [greedy, sampled] = [await evaluate('greedy'), await evaluate('sampled')];
    expect(greedy?.kind).toBe('evaluation');
    expect(greedy).not.toEqual(sampled);
    expect(greedy).toEqual(await evaluate('greedy'));
  });
});

test('the mean of a continuous action can be kept within its bounds without changing the critic', async () => {
  const bounded = {
    ...SMALL,
    task: { environment: 'pendulum' },
    network: { hidden: [8], outputActivation: 'tanh' },
  };
  const { training } = await begin(bounded);
  expect(training.learner.network.area('output').activation.name).toBe('tanh');
  expect(training.critic?.network.area('output').activation.name).toBe('linear');
  training.advance(5, clock);
});

describe('settings that do not fit are refused', () => {
  test.each([
    [{ control: { ...SMALL.control, baseline: 'none' } }, 'config.control', 'control.horizon=0'],
    [{ control: { ...SMALL.control, discount: 1 } }, 'config.control', 'control.discount is 1'],
    [
      { task: { environment: 'pendulum' }, control: { entropy: 0.1 } },
      'config.control',
      'control.entropy is 0.1',
    ],
    [{ network: { ...SMALL.network, outputActivation: 'relu' } }, 'config.network', 'logits'],
    [{ optimiser: { projections: { nothing: { rate: 1 } } } }, 'config.projection', '"nothing"'],
  ] as const)('%j', async (more, code, words) => {
    await expect(begin({ ...SMALL, ...more })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
  });

  test.each([
    [
      { task: { environment: 'cart-pole', dataset: 'mnist' } },
      'task.dataset: has no place beside task.environment',
    ],
    [{ task: { environment: 'cart-pole', validation: 0.1 } }, 'task.validation: has no place'],
    [{ task: { environment: 'cart-pole', labels: 'y' } }, 'task.labels: has no place'],
    [{ task: { environment: 'cart-pole' }, objective: 'cross-entropy' }, 'objective: has no place'],
    [{ task: { dataset: 'rings' }, control: {} }, 'control: has no place without task.environment'],
    [
      { task: { environment: 'cart-pole' }, control: { discount: 1.1 } },
      'control.discount: must be at most 1',
    ],
    [{ task: { environment: 'cart-pole' }, control: { horizn: 3 } }, 'Did you mean "control.horizon"?'],
    [{ task: { environment: 'cart-pole' }, control: { critic: { hidden: [0] } } }, 'control.critic.hidden.0'],
  ])('%j', (input, words) => {
    expect(() => parseConfig(input)).toThrow(words);
  });
});

describe('a session', () => {
  let parent = '';
  beforeEach(() => (parent = mkdtempSync(path.join(os.tmpdir(), 'apical-control-'))));
  afterEach(() => rmSync(parent, { recursive: true, force: true }));
  const configs = ['backprop', 'node-perturbation'].map((rule) => parseConfig({ ...SMALL, rule }));
  const timeless = (records: readonly MetricsRecord[]) =>
    records.map((record) => ({ ...record, trainedSeconds: 0 }));

  test('resumes to the same bits after an interruption, and compares rules by their returns', async () => {
    const command = 'apical compare cart-pole';
    const whole = await runSession({ configs, folder: path.join(parent, 'whole'), command });
    const stop = new AbortController();
    const halves = path.join(parent, 'halves');
    const first = await runSession({
      configs,
      folder: halves,
      command,
      signal: stop.signal,
      listener: { progress: () => stop.abort() },
    });
    expect(first.status).toBe('interrupted');
    const second = await runSession({ configs, folder: halves, command, resume: true });
    expect(second.status).toBe('done');
    for (const [index, { metrics, document }] of whole.runs.entries()) {
      const other = second.runs[index];
      expect(timeless(other?.metrics ?? [])).toEqual(timeless(metrics));
      expect(other?.document.metrics).toEqual(document.metrics);
      expect(timeless(readRunFolder(other?.document.folder ?? '').metrics)).toEqual(timeless(metrics));
    }
    const { summary = [], paired = [] } = whole.comparison ?? {};
    expect(summary.map(({ metric }) => metric)).toEqual(expect.arrayContaining(['return', 'solved']));
    expect(summary.some(({ metric }) => /error|loss/.test(metric))).toBe(false);
    const [difference] = paired.filter(({ metric }) => metric === 'return');
    const returnOf = (index: number) => whole.documents[index]?.metrics['return'] ?? NaN;
    expect(difference?.mean).toBe(returnOf(0) - returnOf(1));
  });
});
