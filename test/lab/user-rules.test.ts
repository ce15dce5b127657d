import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { loadRule } from '../../src/runs/files/rule-file.ts';
import { RuleModules } from '../../src/serving/rule-modules.ts';
import { learn, openBench, ready, requireAccessible } from './fixture.ts';
import type { Bench } from './fixture.ts';
import { inNode } from './in-node.ts';

/** A rule with an option, whose update a second file computes. Line 14 is the first line of `learn`. */
const MINE = `import { ruleById, z } from 'apical/rules';
import type { Rule } from 'apical';
import { scaled } from './parts/scaled.js';

const backprop = ruleById('backprop');
const mine: Rule<{ readonly gain: number }> = {
  ...backprop,
  id: 'amplified',
  title: 'Amplified backpropagation',
  summary: 'Multiplies every update by a \`gain\`.',
  equation: String.raw\`\\Delta W = -g\\,\\eta\\, \\nabla L\`,
  options: z.strictObject({ gain: z.number().positive().default(1).describe('gain g of the \`update\`') }),
  learn(step) {
    backprop.learn(scaled(step, step.options.gain));
  },
};
export default mine;
`;
const SCALED = `import type { LearningStep } from 'apical';

export function scaled<Options>(step: LearningStep<Options>, gain: number): LearningStep<Options> {
  const emit: typeof step.emit = (parameter, term) =>
    step.emit(parameter, { ...term, factor: term.factor * gain });
  return Object.assign(Object.create(step) as LearningStep<Options>, { emit });
}
`;

