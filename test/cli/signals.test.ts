import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SignalsDocument } from '../../src/studies/signals.ts';
import { apical, TINY, workInEmptyFolder } from './fixture.ts';

/** The network and data of a tiny run, without options that this command does not have. */
const SMALL = [...TINY.slice(0, 4), '--set', 'network.hidden=[8]', '--backend', 'wasm'];

describe('apical signals', () => {
  workInEmptyFolder();

  test('prints one JSON document with the signals for each value and count, and writes a report with figures', async () => {
    const { code, stdout, stderr } = await apical(
      ...['signals', ...SMALL, '--rule', 'two-pass', '--set', 'network.activation=tanh'],
      ...['--vary', 'ruleOptions.blend=0.1|1', '--updates', '0,3', '--batch', '9', '--out', 'seen', '--json'],
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as SignalsDocument;
    expect(document).toMatchObject({ version: 1, kind: 'signals', rule: 'two-pass', batch: 9 });
    expect(document.looks.map(({ value, updates }) => [value, updates])).toEqual([
      ['0.1', 0],
      ['0.1', 3],
      ['1', 0],
      ['1', 3],
    ]);
    for (const { areas, reconstructions } of document.looks) {
      expect(areas.every(({ gradient, gaussNewton }) => gradient && gaussNewton)).toBe(true);
      expect(reconstructions.length).toBeGreaterThan(0);
    }
    for (const name of ['report.html', 'scatter.svg', 'scatter.png', 'signal-angles.svg']) {
      expect(existsSync(`seen/${name}`), name).toBe(true);
    }
  });

  test('measures at the weights of a run and leaves the run unchanged', async () => {
    expect((await apical('run', ...TINY, '--out', 'trained')).code).toBe(0);
    const { code, stdout } = await apical('signals', '--run', 'trained', '--batch', '5', '--json');
    expect(code).toBe(0);
    const { run, looks } = JSON.parse(stdout) as SignalsDocument;
    expect(run?.step).toBeGreaterThan(0);
    expect(looks[0]?.areas[0]?.gradient?.angle).toBeLessThan(0.1);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['updates that fall', ['--updates', '5,1'], /--updates must list rising numbers.*but it is "5,1"/],
    [
      'more updates than the run has',
      ['--updates', '9999999'],
      /--updates is 9999999, but the run has only \d+ updates/,
    ],
    ['a single value', ['--vary', 'ruleOptions.scale=1'], /--vary must be path=value\|value/],
    ['a batch that is no number', ['--batch', 'ten'], /--batch must be a whole number from 1/],
    ['an unknown key', ['--vary', 'ruleOptions.blent=1|2', '--rule', 'two-pass'], /blent/],
    [
      'more examples than there are',
      ['--batch', '100000'],
      /training examples here\. Choose a batch of at most/,
    ],
  ])('%s is refused in one line', async (_, words, message) => {
    const { code, stderr } = await apical('signals', ...SMALL, ...words);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('a run and a preset together are refused', async () => {
    expect((await apical('run', ...TINY, '--out', 'trained')).code).toBe(0);
    const { code, stderr } = await apical('signals', 'digits', '--run', 'trained');
    expect(stderr).toMatch(/--run trained already sets .* cannot be combined with "digits"/);
    expect(code).toBe(2);
  });
});
