import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runDocument } from './documents.ts';
import {
  apical,
  documents,
  expectNoStack,
  expectRefusal,
  outcomeOf,
  start,
  TINY,
  workInEmptyFolder,
  writeRule,
} from './fixture.ts';

workInEmptyFolder();

const run = (file: string, ...words: string[]) =>
  apical('run', 'rings', ...TINY, '--rule', file, '--out', 'here', ...words);

describe('a rule file that does not load', () => {
  test.each([
    ['has a syntax error', 'export default {', ['does not load']],
    ['throws on import', 'throw new Error("no luck today");', ['does not load', 'no luck today']],
    ['imports a missing package', 'import "no-such-package";', ['does not load', 'no-such-package']],
    ['has no default export', 'export const rule = {};', ['does not export a rule']],
    ['exports a function', 'export default () => 1;', ['does not export a rule']],
    ['exports nothing', 'export default undefined;', ['does not export a rule']],
  ])('%s', async (_what, text, named) => {
    writeFileSync('mine.ts', text);
    expectRefusal(await run('./mine.ts'), 2, './mine.ts', ...named);
    expect(existsSync('here')).toBe(false);
  });

  test('is missing', async () => {
    expectRefusal(await run('./mine.ts'), 2, 'no rule file', './mine.ts');
    expectRefusal(await apical('rules', './mine.ts'), 2, 'no rule file', './mine.ts');
  });
});

describe('a rule that breaks the contract', () => {
  const fields = ['id', 'family', 'title', 'summary', 'equation', 'cites', 'options', 'dynamics', 'learn'];
  test.each(fields)('lacks its %s', async (field) => {
    writeRule('mine.mjs', { [field]: undefined });
    expectRefusal(await run('./mine.mjs'), 2, './mine.mjs', `"${field}"`);
    expect(existsSync('here')).toBe(false);
  });

  test.each([
    ['id', `'My Rule'`, 'lower case'],
    ['cites', `'lillicrap2016'`, 'array'],
    ['options', '{}', 'zod'],
    ['dynamics', `'feedforward'`, 'dynamics'],
    ['learn', '42', 'function'],
    ['network', '{ wire: 42 }', 'function', 'network.wire'],
  ])('has a %s that is %s', async (field, value, named, where = field) => {
    writeRule('mine.mjs', { [field]: value });
    expectRefusal(await run('./mine.mjs'), 2, `"${where}"`, named);
  });

  test('shares its id or file name with another rule', async () => {
    mkdirSync('other');
    writeRule('mine.mjs', {});
    writeRule('yours.mjs', {});
    writeRule('other/mine.mjs', { id: `'yours'` });
    writeRule('theirs.mjs', { id: `'backprop'` });
    const compare = (rules: string) => apical('compare', 'rings', ...TINY, '--rules', rules, '--out', 'here');
    expectRefusal(await compare('./mine.mjs,./yours.mjs'), 2, './mine.mjs', './yours.mjs', '"mine"');
    expectRefusal(await compare('./mine.mjs,./other/mine.mjs'), 2, './mine.mjs', './other/mine.mjs');
    expectRefusal(await compare('backprop,./theirs.mjs'), 2, 'backprop', './theirs.mjs');
  });
});

/** Mistakes of a rule that appear when it runs. */
const FAULTS = [
  ['throws', 'throw new Error("no idea");', 'no idea'],
  ['throws at a later step', 'if (step.step === 3) throw new Error("no idea any more");', 'step 3'],
  ['throws something other than an error', 'throw null;', 'null'],
  ['returns a promise', 'return Promise.reject(new Error("later"));', 'promise'],
  ['reads a state that it did not declare', 'step.state("trace");', '"trace"'],
  [
    'emits an unknown kind of term',
    'step.emit(step.network.projections[0], { kind: "hebb" });',
    'outer, direction',
  ],
  ['emits undefined instead of a term', 'step.emit(step.network.projections[0], undefined);', 'mine'],
  [
    'emits a term of the wrong shape',
    'const [p] = step.network.projections; step.emit(p, { kind: "outer", pre: step.inputs, post: step.inputs });',
    '(2, 8)',
  ],
  [
    'emits a term for a projection that is not plastic',
    'step.emit({ ...step.network.projections[0], id: "stiff" }, { kind: "outer", post: step.inputs });',
    '"stiff"',
  ],
  ['needs more memory than there is', 'step.compute.temporary([1e6, 1e6]);', 'Out of heap'],
] as const;

