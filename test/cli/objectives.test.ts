import { existsSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateDataset } from '../../src/datasets/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { runDocument } from './documents.ts';
import { apical, documents, expectRefusal, outcomeOf, TINY, workInEmptyFolder } from './fixture.ts';

/*
 * Objectives of a run: one without a derivative, and a loss function of the user.
 */

workInEmptyFolder();

const run = (objective: string, out: string, ...words: string[]) =>
  apical(
    'run',
    'rings',
    ...TINY,
    '--rule',
    'node-perturbation',
    '--set',
    `objective=${objective}`,
    '--out',
    out,
    ...words,
  );

const WRONG_OR_RIGHT = `export default (output, target) => {
  const label = output.indexOf(Math.max(...output));
  return label === target ? 0 : 1;
};`;

test("a user's loss function trains like the library's, to the bit, also after a resume", async () => {
  writeFileSync('mine.mjs', WRONG_OR_RIGHT);
  expect((await run('zero-one', 'theirs')).code).toBe(0);
  const { code, stdout } = await run('./mine.mjs', 'own', '--json');
  expect(code).toBe(0);
  const document = runDocument.parse(documents(stdout)[0]);
  expect(document.train?.loss).toBe(document.train?.error);
  // There is no exact gradient to compare with.
  expect(Object.values(document.alignment).every((angle) => angle === null)).toBe(true);
  expect(outcomeOf('own')).toEqual(outcomeOf('theirs'));
  expect((await apical('run', '--resume', 'own')).code).toBe(0);
});

test.each([
  ['export default 3;', ['a loss by default: a function']],
  ['export const loss = () => 1;', ['a loss by default: a function']],
  ['throw new Error("no luck today");', ['does not load', 'no luck today']],
])('a loss file with %s is refused', async (text, named) => {
  writeFileSync('mine.mjs', text);
  expectRefusal(await run('./mine.mjs', 'here'), 2, './mine.mjs', ...named);
  expect(existsSync('here')).toBe(false);
});

test('a loss of NaN names the example, and the run keeps its folder', async () => {
  writeFileSync('mine.mjs', 'export default (output, target) => (target === 1 ? NaN : 0);');
  const { code, stderr, stdout } = await run('./mine.mjs', 'here');
  expect(code).toBe(1);
  const message = /black-box objective .* returned NaN for training example (\d+) \(counted from 0\)/;
  const [, example] = message.exec(stdout + stderr) ?? [];
  const draws = new Sequence(stream(0, 'dataset'));
  const { train } = generateDataset('rings', { trainCount: 100, testCount: 30 }, draws);
  expect(train.targets[Number(example)]).toBe(1);
});

test('an invalid objective is refused before anything is written', async () => {
  expectRefusal(await run('zero-oen', 'here'), 2, 'zero-oen', 'zero-one', 'path of a file');
  expectRefusal(await run('./none.ts', 'here'), 2, 'no objective file', './none.ts');
  const teacher = ['run', 'linear-teacher', '--set', 'objective=zero-one', '--out', 'here'];
  expectRefusal(await apical(...teacher), 2, 'zero-one', 'class labels');
  expect(existsSync('here')).toBe(false);
});
