import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apical, expectRefusal, TINY, workInEmptyFolder } from './fixture.ts';

workInEmptyFolder();

const run = (rule: string, ...words: string[]) =>
  apical('run', 'rings', ...TINY, '--set', 'network.hidden=[8,8]', '--rule', rule, '--out', 'here', ...words);
const RULES = ['recirculation', 'two-pass', 'difference-target-propagation', 'simplified-target-propagation'];

describe('inverses that do not converge', () => {
  test.each(RULES)('%s names the inverse, its error and a remedy', async (rule) => {
    const { code, stderr } = await run(rule, '--set', 'ruleOptions.inverseRate=1000');
    // Reconstructions of two-pass feed back into themselves, so activity is soon no longer finite.
    const ended = rule === 'two-pass';
    expect(code).toBe(ended ? 1 : 0);
    if (ended) expect(stderr).toMatch(/no longer finite.*or lower ruleOptions\.inverseRate \(now 1000\)/);
    else
      expect(stderr).toMatch(
        /The inverse onto "(input|hidden\d)" has not converged: its squared error is \d.*Lower ruleOptions\.inverseRate \(now 1000\)/,
      );
  });

  test.each(RULES)('%s gives no hint about inverses that do', async (rule) => {
    const { code, stderr } = await run(
      rule,
      ...['--set', 'network.activation=tanh', '--epochs', '40', '--set', 'batch=5'],
      ...(rule === 'recirculation' || rule === 'two-pass' ? ['--set', 'ruleOptions.visible=linear'] : []),
    );
    expect(code).toBe(0);
    expect(stderr).not.toContain('has not converged');
    expect(stderr).toMatch(/inversion error of \w+ 0\.\d/);
  });
});

describe('networks that they cannot serve', () => {
  test.each(RULES)('%s names the pooling and rules that can', async (rule) => {
    writeFileSync(
      'conv.json',
      JSON.stringify({
        version: 1,
        task: { dataset: 'bars' },
        rule,
        network: { convolutions: [{ channels: 2, kernel: 3, pool: 2 }], hidden: [5] },
      }),
    );
    expectRefusal(await apical('run', './conv.json', '--out', 'here'), 2, rule);
  });
});