describe('a rule that fails while learning', () => {
  test.each(FAULTS)('%s: the run fails with a message', async (_what, body, named) => {
    writeRule('mine.mjs', { learn: `(step) => { ${body} }` });
    const { code, stdout, stderr } = await run('./mine.mjs', '--json');
    expect(code).toBe(1);
    expectNoStack(stderr);
    expect(stderr).toContain('mine');
    expect(stderr).toContain(named);
    const [document] = documents(stdout);
    expect(runDocument.parse(document)).toMatchObject({ rule: 'mine', status: 'failed' });
    expect(document).toMatchObject({ failure: { message: expect.stringContaining(named) as string } });
    expect(JSON.parse(readFileSync('here/run.json', 'utf8'))).toMatchObject({ status: 'failed' });
  });

  test('before the first step, in wire or state, leaves no folder', async () => {
    const hook = '() => { throw new Error("no idea"); }';
    for (const groups of [{ network: `{ wire: ${hook} }` }, { learning: `{ state: ${hook} }` }]) {
      writeRule('mine.mjs', groups);
      expectRefusal(await run('./mine.mjs'), 1, '"mine"', 'no idea');
      expect(existsSync('here')).toBe(false);
    }
  });

  test('does not stop the other rules of a comparison', async () => {
    writeRule('mine.mjs', { learn: '() => { throw new Error("no idea"); }' });
    const printed = await apical(
      'compare',
      'rings',
      ...TINY,
      '--rules',
      'backprop,./mine.mjs',
      '--out',
      'here',
    );
    expect(printed.code).toBe(1);
    expect(printed.stdout).toMatch(/^backprop +1 +\d/m);
    expect(printed.stdout).toContain('no idea');
    expect(existsSync('here/report.html')).toBe(true);
  });

  test('also if it is only shown', async () => {
    writeRule('mine.mjs', { learn: '() => { throw new Error("no idea"); }' });
    expectRefusal(await apical('rules', './mine.mjs'), 1, '"mine"', 'no idea');
  });
});

test('a rule that never computes an error runs, and shows none', async () => {
  writeRule('mine.mjs', {});
  const printed = await run('./mine.mjs', '--json');
  expect(printed.code).toBe(0);
  expect(runDocument.parse(documents(printed.stdout)[0])).toMatchObject({ train: null, status: 'done' });
  expect(printed.stderr).not.toContain('NaN');
});

test('a rule file that imports from "apical" trains like the same rule of the library, to the bit', async () => {
  const text = `
    import { defineRule } from 'apical';
    import { descend, feedforward, noOptions } from 'apical/rules';
    import type { LearningStep } from 'apical/rules';
    export default defineRule({
      id: 'mine', family: 'Mine', title: 'Mine', summary: '', equation: '', cites: [], options: noOptions,
      dynamics: feedforward,
      learn(step: LearningStep) {
        descend(step, step.run('forward'), (projection, above, below, beta) =>
          projection.sendBack(step.compute, below, above, beta));
      },
    });`;
  writeFileSync('mine.ts', text);
  const { ended } = start(['run', 'rings', ...TINY, '--rule', './mine.ts', '--out', 'mine']);
  const printed = await ended;
  expect(printed).toMatchObject({ code: 0, stderr: printed.stderr });
  expect((await apical('run', 'rings', ...TINY, '--out', 'theirs')).code).toBe(0);
  expect(outcomeOf('mine')).toEqual(outcomeOf('theirs'));
});
