import { describe, expect, test } from 'vitest';
import type { EstimateDocument } from '../../src/experiments/estimate.ts';
import { apical } from './fixture.ts';

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
  test('gives one JSON document with every projection and the whole', async () => {
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
      // Two passes up, and one outer product.
      expect(row.macs).toBe(3 * 62);
    }
  });

  test('sets options of the rule, and says what a near angle costs', async () => {
    const few = ['estimate', '--rule', 'forward-gradient', ...NETWORK];
    const weights = await apical(...few, '--set', 'ruleOptions.perturb=weights', '--json');
    const document = JSON.parse(weights.stdout) as EstimateDocument;
    expect(document.options).toEqual({ perturb: 'weights' });
    const shown = await apical('estimate', '--rule', 'backprop', ...NETWORK, '--angle', '10');
    expect(shown.stdout).toContain('1 updates for 10°');
  });

  test('fits the growth with size: weight perturbation’s with the synapses', async () => {
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

  test.each<[string, string[], string]>([
    ['samples', ['--samples', '3'], 'at least 20'],
    ['network', ['--network', '6-0-3'], '784-128-10'],
    ['batch', ['--batch', '1.5'], '1.5'],
    ['angle', ['--angle', '90'], 'between 0 and 90'],
    ['sweep', ['--network', '6-3', '--sweep', 'width'], 'hidden layer'],
    ['sizes', ['--sweep', 'width', '--sizes', '8,8'], '8,8'],
    ['set', ['--set', 'epochs=3'], 'epochs'],
    ['options', ['--set', 'ruleOptions.noise=-1'], 'noise'],
    ['rule', ['--rule', 'node-pertubation'], 'node-perturbation'],
  ])('refuses a wrong --%s in one message', async (_, words, named) => {
    const { code, stdout, stderr } = await apical('estimate', '--rule', 'node-perturbation', ...words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('internal error');
  });
});
