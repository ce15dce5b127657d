import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { configSchema } from '../../src/config/config.ts';
import { PRESETS } from '../../src/config/presets.ts';
import { RULES } from '../../src/rules/index.ts';
import {
  benchDocument,
  claimsDocument,
  compareDocument,
  dataDocument,
  errorDocument,
  rulesDocument,
  runDocument,
} from './documents.ts';
import { apical, documents, TINY, workInEmptyFolder } from './fixture.ts';
import type { Printed } from './fixture.ts';

workInEmptyFolder();

/** Parses the single document that a command printed. */
function only<Schema extends z.ZodType>(schema: Schema, { stdout }: Printed): z.output<Schema> {
  const found = documents(stdout);
  expect(found).toHaveLength(1);
  return schema.parse(found[0]);
}

const expectPlain = ({ stdout, stderr }: Printed) => expect(stdout + stderr).not.toContain('\u001b');

describe('run', () => {
  test('trains, prints the result, and writes a folder with a report', async () => {
    const printed = await apical('run', 'rings', ...TINY, '--out', 'here');
    expect(printed.code).toBe(0);
    expect(printed.stdout).toMatch(/backprop on rings, seed 0: done/);
    expect(printed.stdout).toMatch(/train error \d+\.\d\d %, test error \d+\.\d\d % \(\d+ of 30\)/);
    expect(printed.stdout).toContain(path.join('here', 'report.html'));
    expect(printed.stderr).toMatch(/100 training and 30 test examples/);
    expect(printed.stderr).toMatch(/Backend wasm, 1 thread/);
    expectPlain(printed);
    for (const name of ['run.json', 'config.json', 'metrics.jsonl', 'report.html']) {
      expect(existsSync(path.join('here', name)), name).toBe(true);
    }
  });

  test('--json prints the document that is also in the folder, and progress to stderr', async () => {
    const printed = await apical('run', 'rings', ...TINY, '--out', 'here', '--json');
    const document = only(runDocument, printed);
    expect(printed.code).toBe(0);
    expect(document).toMatchObject({ rule: 'backprop', task: 'rings', backend: 'wasm', threads: 1, seed: 0 });
    expect(document).toMatchObject({ epochs: 5, folder: 'here', status: 'done', test: { count: 30 } });
    expect(Object.keys(document.alignment)).toEqual(['input→hidden1', 'hidden1→output']);
    for (const angle of Object.values(document.alignment)) expect(angle).toBeLessThan(0.1);
    expect(document.test?.error).toBe((document.test?.errors ?? 0) / 30);
    const kept = JSON.parse(readFileSync('here/run.json', 'utf8')) as { document: unknown };
    expect(runDocument.parse(kept.document)).toEqual(document);
    expect(printed.stderr).toContain('epoch');
  });

  test('several seeds print one document per line and write a folder each', async () => {
    const printed = await apical('run', 'two-spirals', ...TINY, '--seeds', '3..4', '--out', 'here', '--json');
    const runs = documents(printed.stdout).map((document) => runDocument.parse(document));
    expect(runs.map(({ seed }) => seed)).toEqual([3, 4]);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(2);
    for (const { folder } of runs) expect(existsSync(path.join(folder, 'metrics.jsonl'))).toBe(true);
  });

  test('accepts a config file and options in any order, and creates a folder in runs/ by default', async () => {
    const config = {
      task: { dataset: 'linear-teacher', options: { trainCount: 50, testCount: 10 } },
      batch: 10,
    };
    writeFileSync('mine.json', JSON.stringify({ ...config, backend: 'wasm', epochs: 1 }));
    const printed = await apical(
      'run',
      '--epochs',
      '2',
      '--json',
      'mine.json',
      '--rule',
      'feedback-alignment',
    );
    const document = only(runDocument, printed);
    expect(document).toMatchObject({ task: 'linear-teacher', epochs: 2, rule: 'feedback-alignment' });
    expect(document.test).toMatchObject({ errors: 0, count: 10 });
    expect(document.folder).toMatch(/^runs.[\dT-]+-linear-teacher-feedback-alignment$/);
    expect(existsSync(path.join(document.folder, 'report.html'))).toBe(true);
  });

  test('--figures also writes images', async () => {
    const { code } = await apical('run', 'rings', ...TINY, '--out', 'here', '--figures');
    expect(code).toBe(0);
    const names = readdirSync('here', { recursive: true }).map(String);
    for (const kind of ['.svg', '.png'])
      expect(
        names.some((name) => name.endsWith(kind)),
        kind,
      ).toBe(true);
  });

  test('the angles of feedback alignment differ from those of the exact gradient', async () => {
    const printed = await apical(
      'run',
      'rings',
      ...TINY,
      '--rule',
      'feedback-alignment',
      '--out',
      'here',
      '--json',
    );
    const { alignment } = only(runDocument, printed);
    expect(alignment['hidden1→output']).toBeLessThan(0.1);
    expect(alignment['input→hidden1']).toBeGreaterThan(1);
  });
});

