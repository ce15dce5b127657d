import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apical, expectRefusal, TINY, workInEmptyFolder } from './fixture.ts';

workInEmptyFolder();

const run = (rule: string, ...words: string[]) =>
  apical(
    'run',
    'rings',
    ...TINY,
    '--rule',
    rule,
    '--out',
    'here',
    '--set',
    'network.activation=tanh',
    ...words,
  );

describe('rules with dendrites', () => {
  test.each([
    ['dendritic-microcircuit', [], []],
    ['dendritic-microcircuit', ['form=continuous', 'duration=4'], []],
    ['dendritic-microcircuit', ['interneurons=random', 'interneuronRate=0.01'], []],
    ['segregated-dendrites', [], []],
    ['segregated-dendrites', ['version=spiking', 'duration=30'], ['network.activation=logistic']],
  ])('%s runs with %j', async (rule, options, more) => {
    const set = [...options.map((option) => `ruleOptions.${option}`), ...more].flatMap((setting) => [
      '--set',
      setting,
    ]);
    const { code, stdout } = await run(rule, ...set, '--set', 'optimiser.rate=0.005');
    expect(code).toBe(0);
    expect(stdout).toMatch(/test error/);
  });

  test.each([
    [
      'a negative conductance',
      'dendritic-microcircuit',
      ['apical=-0.5'],
      ['apical: must be more than 0, but it is -0.5'],
    ],
    [
      'a step longer than the time constants',
      'dendritic-microcircuit',
      ['form=continuous', 'timeStep=1'],
      ['timeStep', '0.476'],
    ],
    ['a nudge without a steady state', 'dendritic-microcircuit', ['nudge=5'], ['nudge', '1.1', 'continuous']],
    [
      'spikes faster than steps',
      'segregated-dendrites',
      ['version=spiking', 'maximalRate=4'],
      ['maximalRate', 'at most 1'],
    ],
    [
      'a step longer than the rise of a potential',
      'segregated-dendrites',
      ['version=spiking', 'timeStep=5'],
      ['timeStep', '3 ms'],
    ],
    [
      'rates that are not probabilities',
      'segregated-dendrites',
      ['version=spiking'],
      ['"hidden1" is tanh', 'logistic'],
    ],
  ])('%s is refused', async (_what, rule, options, named) => {
    const refused = await run(rule, ...options.flatMap((option) => ['--set', `ruleOptions.${option}`]));
    expectRefusal(refused, 2, ...named);
    expect(existsSync('here')).toBe(false);
  });

  test('unsupported networks are refused with rules that support them', async () => {
    const graph = {
      areas: [
        { id: 'input', shape: [2] },
        { id: 'hidden', shape: [8], activation: 'tanh' },
        { id: 'output', shape: [2] },
      ],
      projections: [
        { from: 'input', to: 'hidden' },
        { from: 'hidden', to: 'output' },
        { from: 'hidden', to: 'hidden', kind: 'lateral' },
      ],
      input: 'input',
      objectives: [{ area: 'output', kind: 'cross-entropy' }],
    };
    for (const rule of ['dendritic-microcircuit', 'segregated-dendrites']) {
      const refused = await run(rule, '--set', `graph=${JSON.stringify(graph)}`);
      expectRefusal(refused, 2, '"lateral:hidden→hidden" is lateral', 'Rules that do');
    }
  });
});
