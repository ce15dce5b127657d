import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SettlingDocument } from '../../src/studies/settling.ts';
import { apical, TINY, workInEmptyFolder } from './fixture.ts';

/** Two spirals, and a network that settles. */
const SETTLING = [
  ...[
    '--set',
    'task.dataset=two-spirals',
    '--set',
    'network.activation=hard-sigmoid',
    '--set',
    'network.hidden=[8]',
  ],
  ...['--set', 'network.outputActivation=hard-sigmoid', '--set', 'objective=squared-error'],
];

describe('apical settle', () => {
  workInEmptyFolder();

  test('prints one JSON document and writes a report with figures', async () => {
    const { code, stdout, stderr } = await apical(
      ...[
        'settle',
        'equilibrium',
        ...SETTLING,
        '--batch',
        '5',
        '--steps',
        '80',
        '--out',
        'settled',
        '--json',
      ],
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as SettlingDocument;
    expect(document).toMatchObject({
      version: 1,
      kind: 'settling',
      rule: 'equilibrium-propagation',
      batch: 5,
    });
    expect(document.energy.find(({ name }) => name === 'energy')?.values).toHaveLength(120);
    expect(document.updates.map(({ projection }) => projection)).toEqual(['input→hidden1', 'hidden1→output']);
    expect(document.earlyInference.map(({ area, arrival }) => [area, arrival])).toContainEqual(['output', 1]);
    for (const name of [
      'report.html',
      'energy.svg',
      'energy.png',
      'updates.svg',
      'inference.png',
      'theorem.svg',
    ]) {
      expect(existsSync(`settled/${name}`), name).toBe(true);
    }
  });

  test('a vector field has no energy, but all other results', async () => {
    const words = [
      'settle',
      'equilibrium',
      '--rule',
      'vector-field-ep',
      ...SETTLING,
      '--batch',
      '5',
      '--json',
    ];
    const { code, stdout } = await apical(...words);
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as SettlingDocument;
    expect(document.energy).toEqual([]);
    expect(document.updates.length).toBeGreaterThan(0);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a feedforward rule', ['settle', 'digits'], /"backprop".*nothing settles.*equilibrium-propagation/],
    ['a nudge of 0', ['settle', ...SETTLING, '--nudge', '0'], /--nudge must be above 0.*"0"/],
    [
      'steps that are not a number',
      ['settle', ...SETTLING, '--steps', 'many'],
      /--steps must be a whole number.*"many"/,
    ],
  ])('refuses %s', async (_, words, message) => {
    const { code, stderr } = await apical(...words);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
  });
});

describe('bad input to rules that settle', () => {
  workInEmptyFolder();
  const run = (...words: readonly string[]) =>
    apical('run', 'equilibrium', ...TINY, ...SETTLING, '--epochs', '1', '--out', 'run', ...words);

  test.each<[string, readonly string[], RegExp]>([
    ['β = 0', ['ruleOptions.nudge=0'], /nudge: must be more than 0, but it is 0/],
    [
      'a relaxation that does not settle',
      ['ruleOptions.tolerance=1e-9'],
      /Phase "free" has not settled after 20 steps: its units change by 0\.\d+.*ruleOptions\.freeSteps/,
    ],
    [
      'units without an energy',
      ['network.activation=relu'],
      /continuous Hopfield network.*"hidden1" is relu.*network\.activation=hard-sigmoid/,
    ],
    [
      'a continual update to both sides',
      ['ruleOptions.sides=symmetric', 'ruleOptions.update=continual'],
      /choose sides "one" or "random"/,
    ],
  ])('%s: names the problem and the fix', async (_, settings, message) => {
    const { code, stderr } = await run(...settings.flatMap((setting) => ['--set', setting]));
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
  });

  test('diverging activity: names the step and what to try', async () => {
    const { code, stderr } = await run(
      ...['--rule', 'contrastive-hebbian', '--set', 'network.activation=relu'],
      ...['--set', 'ruleOptions={"gain":1,"freeSteps":400,"tolerance":0.001}'],
      ...['--set', 'network.outputActivation=linear'],
      ...['--set', 'network.initialisation={"kind":"normal","scale":9}'],
    );
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(
      /activity of phase "free" is not finite after \d+ steps of size 0\.5.*ruleOptions\.stepSize/,
    );
  });

  test('asymmetric weights are refused by rules that need an energy, and accepted by another rule', async () => {
    const graph = {
      areas: [
        { id: 'input', shape: [2] },
        { id: 'hidden', shape: [6], activation: 'hard-sigmoid' },
        { id: 'output', shape: [2], activation: 'hard-sigmoid' },
      ],
      projections: [
        { from: 'input', to: 'hidden' },
        { from: 'hidden', to: 'hidden', kind: 'lateral' },
        { from: 'hidden', to: 'output' },
      ],
      input: 'input',
      objectives: [{ area: 'output', kind: 'squared-error' }],
    };
    const words = (rule: string, out: string) => [
      ...['run', 'config.json', '--rule', rule, '--epochs', '1', '--backend', 'wasm', '--out', out],
    ];
    writeFileSync(
      'config.json',
      JSON.stringify({
        task: { dataset: 'two-spirals', options: { trainCount: 60, testCount: 20 } },
        graph,
        batch: 20,
      }),
    );
    const refused = await apical(...words('equilibrium-propagation', 'refused'));
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr).toMatch(/"lateral:hidden→hidden".*"symmetric".*vector-field-ep/);
    const accepted = await apical(...words('vector-field-ep', 'accepted'));
    expect(accepted.stderr).not.toMatch(/cannot/);
    expect(accepted.code).toBe(0);
  });
});
