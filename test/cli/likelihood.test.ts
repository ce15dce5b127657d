import { describe, expect, test } from 'vitest';
import type { LikelihoodDocument } from '../../src/studies/likelihood.ts';
import { apical, TINY, workInEmptyFolder } from './fixture.ts';

const BARS = [
  ...['run', '--rule', 'contrastive-divergence', '--set', 'task.dataset=bars', '--set', 'network.hidden=[6]'],
  ...[
    '--set',
    'network.activation=logistic',
    '--backend',
    'wasm',
    '--threads',
    '1',
    '--set',
    'probe.every=0',
  ],
];

describe('apical likelihood', () => {
  workInEmptyFolder();

  test('learning raises the likelihood, which is exact if all states can be enumerated', async () => {
    const likelihood = async (epochs: string, folder: string) => {
      expect((await apical(...BARS, '--epochs', epochs, '--out', folder)).code).toBe(0);
      const { code, stdout } = await apical('likelihood', folder, '--examples', '200', '--json');
      expect(code).toBe(0);
      return JSON.parse(stdout) as LikelihoodDocument;
    };
    const [little, much] = [await likelihood('1', 'a'), await likelihood('30', 'b')];
    const [before, after] = [little.machines[0], much.machines[0]];
    expect(after?.logNormaliser.how).toBe('enumeration');
    expect(after?.lowers).toEqual(['input']);
    expect(after?.train).toBeGreaterThan((before?.train ?? NaN) + 0.5);
    // A probability is at most 1.
    expect(after?.train).toBeLessThan(0);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a missing run', ['nowhere'], /nowhere/],
    ['no chains', ['trained', '--chains', '0'], /--chains must be a whole number/],
    [
      'a run of another rule',
      ['trained'],
      /not a stack of restricted Boltzmann machines\. Give a run of contrastive/,
    ],
  ])('%s is refused in one line', async (_, words, message) => {
    expect((await apical('run', ...TINY, '--out', 'trained')).code).toBe(0);
    const { code, stderr } = await apical('likelihood', ...words);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