let folder: string;
let file: string;
let other: string;
let bench: Bench;
const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'apical-rules-'));
  mkdirSync(path.join(folder, 'parts'));
  file = path.join(folder, 'mine.ts');
  other = path.join(folder, 'other.js');
  bench = await openBench({ rules: [file, other] });
});
beforeEach(() => {
  write('mine.ts', MINE);
  write('parts/scaled.ts', SCALED);
  write(
    'other.js',
    `module.exports = { ...require('apical').ruleById('backprop'), id: 'other', title: 'Other' };`,
  );
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const plan = (rule: string, options?: object) =>
  `#/lab?preset=rings&rule=backprop&rule=${encodeURIComponent(options ? `${rule}~${JSON.stringify(options)}` : rule)}`;
const problems = (page: Page) => page.locator('.notices .problem li').allTextContents();

describe('modules of a rule file', () => {
  test('keep the lines of the file and list the imports of each', () => {
    const modules = new RuleModules([file]);
    const [entry] = modules.read();
    if (!entry || 'problem' in entry) throw new Error('The file does not load.');
    expect(entry.modules[entry.entry]).toEqual({ './parts/scaled.js': '0/1/scaled.ts' });
    const code = modules.module(entry.entry) ?? '';
    expect(code.split('\n')[12]).toContain('learn(step) {');
    expect(code).not.toContain('Rule<');
    expect(modules.module('0/2/secret.ts')).toBeUndefined();
  });

  test.each([
    ['mine.ts', 'const a = 1;\nconst b = ;\n', 'mine.ts, line 2: Unexpected token'],
    ['parts/scaled.ts', '\n\nexport const scaled = (;\n', 'scaled.ts, line 3: Unexpected token'],
  ])('of a broken %s give a problem with the line', (name, text, message) => {
    write(name, text);
    const [entry] = new RuleModules([file]).read();
    expect(entry).toMatchObject({ reference: file, problem: expect.stringContaining(message) as unknown });
  });

  test('of a missing file give a problem that names it', () => {
    const [entry] = new RuleModules(['./no-such-rule.ts']).read();
    expect(entry).toMatchObject({ problem: expect.stringContaining('there is no file') as unknown });
  });
});

describe('a rule file in the page', () => {
  test('is offered, has a form, an equation and an audit, and learns the numbers of Node', async () => {
    const { page, said } = await bench.open('#/lab?preset=rings&rule=backprop');
    await ready(page);
    await page.getByRole('button', { name: 'Add a rule' }).click();
    await page.getByRole('article', { name: 'Network trained by Amplified backpropagation' }).waitFor();
    await page.locator('[data-lane="1"] summary').click();
    expect(await page.locator('[data-lane="1"] .form-note').innerHTML()).toContain('<code>update</code>');
    const gain = page.locator('[data-lane="1"] #field-gain');
    await gain.fill('-1');
    await gain.press('Enter');
    await page.locator('.form-problem', { hasText: 'gain: must be more than 0' }).waitFor();
    await gain.fill('0.5');
    await gain.press('Enter');
    await page.getByText('Rule options (1 set)').waitFor();
    await ready(page);
    await learn(page, 60);
    const { fingerprint } = await inNode('rings', {
      rule: await loadRule(file),
      input: { rule: file, ruleOptions: { gain: 0.5 } },
      steps: 60,
    });
    expect(await page.evaluate(() => window.apicalLab.ask('fingerprint', 1))).toBe(fingerprint);
    expect(await page.evaluate(() => window.apicalLab.ask('fingerprint', 0))).not.toBe(fingerprint);

    await page.getByRole('link', { name: 'Rules' }).click();
    const section = page.locator('section', { has: page.getByRole('heading', { name: 'Your rules' }) });
    const card = section.locator('.rule-card').first();
    await card.getByRole('heading', { name: 'Amplified backpropagation' }).waitFor();
    expect(await card.locator('.equation math').count()).toBe(1);
    expect(await card.locator('.rule-summary').innerHTML()).toContain('<code>gain</code>');
    await card.locator('summary').first().click();
    await card.getByText(/A step costs 1 ×/).waitFor();
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('is named by links and commands, and may be CommonJS', async () => {
    const { page, said } = await bench.open(plan(other));
    await ready(page);
    await learn(page, 10);
    await expect
      .poll(() => page.evaluate(() => decodeURIComponent(location.hash)))
      .toContain(`rule=${other}`);
    await page.getByRole('button', { name: 'Share' }).click();
    expect(await page.locator('.share-menu pre').textContent()).toBe(
      `apical compare rings --rules backprop,${other} --backend wasm`,
    );
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('is read again when the page is reloaded', async () => {
    const { page } = await bench.open(plan(file, { gain: 2 }));
    await ready(page);
    write('mine.ts', MINE.replace('Amplified backpropagation', 'Second version'));
    await page.reload();
    await page.getByRole('article', { name: 'Network trained by Second version' }).waitFor();
    await page.context().close();
  });

  test.each([
    ['does not parse', MINE.replace('learn(step) {', 'learn(step {'), /mine\.ts, line 13: Unexpected token/],
    [
      'throws',
      MINE.replace('export default mine', '\nundefinedName()'),
      /mine\.ts, line 18: undefinedName is not/,
    ],
    ['is no rule', 'export default { id: "x" };', /The rule file ".*mine\.ts" .*family/],
    ['has an async learn', MINE.replace('learn(', 'async learn('), /async learn\. Make it a plain function/],
    [
      'imports Node',
      `import 'node:fs';\n${MINE}`,
      /mine\.ts, line 1: it imports "node:fs", but in a browser/,
    ],
    [
      'imports what is missing',
      MINE.replace('scaled.js', 'gone.js'),
      /mine\.ts, line 3: it imports "\.\/parts\/gone\.js", which does not/,
    ],
    [
      'uses what a browser lacks',
      MINE.replace('ruleById, z', 'ruleById, z, loadRun').replace(
        'const backprop',
        'loadRun(); const backprop',
      ),
      /mine\.ts, line 5: it uses "loadRun" of "apical\/rules", which does not exist in a browser/,
    ],
  ])('that %s gives one readable notice, and the rest works', async (_, text, message) => {
    write('mine.ts', text);
    const { page, said } = await bench.open(plan(file));
    await ready(page);
    const listed = await problems(page);
    expect(
      listed.filter((line) => message.test(line)),
      listed.join('\n'),
    ).toHaveLength(1);
    expect(listed.filter((line) => line.includes('so its rule is left out'))).toHaveLength(1);
    expect(await page.locator('.lane').count()).toBe(1);
    await page.getByLabel('Rule 1', { exact: true }).selectOption(other);
    await page.getByRole('article', { name: 'Network trained by Other' }).waitFor();
    await ready(page);
    await learn(page, 3);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('that fails while learning ends its own lane, with the line', async () => {
    write('mine.ts', MINE.replace('backprop.learn(', 'undefinedName(); backprop.learn('));
    const { page } = await bench.open(plan(file));
    await ready(page);
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await page
      .locator('[data-lane="1"] [role="alert"]', {
        hasText: /undefinedName is not defined.*mine\.ts, line 14/,
      })
      .waitFor();
    await page.context().close();
  });

  test('that this server lacks is named in the problem of the link, with the command', async () => {
    const { page, said } = await bench.open(plan('./theirs.ts'));
    await ready(page);
    const [problem] = await problems(page);
    expect(problem).toContain('The rule file "./theirs.ts" is not served with this page.');
    expect(await page.locator('.notices .problem li').innerHTML()).toContain(
      '<code>apical lab --rule ./theirs.ts</code>',
    );
    expect(await page.locator('.lane').count()).toBe(1);
    await requireAccessible(page);
    expect(said).toEqual([]);
    await page.context().close();
  });
});

describe('apical lab --rule', () => {
  const binary = fileURLToPath(new URL('../../bin/apical.js', import.meta.url));
  const apical = (...words: string[]) =>
    promisify(execFile)(process.execPath, [binary, 'lab', ...words]).catch((failure: unknown) => failure);

  test('shows an example first in its help', async () => {
    const { stdout } = (await apical('--help')) as { stdout: string };
    expect(stdout.indexOf('apical lab --rule ./my-rule.ts')).toBeGreaterThan(0);
    expect(stdout.indexOf('apical lab --rule ./my-rule.ts')).toBeLessThan(stdout.indexOf('Usage:'));
  });

  test.each([
    [['--rule', 'backprop'], /--rule takes the path of a rule file, .*"backprop"/],
    [['--rule', './no-such-rule.ts'], /no-such-rule\.ts/],
  ])('refuses %j', async (words, message) => {
    expect(await apical(...words)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message) as unknown,
    });
  });
});
