/**
 * Runs every command of the README and docs as a reader types it: in an empty folder with the examples, page by page,
 * in order. A command with a stated duration (`# 9 min`, `# 2 to 4 h`) is planned instead: its words, rules, config and
 * data are read, and it is stopped before it computes. `APICAL_DOCS_MINUTES=10` also runs those that take up to ten
 * minutes.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { apical, start } from '../cli/fixture.ts';
import type { Page } from './markdown.ts';
import { readPages, ROOT } from './markdown.ts';
import type { Line } from './shell.ts';
import { commandsOf, minutesOf, splitCommand } from './shell.ts';
import { closeWorkplace, openWorkplace } from './workplace.ts';

const PAGES = readPages();
const LONGEST_MINUTES = Number(process.env['APICAL_DOCS_MINUTES'] ?? 0);
/** Time limit for a command that hangs, on a machine that may be busy. */
const TIMEOUT = 180_000 + 4 * 60_000 * LONGEST_MINUTES;
const HOME = process.cwd();

const backend = vi.hoisted(() => ({ opened: 0 }));

// A command that opens a backend has read all its arguments, and would now begin to compute.
vi.mock('../../src/backends/open.ts', async (original) => ({
  ...(await original<object>()),
  openBackend: () => {
    backend.opened += 1;
    throw new ApicalError('docs.planned', 'Planned, and stopped before it computes.');
  },
}));

describe.each(PAGES.filter((page) => commandsOf(page).length > 0))('$path', (page) => {
  let folder = '';
  beforeAll(() => {
    folder = openWorkplace(page);
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(HOME);
    closeWorkplace(folder);
  });

  test.each(planOf(page))(
    '$at $typed',
    async ({ words, treatment }) => {
      if (treatment === 'run') await expectRuns(words);
      else if (treatment === 'plan') await expectPlans(words);
      else if (treatment === 'parse') await expectParses(words);
      else expectKnown(words);
    },
    TIMEOUT,
  );
});

/** The options of all commands. */
const OPTIONS = new Set<string>();
beforeAll(async () => {
  const { addOption } = Command.prototype;
  const spy = vi.spyOn(Command.prototype, 'addOption').mockImplementation(function (this: Command, option) {
    if (option.long) OPTIONS.add(option.long);
    return addOption.call(this, option);
  });
  await apical('help', 'exits');
  spy.mockRestore();
});

describe('commands within sentences', () => {
  const spans = PAGES.flatMap(({ spans }) => spans);

  test.each(spans.filter(({ text }) => isApical(text.split(' '))))('$at $text', async ({ text }) => {
    const { stderr } = await parse(apicalWords(splitCommand(text).words));
    // An option may be shown without its value.
    expect(stderr).not.toMatch(/unknown|is invalid|too many/);
  });

  test.each(spans.filter(({ text }) => text.startsWith('--')))('$at $text', ({ text }) => {
    const [option = ''] = text.split(/[ =]/);
    expect([...OPTIONS], `no command has the option ${option}`).toContain(option);
  });
});

interface Planned extends Line {
  readonly typed: string;
  /** `know` checks that a script or program that does not belong to Apical exists. */
  readonly treatment: 'run' | 'plan' | 'parse' | 'know';
}

/** Decides how each command of a page is tested, in order. */
function planOf(page: Page): Planned[] {
  /** Folders that earlier commands would have written. */
  const absent: string[] = [];
  return commandsOf(page).map((line) => {
    const treatment = treatmentOf(line, absent);
    const out = line.words[line.words.indexOf('--out') + 1];
    if (treatment !== 'run' && line.words.includes('--out') && out !== undefined) absent.push(out);
    return { ...line, typed: line.words.join(' '), treatment };
  });
}

function treatmentOf(line: Line, absent: readonly string[]): Planned['treatment'] {
  const { words } = line;
  if (!isApical(words)) return 'know';
  const [name, action, ...others] = apicalWords(words);
  const paths = [action, ...others].flatMap((word) => word?.split(/[,=]/) ?? []);
  const reads = (folder: string) => paths.some((given) => given === folder || given.startsWith(`${folder}/`));
  if (words.some(isPlaceholder) || absent.some(reads)) return 'parse';
  // `lab` serves the page until stopped; `claims run` would write verdicts into the checkout.
  if (name === 'lab') return 'parse';
  if (name === 'claims' && action === 'run') return 'plan';
  return (minutesOf(line) ?? 0) > LONGEST_MINUTES ? 'plan' : 'run';
}

/** Returns whether a reader must replace a word: "runs/…", "FILE", "task.dataset=PATH". */
const isPlaceholder = (word: string): boolean => /…|(?:^|[=,/])[A-Z]{2,}\b/.test(word);

const isApical = ([first, second]: readonly string[]): boolean =>
  first === 'apical' || (first === 'npx' && second === 'apical');

const apicalWords = (words: readonly string[]): string[] => words.slice(words.indexOf('apical') + 1);

async function expectRuns(words: readonly string[]): Promise<void> {
  const { child, ended } = start(apicalWords(words));
  // End the process after a timeout as well.
  onTestFinished(() => void child.kill('SIGKILL'));
  const { code, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr });
}

async function expectPlans(words: readonly string[]): Promise<void> {
  backend.opened = 0;
  const { stdout, stderr } = await apical(...apicalWords(words), '--json');
  // Not every machine has Fashion-MNIST.
  const lacksData = stdout.includes('"code":"dataset.missing"');
  expect({ planned: backend.opened > 0 || lacksData, stderr }).toEqual({ planned: true, stderr });
}

async function expectParses(words: readonly string[]): Promise<void> {
  const { code, stderr } = await parse(apicalWords(words));
  expect({ code, stderr }).toEqual({ code: 0, stderr });
}

/** Parses a command line as the program does, without running it. */
async function parse(words: readonly string[]) {
  const { action } = Command.prototype;
  const spy = vi.spyOn(Command.prototype, 'action').mockImplementation(function (this: Command) {
    return action.call(this, () => undefined);
  });
  try {
    return await apical(...words);
  } finally {
    spy.mockRestore();
  }
}

const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** Expects that a program outside Apical exists: an npm script, a program of a dependency, a file. */
function expectKnown(words: readonly string[]): void {
  const [program = '', ...rest] = words;
  const [name = '', argument = ''] = rest.filter((word) => !word.startsWith('-'));
  if (program === 'npm' && ['start', 'test'].includes(name)) expect(scripts).toHaveProperty(name);
  else if (program === 'npm' && name === 'run') expect(scripts).toHaveProperty([argument]);
  else if (program === 'npm') expect(rest.join(' ')).toMatch(/^(?:ci|install|link)\b|^--prefix bench ci$/);
  else if (program === 'npx') expect(existsSync(path.join(ROOT, 'node_modules', '.bin', name))).toBe(true);
  else if (program.includes('/')) expect(existsSync(path.join(ROOT, program)), program).toBe(true);
  else expect(['cd', 'git'], 'programs that no test runs').toContain(program);
}
