import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { apical, documents, expectRefusal, workInEmptyFolder } from './fixture.ts';

/*
 * Every command on sequences and a stream, with a user's rule in time.
 */

workInEmptyFolder();

const IN_TIME = fileURLToPath(new URL('../../examples/in-time/e-prop.ts', import.meta.url));
const EXACT = fileURLToPath(
  new URL('../../examples/in-time/backpropagation-through-time.ts', import.meta.url),
);

const NETWORK = ['--set', 'network.hidden=[8]', '--set', 'network.activation=tanh', '--set', 'batch=10'];
const SEQUENCES = [
  ...['--set', 'task.dataset=delayed-xor', '--set', 'task.options={"trainCount":60,"testCount":20}'],
  ...NETWORK,
];
const STREAM = [
  ...['--set', 'task.dataset=sine-waves', '--set', 'task.options={"trainCount":600,"testCount":100}'],
  ...NETWORK,
];
const FAST = ['--backend', 'wasm'];

/** Writes a config, since some commands take one in place of `--set`. */
function config(dataset: string): string {
  const options =
    dataset === 'sine-waves' ? { trainCount: 600, testCount: 100 } : { trainCount: 60, testCount: 20 };
  const network = { hidden: [8], activation: 'tanh' };
  writeFileSync(
    'config.json',
    JSON.stringify({ version: 1, rule: IN_TIME, task: { dataset, options }, network, batch: 10, epochs: 2 }),
  );
  return 'config.json';
}

const done = async (...words: readonly string[]) => {
  const printed = await apical(...words);
  expect({ code: printed.code, stderr: printed.stderr }).toEqual({ code: 0, stderr: printed.stderr });
  return printed;
};

describe.each([
  ['sequences', SEQUENCES],
  ['a stream', STREAM],
])('%s', (_, data) => {
  test('are learned, exported and predicted from either file', async () => {
    await done('run', '--rule', IN_TIME, ...data, ...FAST, '--epochs', '2', '--out', 'here');
    expect(existsSync('here/report.html')).toBe(true);
    await done('export', 'here', '--out', 'network.npz');
    const columns = data === SEQUENCES ? 2 : 1;
    const rows = Array.from({ length: 6 }, (_row, step) => Array(columns).fill(Math.sin(step)).join(','));
    writeFileSync(
      'steps.csv',
      `${Array.from({ length: columns }, (_c, at) => `x${at}`).join(',')}\n${rows.join('\n')}\n`,
    );
    const predicted = async (network: string) => {
      const { stdout } = await done('predict', network, '--input', 'steps.csv', '--json', ...FAST);
      const [document] = documents(stdout) as { rows: unknown[] }[];
      return document?.rows;
    };
    const [folder, file] = [await predicted('here'), await predicted('network.npz')];
    expect(folder).toHaveLength(data === SEQUENCES ? 1 : 6);
    expect(file).toEqual(folder);
  });

  test('are compared and searched', async () => {
    const rules = ['--rules', `${IN_TIME},${EXACT}`];
    await done('compare', ...rules, ...data, ...FAST, '--epochs', '1', '--out', 'compared');
    const { stdout } = await done(
      ...[
        'search',
        ...rules,
        ...data,
        ...FAST,
        '--epochs',
        '1',
        '--budget',
        '2',
        '--out',
        'searched',
        '--json',
      ],
    );
    const [document] = documents(stdout) as { best: { error: number | null }[] }[];
    expect(document?.best).toHaveLength(2);
    for (const { error } of document?.best ?? []) expect(error).toEqual(expect.any(Number));
  });

  test.each(['run', 'compare', 'search', 'signals', 'estimate'])(
    'are refused by `%s` under a rule without time',
    async (command) => {
      const rule = ['compare', 'search'].includes(command)
        ? ['--rules', `${IN_TIME},backprop`]
        : ['--rule', 'backprop'];
      const base =
        command === 'estimate' ? [config(data === SEQUENCES ? 'delayed-xor' : 'sine-waves')] : data;
      const budget = command === 'search' ? ['--budget', '9'] : [];
      const refused = await apical(command, ...rule, ...base, ...budget);
      expectRefusal(refused, 2, 'apical: ');
      expect(refused.stderr).toMatch(/does not learn data in time|have no time|is a stream/);
    },
  );
});

describe('studies', () => {
  test('of sequences give the signal of each step', async () => {
    const { stdout } = await done('signals', '--rule', EXACT, ...SEQUENCES, '--batch', '20', '--json');
    const [exact] = documents(stdout) as {
      looks: { areas: { area: string; gradient: { angle: number } }[] }[];
    }[];
    expect(exact?.looks[0]?.areas.map(({ area }) => area)).toEqual(['hidden1']);
    expect(exact?.looks[0]?.areas[0]?.gradient.angle).toBeLessThan(1e-2);
    const local = await done('signals', '--rule', IN_TIME, ...SEQUENCES, '--batch', '20', '--json');
    const [own] = documents(local.stdout) as (typeof exact)[];
    expect(own?.looks[0]?.areas[0]?.gradient.angle).toBeGreaterThan(30);
  });

  test('of sequences estimate the gradient', async () => {
    const words = ['estimate', config('delayed-xor'), '--rule', EXACT, '--samples', '20', '--batch', '20'];
    const { stdout } = await done(...words);
    expect(stdout).toMatch(/hidden1→hidden1 +\d+ +0\.0000\d+|hidden1→hidden1 +\d+ +0 /);
  });

  test.each([
    ['signals', ['--rule', IN_TIME, ...STREAM], 'is a stream, of which no batch'],
    ['settle', ['--rule', IN_TIME, ...SEQUENCES], 'where nothing settles'],
  ])('`%s` says in one message what it cannot do', async (command, words, message) => {
    expectRefusal(await apical(command, ...words), 2, message);
  });
});

test('examples are sequences of one step for a rule in time', async () => {
  const words = ['rings', '--set', 'task.options={"trainCount":40,"testCount":20}', ...NETWORK, ...FAST];
  await done('run', ...words, '--rule', IN_TIME, '--epochs', '1', '--out', 'here');
  await done('signals', 'rings', '--rule', IN_TIME, ...NETWORK, '--json');
});
