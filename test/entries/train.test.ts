import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { evaluate, loadNetwork, openDataset, ruleById, train } from '../../src/entries/index.ts';
import type { MetricsRecord, Rule, TrainOptions } from '../../src/entries/index.ts';
import {
  ExampleTraining,
  Examples,
  fingerprintOf,
  openBackend,
  runSession,
} from '../../src/entries/internals.ts';
import { closedBackends, expectRefusal, long, mine, small, weightsOf } from './fixture.ts';

let folder: string;
const here = process.cwd();
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'apical-train-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true, force: true });
});

/** Records without times. */
const timeless = (records: readonly MetricsRecord[]) =>
  records.map((record) => ({ ...record, trainedSeconds: undefined }));

describe('a run', () => {
  test('gives its result when awaited', async () => {
    const result = await train({ ...small, rule: 'feedback-alignment' });
    expect(result.config).toMatchObject({ rule: 'feedback-alignment', task: { dataset: 'rings' } });
    expect(result.rule).toBe(ruleById('feedback-alignment'));
    expect(result.metrics.test).toMatchObject({ count: 1000 });
    expect(result.metrics.alignment['input→hidden1']).toBeGreaterThan(0);
    expect(result.metrics.named).toHaveProperty('passes');
    expect(result.document).toMatchObject({ status: 'done', folder: null, rule: 'feedback-alignment' });
    expect(result.network.projections.map(({ id }) => id)).toContain('input→hidden1');
    expect(result.predict([0.1, 0.2, 0.3, 0.4])).toMatchObject({ count: 2, width: 2 });
    expect(result.warnings).toEqual([]);
    expect(readdirSync('.')).toEqual([]);
    result.dispose();
  });

  test('gives its records when iterated, and its result afterwards', async () => {
    const run = train(small);
    const records: MetricsRecord[] = [];
    for await (const record of run) records.push(record);
    const result = await run;
    expect(new Set(records.map(({ kind }) => kind))).toEqual(new Set(['probe', 'progress', 'evaluation']));
    expect(result.records).toEqual(records);
    result.dispose();
  });

  test('gives the same records to every loop, also at once', async () => {
    const run = train(small);
    const collect = async () => {
      const records: MetricsRecord[] = [];
      for await (const record of run) records.push(record);
      return records;
    };
    const [first, second] = await Promise.all([collect(), collect()]);
    expect(second).toEqual(first);
    expect(await collect()).toEqual(first);
    const result = await run;
    expect(result.records).toEqual(first);
    result.dispose();
  });

  test('gives records while it is in progress', async () => {
    const run = train(long);
    let isOver = false;
    run.catch(() => undefined).finally(() => (isOver = true));
    for await (const record of run) {
      if (record.kind !== 'evaluation') continue;
      expect(isOver).toBe(false);
      break;
    }
  });

  test('gives the same weights as the same steps by hand', async () => {
    const result = await train({ ...small, rule: 'feedback-alignment' });
    const compute = await openBackend({ backend: 'wasm', threads: 1 });
    const examples = new Examples(compute, await openDataset('rings'));
    const { config } = result;
    const training = new ExampleTraining({ compute, examples, config, rule: ruleById('feedback-alignment') });
    while (!training.done) training.advance(7, () => 0);
    expect(weightsOf(result)).toBe(fingerprintOf(training.learner.network.tensors()));
    result.dispose();
  });

  test('frees its memory', async () => {
    const result = await train(small);
    const { heap } = result.compute;
    const before = heap.bytesInUse;
    result.dispose();
    result.dispose();
    expect(heap.bytesInUse).toBeLessThan(before);
    using other = await train(small);
    expect(other.step).toBe(80);
  });
});

