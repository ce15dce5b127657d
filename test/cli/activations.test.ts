import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadNetwork } from '../../src/entries/internals.ts';
import { train as trainInPage } from '../../src/entries/browser.ts';
import { runDocument } from './documents.ts';
import { apical, documents, expectRefusal, outcomeOf, TINY, workInEmptyFolder } from './fixture.ts';

/*
 * Activation functions of a run: a file of the user, and units that fire.
 */

workInEmptyFolder();

const RELU = `export default {
  name: 'my-relu',
  value: (x) => Math.max(x, 0),
  slope: { from: 'potential', at: (x) => (x > 0 ? 1 : 0) },
  bounds: [0, Infinity],
  initialisation: { kind: 'he' },
};`;

const run = (activation: string, out: string, ...words: string[]) =>
  apical('run', 'rings', ...TINY, '--set', `network.activation=${activation}`, '--out', out, ...words);

test("a user's activation function trains like the library's, to the bit, and is found again", async () => {
  writeFileSync('mine.mjs', RELU);
  expect((await run('relu', 'theirs')).code).toBe(0);
  const { code, stderr } = await run('./mine.mjs', 'own');
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  expect(outcomeOf('own')).toEqual(outcomeOf('theirs'));
  expect((await apical('run', '--resume', 'own')).code).toBe(0);

  const predicted = async (from: string) => {
    const network = await loadNetwork(from);
    const { outputs } = network.predict([0.2, 0.7]);
    network.dispose();
    return [...outputs];
  };
  expect(await predicted('own')).toEqual(await predicted('theirs'));
  // PyTorch has no module for it.
  const exported = await apical('export', 'own', '--json', '--out', 'own.npz');
  expect(documents(exported.stdout)[0]).toMatchObject({ module: null });
  rmSync('mine.mjs');
  await expect(loadNetwork('own')).rejects.toThrow(/There is no activation file ".\/mine.mjs"/);
});

test.each<[string, string, string[]]>([
  ['a number', 'export default 3;', ['must export an activation function by default']],
  ['no default export', 'export const relu = {};', ['must export an activation function by default']],
  ['an error', 'throw new Error("no luck today");', ['does not load', 'no luck today']],
  [
    'an unknown kind of slope',
    RELU.replace("'potential'", "'rates'"),
    ['"my-relu": it is not { name, value(potential), slope'],
  ],
  [
    'a wrong slope',
    RELU.replace('? 1 : 0', '? 2 : 0'),
    ['slope.at(0.05) is 2, but value changes there by 1 per unit'],
  ],
])('an activation file with %s is refused', async (_, text, named) => {
  writeFileSync('mine.mjs', text);
  expectRefusal(await run('./mine.mjs', 'here'), 2, ...named);
  expect(existsSync('here')).toBe(false);
});

test('a page says that it cannot open the file', async () => {
  const page = trainInPage({ dataset: 'rings', network: { activation: './page.mjs' }, epochs: 1 });
  await expect(page).rejects.toThrow(/The activation file "\.\/page\.mjs" cannot be opened here/);
});

test('units that fire learn by the surrogate gradient of the example, in one pass', async () => {
  const example = (name: string) =>
    fileURLToPath(new URL(`../../examples/activation/${name}`, import.meta.url));
  const { stdout } = await apical(
    ...['run', example('surrogate-gradient.json'), '--rule', example('surrogate-gradient.ts')],
    ...['--epochs', '6', '--out', 'spikes', '--json'],
  );
  const { test: measured } = runDocument.parse(documents(stdout)[0]);
  // Four rings: chance is an error of 0.75.
  expect(measured?.error).toBeLessThan(0.05);
});
