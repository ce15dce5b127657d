import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { EstimateDocument } from '../../src/studies/estimate.ts';
import { apical, TINY, workInEmptyFolder } from './fixture.ts';

const NETWORK = [
  '--network',
  '6-5-4-3',
  '--samples',
  '20',
  '--backend',
  'wasm',
  '--batch',
  '4',
  '--activation',
  'tanh',
];

describe('apical estimate', () => {
  workInEmptyFolder();

  test('prints one JSON document with every projection and the whole network', async () => {
    const { code, stdout } = await apical('estimate', '--rule', 'node-perturbation', ...NETWORK, '--json');
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as EstimateDocument;
    expect(document).toMatchObject({ version: 1, kind: 'estimate', rule: 'node-perturbation', batch: 4 });
    expect(document.rows.map(({ projection, synapses, units }) => [projection, synapses, units])).toEqual([
      ['input→hidden1', 30, 5],
      ['hidden1→hidden2', 20, 4],
      ['hidden2→output', 12, 3],
      ['all', 62, 12],
    ]);
    for (const row of document.rows) {
      expect(row).toMatchObject({ network: '6-5-4-3', samples: 20, passes: 2 });
      expect(row.variance).toBeGreaterThan(row.intervals.variance[0]);
      expect(row.angleDegrees).toBeGreaterThan(10);
      // Two forward passes and one outer product.
      expect(row.macs).toBe(3 * 62);
    }
  });

  test('sets options of the rule, and reports the cost of a given angle', async () => {
    const few = ['estimate', '--rule', 'forward-gradient', ...NETWORK];
    const weights = await apical(...few, '--set', 'ruleOptions.perturb=weights', '--json');
    const document = JSON.parse(weights.stdout) as EstimateDocument;
    expect(document.options).toEqual({ perturb: 'weights' });
    const shown = await apical('estimate', '--rule', 'backprop', ...NETWORK, '--angle', '10');
    expect(shown.stdout).toMatch(/ 1 for 10°$/m);
  });

  test('fits the growth of the variance: for weight perturbation, with the number of synapses', async () => {
    const { stdout } = await apical(
      ...[
        'estimate',
        '--rule',
        'weight-perturbation',
        '--network',
        '10-4-4-2',
        '--samples',
        '60',
        '--batch',
        '1',
      ],
      ...['--sweep', 'width', '--sizes', '4,16,64', '--seeds', '0..1', '--backend', 'wasm', '--json'],
    );
    const { growth } = JSON.parse(stdout) as EstimateDocument;
    const whole = growth.find((row) => row.projection === 'all' && row.with === 'synapses');
    expect(whole?.sizes).toBe(3);
    expect(whole?.exponent).toBeGreaterThan(0.8);
    expect(whole?.exponent).toBeLessThan(1.2);
  });

  test('fits the growth of the variance with the outputs: by q + 1 in one layer of q units', async () => {
    const { stdout } = await apical(
      ...['estimate', '--rule', 'forward-gradient', '--network', '10-4', '--samples', '400', '--batch', '1'],
      ...['--sweep', 'outputs', '--sizes', '15,63,255', '--backend', 'wasm', '--json'],
    );
    const { growth, rows } = JSON.parse(stdout) as EstimateDocument;
    expect(rows.filter(({ projection }) => projection === 'all').map(({ units }) => units)).toEqual([
      15, 63, 255,
    ]);
    const whole = growth.find((row) => row.projection === 'all' && row.with === 'units');
    expect(whole?.exponent).toBeGreaterThan(0.85);
    expect(whole?.exponent).toBeLessThan(1.1);
  });

  test('does not mistake the scatter of few samples for a bias', async () => {
    const words = ['--network', '30-40-10', '--batch', '1', '--samples', '20', '--seeds', '0..5'];
    const { stdout } = await apical('estimate', '--rule', 'node-perturbation', ...words, '--json');
    const { rows } = JSON.parse(stdout) as EstimateDocument;
    const whole = rows.filter(({ projection }) => projection === 'all');
    const unbiased = whole.filter(({ intervals }) => intervals.bias?.[0] === 0);
    expect(unbiased.length).toBeGreaterThanOrEqual(4);
    for (const row of unbiased) {
      // tan² 30° = 1/3 = variance / samples / ‖∇‖².
      expect(row.forAngle?.samples).toBe(Math.ceil(3 * (row.relativeVariance ?? NaN) - 1e-9));
    }
    const shown = await apical('estimate', '--rule', 'node-perturbation', ...words);
    expect(shown.stdout).toMatch(/< \d/);
  });

  test('takes data and network from a preset or a config; options override them', async () => {
    const words = ['estimate', 'two-spirals', '--rule', 'node-perturbation', '--samples', '20', '--json'];
    const { code, stdout } = await apical(
      ...words,
      '--network',
      '2-5-4-2',
      '--batch',
      '4',
      '--seeds',
      '1..2',
    );
    expect(code).toBe(0);
    const { rows, ...document } = JSON.parse(stdout) as EstimateDocument;
    expect(document).toMatchObject({ task: 'two-spirals', run: null, batch: 4 });
    expect([...new Set(rows.map(({ network, seed }) => `${network} ${seed}`))]).toEqual([
      '2-5-4-2 1',
      '2-5-4-2 2',
    ]);
    const ownNetwork = JSON.parse((await apical(...words)).stdout) as EstimateDocument;
    expect(ownNetwork).toMatchObject({ batch: 50, rows: [{ network: '2-64-64-2', seed: 0 }, {}, {}, {}] });
  });

  test('sweeps the width on a data set, and accepts a graph', async () => {
    const few = ['estimate', '--rule', 'backprop', '--samples', '20', '--batch', '3', '--json'];
    const task = ['--set', 'task.dataset=linear-teacher'];
    const sweep = await apical(
      ...few,
      ...task,
      '--set',
      'network.hidden=[4]',
      '--sweep',
      'width',
      '--sizes',
      '3,5',
    );
    const { rows } = JSON.parse(sweep.stdout) as EstimateDocument;
    expect(new Set(rows.map(({ network }) => network))).toEqual(new Set(['30-3-10', '30-5-10']));
    const graph = {
      areas: [
        { id: 'input', shape: [30] },
        { id: 'left', shape: [4], activation: 'tanh' },
        { id: 'output', shape: [10] },
      ],
      projections: [
        { from: 'input', to: 'left' },
        { from: 'left', to: 'output' },
        { from: 'input', to: 'output' },
      ],
      input: 'input',
      objectives: [{ area: 'output', kind: 'squared-error' }],
    };
    const ofGraph = await apical(...few, ...task, '--set', `graph=${JSON.stringify(graph)}`);
    expect((JSON.parse(ofGraph.stdout) as EstimateDocument).rows.map(({ projection }) => projection)).toEqual(
      [...['input→left', 'left→output', 'input→output', 'all']],
    );
    const both = await apical(
      ...few,
      ...task,
      '--set',
      `graph=${JSON.stringify(graph)}`,
      '--network',
      '30-4-10',
    );
    expect(both.code).toBe(2);
    expect(both.stderr).toContain('graph');
  });

  test('reports no angle and no bias if the objective has no gradient', async () => {
    writeFileSync('mine.ts', 'export default (output, target) => Number(output[target] < 0);');
    for (const objective of ['zero-one', './mine.ts']) {
      const { code, stdout } = await apical(
        ...['estimate', 'two-spirals', '--rule', 'node-perturbation', '--set', `objective=${objective}`],
        ...['--set', 'ruleOptions.noise=1', '--samples', '20', '--json'],
      );
      expect(code).toBe(0);
      const whole = (JSON.parse(stdout) as EstimateDocument).rows.at(-1);
      expect(whole).toMatchObject({ projection: 'all', angleDegrees: null, bias: null, forAngle: null });
      expect(whole?.variance).toBeGreaterThan(0);
    }
  });

  test('uses the weights of a run, for its own rule or another', async () => {
    const learn = ['two-spirals', '--rule', 'feedback-alignment', ...TINY, '--out', 'spirals'];
    expect((await apical('run', ...learn)).code).toBe(0);
    const estimate = async (...words: string[]) => {
      const { stdout } = await apical('estimate', ...words, '--samples', '20', '--backend', 'wasm', '--json');
      const document = JSON.parse(stdout) as EstimateDocument;
      return { document, all: document.rows.filter(({ projection }) => projection === 'all') };
    };
    // The batch holds every example, so a seed could only change the weights, forward and feedback.
    const own = await estimate('--run', 'spirals', '--batch', '100', '--seeds', '0..1');
    expect(own.document).toMatchObject({ rule: 'feedback-alignment', task: 'two-spirals', batch: 100 });
    expect(own.document.run).toEqual({ folder: 'spirals', step: 25 });
    const [first, second] = own.all;
    expect(first?.bias).toBeGreaterThan(0.05);
    expect(second?.bias).toBeCloseTo(first?.bias ?? NaN, 4);
    const data = ['--set', 'network.hidden=[8]', '--set', 'task.options={"trainCount":100,"testCount":30}'];
    const initial = await estimate('two-spirals', ...data, '--rule', 'feedback-alignment', '--batch', '100');
    expect(Math.abs((initial.all[0]?.bias ?? NaN) - (first?.bias ?? NaN))).toBeGreaterThan(0.001);

    const other = await estimate('--run', 'spirals', '--rule', 'backprop');
    expect(other.document).toMatchObject({ rule: 'backprop', options: {}, batch: 20 });
    expect(other.all[0]?.variance).toBe(0);
    for (const other of [['two-spirals'], ['--network', '2-8-2'], ['--set', 'network.hidden=[8]']]) {
      const { code, stderr } = await apical('estimate', ...other, '--run', 'spirals');
      expect(code).toBe(2);
      expect(stderr).toContain('--run spirals');
      expect(stderr).toContain(other[0]);
    }
  });

  test.each<[string, string[], string]>([
    ['samples', ['--samples', '3'], 'at least 20'],
    ['network', ['--network', '6-0-3'], '784-128-10'],
    ['batch', ['--batch', '1.5'], '1.5'],
    ['angle', ['--angle', '90'], 'between 0 and 90'],
    ['sweep', ['--network', '6-3', '--sweep', 'width'], 'hidden layer'],
    ['sizes', ['--sweep', 'width', '--sizes', '8,8'], '8,8'],
    ['outputs of data', ['rings', '--sweep', 'outputs'], 'number of outputs'],
    ['set', ['--set', 'epochs=3'], 'epochs'],
    ['options', ['--set', 'ruleOptions.noise=-1'], 'noise: must be more than 0, but it is -1.'],
    ['options', ['--set', 'ruleOptions.nois=1'], 'Did you mean "noise"?'],
    ['rule', ['--rule', 'node-pertubation'], 'node-perturbation'],
    ['set of data', ['--set', 'batch=3'], '--batch'],
    ['preset', ['two-spiral'], 'two-spirals'],
    ['network of data', ['two-spirals', '--network', '3-4-2'], 'Begin it with 2 and end it with 2'],
    ['batch of data', ['two-spirals', '--batch', '100000'], 'at most'],
    ['data set', ['--set', 'task.dataset=mnits'], 'mnist'],
    ['run', ['--run', 'nowhere'], 'nowhere'],
  ])('refuses a wrong --%s in one message', async (_, words, named) => {
    const { code, stdout, stderr } = await apical('estimate', '--rule', 'node-perturbation', ...words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('internal error');
  });

  test('asks for a rule if none is named', async () => {
    const { code, stderr } = await apical('estimate', '--network', '6-3');
    expect(code).toBe(2);
    expect(stderr).toContain('--rule node-perturbation');
  });
});