describe('compare', () => {
  test('prints a row per rule, the paired difference and the angles', async () => {
    const printed = await apical('compare', 'rings', ...TINY, '--seeds', '0,1', '--out', 'here');
    expect(printed.code).toBe(0);
    expect(printed.stdout).toMatch(/^backprop +2 +\d+\.\d\d % ± \d/m);
    expect(printed.stdout).toMatch(/^feedback-alignment +2 /m);
    expect(printed.stdout).toMatch(/backprop − feedback-alignment: .* test error, over 2 shared seeds/);
    expect(printed.stdout).toMatch(/input→hidden1 +\d+° [▁▂▃▄▅▆▇█]+ \d+°/);
    expectPlain(printed);
    expect(existsSync('here/report.html')).toBe(true);
  });

  test('--json has the runs, means by rule and metric, and paired differences', async () => {
    const printed = await apical('compare', 'rings', ...TINY, '--seeds', '0..2', '--out', 'here', '--json');
    const { runs, summary, paired } = only(compareDocument, printed);
    expect(runs.map(({ rule, seed }) => `${rule} ${seed}`).sort()).toEqual(
      ['backprop', 'feedback-alignment'].flatMap((rule) => [0, 1, 2].map((seed) => `${rule} ${seed}`)),
    );
    const errors = summary.filter(({ metric }) => metric === 'test error');
    expect(errors.map(({ rule }) => rule)).toEqual(['backprop', 'feedback-alignment']);
    for (const { rule, mean, seeds } of errors) {
      const own = runs.filter((run) => run.rule === rule).map(({ test }) => test?.error ?? Number.NaN);
      expect(mean).toBeCloseTo(own.reduce((sum, error) => sum + error, 0) / 3, 12);
      expect(seeds).toEqual([0, 1, 2]);
    }
    const [difference] = paired.filter(({ metric }) => metric === 'test error');
    expect(difference?.mean).toBeCloseTo((errors[0]?.mean ?? 0) - (errors[1]?.mean ?? 0), 12);
    expect(difference?.interval).toBeGreaterThanOrEqual(0);
  });

  test('accepts a single rule and seed', async () => {
    const printed = await apical(
      'compare',
      'rings',
      ...TINY,
      '--rules',
      'backprop',
      '--out',
      'here',
      '--json',
    );
    const { runs, paired } = only(compareDocument, printed);
    expect(runs).toHaveLength(1);
    expect(paired).toEqual([]);
  });
});

describe('rules', () => {
  test('lists every rule with locality and cost', async () => {
    const printed = await apical('rules');
    expect(printed.code).toBe(0);
    for (const { id } of RULES) expect(printed.stdout).toContain(id);
    expectPlain(printed);
  });

  test('--json has locality and cost as measured in a real step', async () => {
    const { rules } = only(rulesDocument, await apical('rules', '--json'));
    expect(rules.map(({ id }) => id)).toEqual(RULES.map(({ id }) => id));
    const uses = (id: string) =>
      rules
        .find((rule) => rule.id === id)
        ?.locality.some(({ transposedWeights }) => transposedWeights.length > 0);
    expect(uses('backprop')).toBe(true);
    expect(uses('feedback-alignment')).toBe(false);
  });

  test('shows equation, source and options of one rule', async () => {
    const printed = await apical('rules', 'feedback-alignment');
    expect(printed.stdout).toMatch(/Lillicrap.*2016/);
    expect(printed.stdout).toMatch(
      /ruleOptions\.feedback \(as-forward \| uniform \| normal, default "as-forward"\)/,
    );
    const { rules } = only(rulesDocument, await apical('rules', 'feedback-alignment', '--json'));
    expect(rules.map(({ id }) => id)).toEqual(['feedback-alignment']);
  });
});

