import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import type { Config } from '../../src/config/config.ts';
import { runSession } from '../../src/runs/session.ts';
import { checkpointsOf, numbersOf, outcomeOf } from '../cli/fixture.ts';

let parent = '';
beforeEach(() => (parent = mkdtempSync(path.join(os.tmpdir(), 'apical-pretraining-'))));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(parent, { recursive: true, force: true });
});
const at = (...names: string[]) => path.join(parent, ...names);

const configOf = (change: object = {}): Config =>
  parseConfig({
    rule: 'feedback-alignment',
    task: { dataset: 'bars', options: { trainCount: 60, testCount: 20 } },
    network: { hidden: [6, 5], activation: 'logistic' },
    pretraining: { epochs: 2, optimiser: { rate: 0.2 } },
    ...{ batch: 20, epochs: 3, backend: 'wasm', threads: 1, checkpointSeconds: 0 },
    ...change,
  });

const run = (config: Config, folder: string, more: object = {}) =>
  runSession({ configs: [config], folder, command: 'apical run', ...more });

test.each(['contrastive-divergence', 'autoencoder'])(
  'a run begins with the weights that %s has learned, area by area',
  async (rule) => {
    // At such a small rate, f32 weights stay unchanged.
    const still = { optimiser: { kind: 'sgd', rate: 1e-30 }, rule: 'backprop' };
    const pretraining = { rule, epochs: 2, optimiser: { kind: 'momentum', rate: 0.2 } };
    await run(configOf({ ...still, pretraining }), at('pretrained'));
    await run(configOf({ ...still, pretraining: undefined }), at('drawn'));
    const before = numbersOf(at('pretrained', 'pretraining'));
    const [after, drawn] = [numbersOf(at('pretrained')), numbersOf(at('drawn'))];
    for (const id of ['input→hidden1', 'hidden1→hidden2', 'hidden2→output', 'hidden1.bias']) {
      expect(after.get(`network/${id}`), id).toEqual(before.get(`network/${id}`));
      expect(after.get(`network/${id}`), id).not.toEqual(drawn.get(`network/${id}`));
    }
    const { metrics } = outcomeOf(at('pretrained', 'pretraining'));
    // Two areas with two epochs each.
    expect((metrics.at(-1) as { epoch: number }).epoch).toBe(4);
  },
);

test.each(['pretraining', 'the run itself'])(
  'a run interrupted in %s and resumed is equal to the bit',
  async (when) => {
    const long = configOf({
      task: { dataset: 'bars', options: { trainCount: 200, testCount: 20 } },
      ...{ batch: 5, epochs: 4 },
    });
    // A clock that advances with every reading slices runs into a few steps, whatever the speed of the machine.
    let time = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (time += 5));
    await run(long, at('whole'));
    const stop = new AbortController();
    const session = await run(long, at('parts'), {
      signal: stop.signal,
      listener: {
        progress: (_: number, { training }: { training: { config: Config; step: number } }) => {
          const isBefore = training.config.pretraining === undefined;
          if (isBefore === (when === 'pretraining') && training.step > 0) stop.abort();
        },
      },
    });
    expect(session.status).toBe('interrupted');
    expect(checkpointsOf(at('parts')).length > 0).toBe(when !== 'pretraining');
    expect(checkpointsOf(at('parts', 'pretraining')).length).toBeGreaterThan(0);
    await run(long, at('parts'), { resume: true });
    expect(outcomeOf(at('parts'))).toEqual(outcomeOf(at('whole')));
    expect(outcomeOf(at('parts', 'pretraining'))).toEqual(outcomeOf(at('whole', 'pretraining')));
  },
);

test('invalid pretraining is refused before anything is written', async () => {
  const failing: [object, RegExp][] = [
    [{ network: { hidden: [] } }, /pretraining trains hidden areas, but this network has none/],
    [{ network: { hidden: [6], activation: 'relu' } }, /"contrastive-divergence".*logistic/],
    [
      { pretraining: { ruleOptions: { epochsPerArea: 3 } } },
      /use pretraining\.epochs, the number of epochs per area/,
    ],
    [{ pretraining: { ruleOptions: { step: 3 } } }, /Did you mean "steps"/],
  ];
  for (const [change, message] of failing) {
    await expect(run(configOf(change), at('never'))).rejects.toThrow(message);
  }
  expect(() => configOf({ weights: 'some.npz' })).toThrow(/pretraining.*beside weights/);
  expect(() => configOf({ pretraining: { rule: 'backprop' } })).toThrow(/contrastive-divergence/);
});