describe('a run is stopped', () => {
  test('by leaving its loop, which frees its backend; train can be called again', async () => {
    const closed = await closedBackends(async () => {
      const run = train(long);
      for await (const record of run) if (record.kind === 'evaluation') break;
      await expectRefusal(run, 'run.left', 'loop was left');
      const records: MetricsRecord[] = [];
      await expectRefusal(
        (async () => {
          for await (const record of run) records.push(record);
        })(),
        'run.left',
      );
      expect(records.length).toBeGreaterThan(0);
    });
    expect(closed).toBe(1);
    (await train(small)).dispose();
  });

  test('by an error in its loop', async () => {
    const closed = await closedBackends(async () => {
      const visit = async () => {
        for await (const { step } of train(long)) throw new Error(`seen at ${step}`);
      };
      await expect(visit()).rejects.toThrow('seen at 0');
    });
    expect(closed).toBe(1);
  });

  test('by its signal, which frees its backend; train can be called again', async () => {
    const closed = await closedBackends(async () => {
      const controller = new AbortController();
      const run = train({ ...long, signal: controller.signal });
      const reason = new Error('enough');
      const visit = async () => {
        for await (const record of run) if (record.kind === 'evaluation') controller.abort(reason);
      };
      await expect(visit()).rejects.toBe(reason);
      await expect(run).rejects.toBe(reason);
    });
    expect(closed).toBe(1);
    (await train(small)).dispose();
  });

  test('by a signal that is aborted before it begins', async () => {
    const closed = await closedBackends(async () => {
      await expect(train({ ...small, signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AbortError',
      });
    });
    expect(closed).toBe(0);
  });

  test('by a signal that is aborted while its data are opened', async () => {
    const controller = new AbortController();
    const run = train({ ...long, signal: controller.signal });
    queueMicrotask(() => controller.abort());
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('not by leaving a loop after the last step', async () => {
    const run = train(small);
    for await (const record of run) if (record.kind === 'evaluation' && record.epoch === 2) break;
    for await (const record of run) if (record.kind === 'progress') break;
    (await run).dispose();
  });

  test('not by a signal that is aborted later', async () => {
    const controller = new AbortController();
    const result = await train({ ...small, signal: controller.signal });
    controller.abort();
    expect(result.predict([0, 0]).count).toBe(1);
    result.dispose();
  });
});

test('two runs at once take turns, and each gives the same bits and records as alone', async () => {
  const options = [
    { ...small, rule: 'feedback-alignment' },
    { ...small, rule: 'node-perturbation', seed: 3 },
  ];
  const order: number[] = [];
  const together = await Promise.all(
    options.map(async (each, index) => {
      const run = train({ ...each, epochs: 100 });
      for await (const { kind } of run) if (kind === 'evaluation') order.push(index);
      return run;
    }),
  );
  expect(order).not.toEqual([...order].sort());
  for (const [index, each] of options.entries()) {
    const alone = await train({ ...each, epochs: 100 });
    const beside = together[index] as typeof alone;
    expect(weightsOf(beside)).toBe(weightsOf(alone));
    expect(timeless(beside.records)).toEqual(timeless(alone.records));
    alone.dispose();
    beside.dispose();
  }
});

describe('a rule', () => {
  test('can be an object, whose id the config takes', async () => {
    const result = await train({ ...small, rule: mine });
    expect(result.config.rule).toBe('mine');
    expect(result.document.rule).toBe('mine');
    const built = await train({ ...small, rule: 'backprop' });
    expect(weightsOf(result)).toBe(weightsOf(built));
    result.dispose();
    built.dispose();
  });

  test('can be a built-in rule object', async () => {
    const result = await train({
      ...small,
      rule: ruleById('sign-symmetry'),
      ruleOptions: { form: 'fixed' },
    }).catch((error: unknown) => error);
    // Options are checked as those of the rule that is handed over.
    expect(result).toMatchObject({ code: 'rule.options' });
    const right = await train({ ...small, rule: ruleById('feedback-alignment'), ruleOptions: { scale: 2 } });
    expect(right.config).toMatchObject({ rule: 'feedback-alignment', ruleOptions: { scale: 2 } });
    right.dispose();
  });

  test('can be a file', async () => {
    writeFileSync(
      'file-rule.ts',
      `import { defineRule, descend, feedforward, z } from 'apical/rules';
       export default defineRule({
         id: 'file-rule', family: 'Mine', title: 'Mine', summary: '', equation: '', cites: [],
         options: z.strictObject({ factor: z.number().default(1) }), dynamics: feedforward,
         learn(step) {
           descend(step, step.run('forward'), (projection, above, below, beta) =>
             projection.sendBack(step.compute, below, above, beta));
         },
       });`,
    );
    const result = await train({ ...small, rule: './file-rule.ts' });
    expect(result.config.rule).toBe('./file-rule.ts');
    expect(result.document.rule).toBe('file-rule');
    await result.save('kept');
    const loaded = await loadNetwork('kept');
    expect(loaded.predict([0.3, 0.1])).toEqual(result.predict([0.3, 0.1]));
    loaded.dispose();
    result.dispose();
  });

  test('needs an id of its own', async () => {
    const twin: Rule = { ...mine, id: 'backprop' };
    await expectRefusal(
      train({ ...small, rule: twin }),
      'rule.id',
      '"backprop" is the id of a built-in rule',
    );
  });

  test('must learn synchronously', async () => {
    const late = Object.assign({ ...mine }, { learn: () => Promise.resolve() });
    await expectRefusal(train({ ...small, rule: late }), 'run.rule-failed', 'promise');
  });

  test('that fails is named, and its memory is freed', async () => {
    const closed = await closedBackends(async () => {
      const failing: Rule = {
        ...mine,
        learn() {
          throw new Error('no idea');
        },
      };
      await expectRefusal(train({ ...small, rule: failing }), 'run.rule-failed', '"mine"', 'no idea');
      await expectRefusal(
        train({
          ...small,
          network: { hidden: [8], activation: 'linear' },
          ...{ objective: 'squared-error', optimiser: { kind: 'sgd', rate: 1e6 } },
        }),
        'run.diverged',
        'optimiser.rate',
      );
    });
    expect(closed).toBe(2);
  });
});

describe('data', () => {
  const inputs = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const xor = { ...small, dataset: { inputs, labels: [0, 1, 1, 0] }, batch: 4, epochs: 400 };

  test('can be arrays', async () => {
    const result = await train(xor);
    expect([...(result.predict(inputs).classes ?? [])]).toEqual([0, 1, 1, 0]);
    expect(result.metrics.test).toBeNull();
    expect(result.config.task.dataset).toMatch(/^arrays-[0-9a-f]{12}$/);
    expect(await evaluate(result, xor.dataset)).toMatchObject({ error: 0, errors: 0, count: 4 });
    expect(await result.evaluate({ inputs, labels: [1, 1, 1, 0] })).toMatchObject({ error: 0.25 });
    result.dispose();
  });

  test('as arrays give the same weights as by their id, with another identity', async () => {
    const opened = await openDataset('rings');
    const byId = await train(small);
    const asDataset = await train({ ...small, dataset: opened });
    const { train: split, test: held } = opened;
    const asArrays = await train({
      ...small,
      dataset: {
        inputs: split.inputs,
        labels: split.targets,
        test: { inputs: held.inputs, labels: held.targets },
      },
    });
    for (const result of [asDataset, asArrays]) {
      expect(weightsOf(result)).toBe(weightsOf(byId));
      expect(result.metrics).toEqual(byId.metrics);
      expect(result.identity).not.toBe(byId.identity);
      result.dispose();
    }
    byId.dispose();
  });

  test('can have target values', async () => {
    const result = await train({
      ...small,
      dataset: { inputs: [0, 0.25, 0.5, 0.75, 1], targets: [0, 0.5, 1, 1.5, 2] },
      ...{ batch: 5, epochs: 200 },
    });
    expect(result.predict([0.4]).outputs[0]).toBeCloseTo(0.8, 0);
    expect(await result.evaluate({ inputs: [1], targets: [2] })).toMatchObject({ count: 1, errors: 0 });
    result.dispose();
  });

  test('with errors are refused, and no memory is kept', async () => {
    const closed = await closedBackends(async () => {
      await expectRefusal(
        train({ ...small, dataset: { inputs, labels: [0, 1, -1, 0] } }),
        'dataset.labels',
        'dataset.labels[2] is -1',
      );
      await expectRefusal(train({ ...small, dataset: 'ring' }), 'dataset.unknown', 'Did you mean "rings"?');
      await expectRefusal(train({ ...small, dataset: './none.csv' }), 'dataset.missing', 'none.csv');
    });
    expect(closed).toBe(0);
    await expectRefusal(train({ ...xor, batch: 100 }), 'config.batch', 'at most 4');
  });

  test('for an evaluation must fit the network', async () => {
    const result = await train(xor);
    const wrong: [object, string][] = [
      [{ inputs: [[1, 2, 3]], labels: [0] }, 'an example has 3 values, and the network takes 2'],
      [{ inputs, labels: [0, 1, 2, 0] }, 'it has 3 classes, and the network knows 2'],
      [{ inputs, targets: [0, 1, 1, 0] }, 'it has target values, and the network learned labels'],
    ];
    for (const [data, words] of wrong) {
      await expectRefusal(evaluate(result, data as never), 'evaluate.data', words);
    }
    await expectRefusal(evaluate(result, { inputs: [[NaN, 0]], labels: [0] }), 'dataset.values', 'NaN');
    expect(await evaluate(result, 'rings')).toMatchObject({ count: 1000 });
    result.dispose();
  });

  test('can be an environment in which an actor learns', async () => {
    const options: TrainOptions = {
      task: { environment: 'bandit' },
      network: { hidden: [4] },
      control: { horizon: 1, updates: 5, evaluation: { episodes: 4 } },
      ...{ batch: 8, epochs: 1, backend: 'wasm' },
    };
    const result = await train({ ...options, rule: 'node-perturbation' });
    expect(result.metrics).toMatchObject({ train: null, test: null });
    expect(result.metrics.named).toHaveProperty('return');
    expect(result.predict([1, 0, 0, 0, 0, 0, 0, 0])).toMatchObject({ count: 1, width: 4 });
    await result.save('acted');
    expect(existsSync('acted/run.json')).toBe(true);
    result.dispose();
  });
});

describe('the rest of a config', () => {
  test('pretraining comes before the run', async () => {
    const options: TrainOptions = {
      ...small,
      dataset: 'bars',
      network: { hidden: [8], activation: 'logistic' },
      epochs: 1,
    };
    const plain = await train(options);
    const prepared = await train({ ...options, pretraining: { rule: 'contrastive-divergence', epochs: 1 } });
    expect(weightsOf(prepared)).not.toBe(weightsOf(plain));
    plain.dispose();
    prepared.dispose();
  });

  test('workers share the samples of a rule, and change no bit', async () => {
    const options: TrainOptions = {
      ...small,
      rule: 'weight-perturbation',
      ruleOptions: { samples: 4 },
      ...{ epochs: 1, threads: 0, probe: { every: 0 } },
    };
    const alone = await train({ ...options, threads: 1 });
    const shared = await train({ ...options, workers: 2 });
    expect(weightsOf(shared)).toBe(weightsOf(alone));
    alone.dispose();
    shared.dispose();
    const object: Rule = { ...mine, learning: { sharedSamples: () => 4 } };
    await expectRefusal(
      train({ ...options, rule: object, ruleOptions: {}, workers: 2 }),
      'config.workers',
      'rule object',
    );
  });
});

describe('a saved run', () => {
  test('is read by loadNetwork and resumed by a session', async () => {
    const result = await train({ ...small, rule: 'feedback-alignment' });
    expect(await result.save('kept')).toBe('kept');
    expect(readdirSync('kept').sort()).toEqual([
      'checkpoint-0000000080.safetensors',
      'config.json',
      'metrics.jsonl',
      'run.json',
    ]);
    const loaded = await loadNetwork('kept');
    expect(weightsOf(loaded)).toBe(weightsOf(result));
    expect(loaded.predict([0.1, 0.7])).toEqual(result.predict([0.1, 0.7]));
    expect(await evaluate(loaded, 'rings')).toEqual(await result.evaluate('rings'));
    const session = await runSession({
      ...{ configs: [result.config], folder: 'kept', resume: true, command: 'test' },
    });
    expect(session.documents[0]).toMatchObject({ status: 'done', test: result.metrics.test });
    await expectRefusal(result.save('kept'), 'folder.exists', 'kept');
    loaded.dispose();
    result.dispose();
  });

  test('of own arrays is read, and explains why it cannot be resumed', async () => {
    const dataset = {
      inputs: [
        [0, 1],
        [1, 0],
      ],
      labels: [0, 1],
      classNames: ['left', 'right'],
    };
    const result = await train({ ...small, dataset, batch: 2 });
    await result.save('kept');
    const loaded = await loadNetwork('kept');
    expect(loaded.predict([0, 1])).toEqual(result.predict([0, 1]));
    expect(loaded.classes).toEqual(['left', 'right']);
    expect(await evaluate(loaded, dataset)).toEqual(await result.evaluate(dataset));
    const configs = [result.config];
    await expectRefusal(
      runSession({ configs, folder: 'kept', resume: true, command: 'test' }),
      'dataset.arrays',
      'loadNetwork',
    );
    loaded.dispose();
    result.dispose();
  });

  test('of a rule object is read with that rule, and asks for it otherwise', async () => {
    const result = await train({ ...small, rule: mine });
    await result.save('kept');
    await expectRefusal(loadNetwork('kept'), 'rule.needed', '"mine"', '{ rule }');
    await expectRefusal(loadNetwork('kept', { rule: 'backprop' }), 'rule.mismatch', '"mine"', '"backprop"');
    await expectRefusal(loadNetwork('kept', { rule: {} as Rule }), 'rule.contract');
    const loaded = await loadNetwork('kept', { rule: mine });
    expect(weightsOf(loaded)).toBe(weightsOf(result));
    loaded.dispose();
    result.dispose();
  });
});