describe('data, claims and bench', () => {
  test('data lists the status of every data set and how to get it', async () => {
    const [shown, json] = [await apical('data'), await apical('data', '--json')];
    const { datasets } = only(dataDocument, json);
    expect(shown.code).toBe(0);
    expect(datasets.find(({ id }) => id === 'mnist')).toMatchObject({ verified: true, count: 70_000 });
    for (const { id, verified, how } of datasets) {
      expect(shown.stdout).toContain(id);
      if (!verified) expect(shown.stdout).toContain(how);
    }
    expectPlain(shown);
  });

  test('claims lists published claims with the last verdict', async () => {
    const [shown, json] = [await apical('claims'), await apical('claims', '--json')];
    for (const { id, status } of only(claimsDocument, json).claims) {
      expect(shown.stdout).toContain(id);
      expect(shown.stdout).toContain(status);
    }
    expect([shown.code, json.code]).toEqual([0, 0]);
    expectPlain(shown);
  });

  test('claims report writes a page and prints its path', async () => {
    const { code, stdout } = await apical('claims', 'report', '--out', 'page.html', '--json');
    expect(code).toBe(0);
    expect(documents(stdout)).toEqual([{ version: 1, kind: 'claims-report', path: 'page.html' }]);
    expect(readFileSync('page.html', 'utf8')).toMatch(/^<!doctype html>/i);
  });

  test('bench measures the requested groups', async () => {
    const printed = await apical('bench', '--quick', '--only', 'limit', '--json');
    expect(printed.code).toBe(0);
    for (const { id } of only(benchDocument, printed).rows) expect(id).toMatch(/^limit\//);
  });
});

describe('help', () => {
  const COMMANDS = [
    ...['run', 'compare', 'search', 'data', 'rules', 'lab', 'estimate', 'signals', 'settle', 'likelihood'],
    ...['predict', 'export', 'claims', 'bench', 'help'],
  ];

  test.each(COMMANDS.map((name) => [name]))('of %s begins with examples', async (name) => {
    const asked = await apical('help', name);
    const flagged = await apical(name, '--help');
    expect([asked.code, flagged.code]).toEqual([0, 0]);
    expect(asked.stdout).toBe(flagged.stdout);
    expect(asked.stdout).toMatch(new RegExp(`^Examples:\\n  apical ${name}[ \\n]`));
    expect(asked.stdout.match(/Examples:/g)).toHaveLength(1);
    expect(asked.stdout.indexOf('Usage:')).toBeGreaterThan(0);
    const [document] = documents((await apical('help', name, '--json')).stdout);
    expect(document).toMatchObject({ kind: 'help', topic: name, text: asked.stdout });
  });

  test('without a topic begins with examples and lists every command in groups', async () => {
    const { code, stdout } = await apical('help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:/);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stdout).not.toMatch(/^Commands:/m);
    expect((await apical('--help')).stdout).toBe(stdout);
    expect((await apical('claims', 'run', '--help')).stdout).toMatch(/^Examples:\n {2}apical claims run/);
  });

  test('of config lists every key', async () => {
    const { stdout } = await apical('help', 'config');
    for (const key of Object.keys(configSchema.shape)) expect(stdout).toMatch(new RegExp(`^${key}\\b`, 'm'));
    expect(documents((await apical('help', 'config', '--json')).stdout)[0]).toMatchObject({
      topic: 'config',
    });
  });

  test('of presets lists every preset, and of exits every code', async () => {
    const presets = await apical('help', 'presets');
    for (const { id } of PRESETS) expect(presets.stdout).toContain(id);
    const exits = await apical('help', 'exits');
    for (const code of ['0', '1', '2', '3', '130'])
      expect(exits.stdout).toMatch(new RegExp(`^ *${code} `, 'm'));
    expectPlain(exits);
  });

  test('--version prints the version of the package', async () => {
    const { stdout } = await apical('--version');
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(stdout).toBe(`${version}\n`);
  });
});

describe('output', () => {
  test('an error with --json is a document, and its message still goes to stderr', async () => {
    for (const words of [
      ['run', 'no-such-preset', '--json'],
      ['run', 'rings', '--no-such-option', '--json'],
      ['rules', 'no-such-rule', '--json'],
    ]) {
      const printed = await apical(...words);
      const { message, exitCode } = only(errorDocument, printed);
      expect(printed.code).toBe(2);
      expect(exitCode).toBe(2);
      expect(printed.stderr).toContain(message);
    }
  });

  test('colours are for terminals, unless NO_COLOR is set', async () => {
    const was = process.stdout.isTTY;
    try {
      process.stdout.isTTY = true;
      vi.stubEnv('NO_COLOR', '');
      expect((await apical('claims')).stdout).toContain('\u001b');
      vi.stubEnv('NO_COLOR', '1');
      expectPlain(await apical('claims'));
    } finally {
      process.stdout.isTTY = was;
      vi.unstubAllEnvs();
    }
  });
});
