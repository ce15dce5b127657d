/**
 * Type-checks and runs every block of code in the README and docs, as a reader does who has installed the package. A
 * block whose info string names a file (```ts examples/mine.ts) shows that file, or is a file that later commands of
 * the page read.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import type { Block } from './markdown.ts';
import { readPages, ROOT } from './markdown.ts';
import { isCommands } from './shell.ts';
import { closeWorkplace, openWorkplace } from './workplace.ts';

/** Languages of blocks that are shown, not run. */
const SHOWN = ['', 'text', 'python', 'html'];

const PROGRAMS = readPages()
  .filter(({ blocks }) => blocks.some(isProgram))
  .map((page) => ({ ...page, folder: openWorkplace(page) }));

describe.each(readPages().filter(({ blocks }) => blocks.length > 0))('$path', ({ blocks }) => {
  test.each(blocks)('$at is in a language that is tested or only shown', (block) => {
    const tested = isCommands(block) || isProgram(block) || block.language === 'json';
    expect(tested || SHOWN.includes(block.language), `"${block.language}"`).toBe(true);
  });

  test.each(blocks.filter(({ language }) => language === 'json'))('$at is JSON', ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  test.each(blocks.filter((block) => isProgram(block) && showsFile(block)))('$at is in $file', (block) => {
    const file = readFileSync(path.join(ROOT, block.file as string), 'utf8');
    expect(withoutComments(file)).toContain(withoutComments(block.text));
  });
});

describe('programs', () => {
  const programs = PROGRAMS.flatMap(({ blocks, folder }) =>
    blocks.filter(isProgram).map((block) => ({ at: block.at, file: fileOf(block, folder), folder })),
  );
  afterAll(() => PROGRAMS.forEach(({ folder }) => closeWorkplace(folder)));

  test('every page with programs is found', () => {
    expect(programs.length).toBeGreaterThan(0);
  });

  test('programs type-check', () => {
    const program = ts.createProgram(
      programs.map(({ file }) => file),
      compilerOptions(),
    );
    const problems = programs.flatMap(({ at, file }) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        (problem) => `${at}: ${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}`,
      );
    });
    expect(problems).toEqual([]);
  });

  test.each(programs)('$at runs', ({ file, folder }) => {
    const runnable = file.replace(/\.(?:ts|js)$/, '.runnable.js');
    writeFileSync(runnable, transpile(readFileSync(file, 'utf8')));
    const { status, stderr } = spawnSync(process.execPath, [runnable], { cwd: folder, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr });
  });
});

function isProgram({ language }: Block): boolean {
  return ['ts', 'typescript', 'js', 'javascript'].includes(language);
}

function showsFile({ file }: Block): boolean {
  return file !== undefined && existsSync(path.join(ROOT, file));
}

/** Returns the file of a block in the folder of its page, and writes a block that has no file name. */
function fileOf(block: Block, folder: string): string {
  if (block.file !== undefined) return path.join(folder, block.file);
  const file = path.join(folder, `line-${block.line}.${block.language.startsWith('t') ? 'ts' : 'js'}`);
  writeFileSync(file, `${block.text}\n`);
  return file;
}

/** Returns the compiler options of this project, for a snippet next to an installed package. */
function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) =>
    readFileSync(file, 'utf8'),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  return {
    ...options,
    paths: {},
    typeRoots: [path.join(ROOT, 'node_modules', '@types')],
    allowJs: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
}

function transpile(text: string, removeComments = false): string {
  return ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, removeComments },
  }).outputText;
}

const withoutComments = (text: string): string => transpile(text, true).trim();
