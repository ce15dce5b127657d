import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apical, documents, expectRefusal, workInEmptyFolder } from './fixture.ts';

workInEmptyFolder();

const SHORT = [
  ...['--epochs', '2', '--set', 'control.updates=5', '--set', 'control.evaluation.episodes=5'],
  ...['--set', 'batch=4', '--set', 'network.hidden=[6]', '--set', 'probe.every=0', '--threads', '1'],
] as const;

/** A user's environment: move to the centre of a line. */
const MINE = {
  id: "'line'",
  title: "'A line'",
  summary: "'Go to the middle.'",
  cites: '[]',
  observations: '1',
  actions: "{ kind: 'discrete', count: 2 }",
  timeLimit: '10',
  reset: '(draws) => [draws.uniform()]',
  step: '([x], [right]) => ({ state: [x + (right ? 0.1 : -0.1)], reward: -Math.abs(x), terminated: false })',
  observe: '([x]) => [x]',
};

const write = (fields: Partial<Record<keyof typeof MINE, string>> = {}) =>
  writeFileSync(
    'mine.ts',
    `export default { ${Object.entries({ ...MINE, ...fields })
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')} };`,
  );

const runMine = (...words: string[]) =>
  apical(
    'run',
    '--set',
    'task.environment=./mine.ts',
    '--backend',
    'wasm',
    ...SHORT,
    '--out',
    'here',
    ...words,
  );

test('a run prints its return, and writes a report', async () => {
  const { code, stdout, stderr } = await apical('run', 'cart-pole', ...SHORT, '--out', 'here');
  expect(code).toBe(0);
  expect(stderr).toContain('Cart-pole: 4 observations, 2 actions, episodes of at most 500 steps');
  expect(stderr).toMatch(/epoch 2\/2 {2}return \d+\.\d/);
  expect(stdout).toMatch(/return \d+\.\d, lowest \d+\.\d, (not )?solved, learned in \d+ episodes/);
  expect(stdout).not.toContain('error');
  const report = readFileSync('here/report.html', 'utf8');
  expect(report).toMatch(/Backpropagation (solved|did not solve) Cart-pole: a mean return of/i);
  expect(report).toContain('Evaluation');
  expect(report).toContain('weight per example');
  expect(report).toContain('Neuronlike adaptive elements');
});

test('a comparison prints returns by rule; --json has them all', async () => {
  const rules = ['--rules', 'backprop,node-perturbation', '--seeds', '0,1'];
  const { code, stdout } = await apical('compare', 'bandit', ...SHORT, ...rules, '--out', 'here');
  expect(code).toBe(0);
  expect(stdout).toMatch(/rule +seeds +return +solved +steps\/s/);
  expect(stdout).toMatch(/backprop +2 .*\d of 2/);
  const again = await apical('compare', '--resume', 'here', '--json');
  const [comparison] = documents(again.stdout) as { runs: { metrics: Record<string, number> }[] }[];
  expect(comparison?.runs).toHaveLength(4);
  for (const { metrics } of comparison?.runs ?? []) {
    expect(metrics).toMatchObject({ episodes: 40, environmentSteps: 40 });
    expect(metrics['return']).toBeGreaterThan(0);
  }
});

describe('a user’s environment', () => {
  test('can be trained on like any other', async () => {
    write();
    const { code, stderr, stdout } = await runMine();
    expect(stderr).toContain('A line: 1 observation, 2 actions, episodes of at most 10 steps');
    expect(code).toBe(0);
    expect(stdout).toContain('on line, seed 0: done');
  });

  test.each([
    [
      'with more observations than declared',
      { observe: '([x]) => [x, 1]' },
      ['observe(state) returned 2 numbers', 'must be 1'],
    ],
    ['with actions without bounds', { actions: "{ kind: 'continuous' }" }, ['./mine.ts', '"actions']],
    ['without a reward', { step: '(state) => ({ state, terminated: false })' }, ['the reward undefined']],
    ['that throws', { reset: '() => { throw new Error("no luck"); }' }, ['reset(draws) threw "no luck"']],
  ] as const)('%s is refused before anything is written', async (_what, fields, words) => {
    write(fields);
    expectRefusal(await runMine(), 2, ...words);
    expect(existsSync('here')).toBe(false);
  });

  test('that is missing, or is given options, is refused', async () => {
    expectRefusal(await runMine(), 2, 'no environment file', './mine.ts');
    write();
    expectRefusal(await runMine('--set', 'task.options.size=3'), 2, 'task.options.size', './mine.ts');
  });

  test('that fails during a run ends the run and says where', async () => {
    write({ step: '(state) => ({ state, reward: ++taken > 150 ? NaN : 1, terminated: false })' });
    writeFileSync('mine.ts', `let taken = 0;\n${readFileSync('mine.ts', 'utf8')}`);
    const { code, stdout } = await runMine();
    expect(code).toBe(1);
    expect(stdout).toContain('In the environment "line", step(state, action, draws) returned the reward NaN');
  });
});

test.each([
  [
    ['cart-pole', '--set', 'task.dataset=mnist'],
    ['task.dataset', 'task.environment "cart-pole"'],
  ],
  [
    ['digits', '--set', 'control.discount=0.9'],
    ['control', 'without task.environment'],
  ],
  [['digits', '--set', 'task.environment=cart-pole'], ['task.dataset']],
  [['cart-pole', '--set', 'task.environment=cart-pool'], ['Did you mean "cart-pole"?']],
  [['cart-pole', '--set', 'control.critic.rule=backprob'], ['"backprob"']],
  [
    ['cart-pole', '--set', 'control.critic.ruleOptions.noise=1'],
    ['ruleOptions', '"backprop"'],
  ],
  [
    ['bandit', '--set', 'task.options={"arms":1}'],
    ['"arms"', 'from 2 to 1000'],
  ],
])('%j is refused', async (words, named) => {
  expectRefusal(await apical('run', ...words, '--out', 'here'), 2, ...named);
  expect(existsSync('here')).toBe(false);
});
