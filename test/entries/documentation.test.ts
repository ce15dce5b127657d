/**
 * Every public name of `apical` and `apical/rules` has a docstring, every function and class an example, and every
 * example runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RULES } from '../../src/rules/index.ts';
import * as dynamics from '../../src/dynamics/index.ts';
import * as learning from '../../src/learning/index.ts';
import * as network from '../../src/network/index.ts';
import * as references from '../../src/references/index.ts';
import * as tensor from '../../src/tensor/index.ts';
import * as rulesEntry from '../../src/entries/rules.ts';
import { programOf, publicNames, ROOT, TIERS } from './documentation.ts';

const NAMES = publicNames();

test('every public name has a docstring, and every function and class an example', () => {
  const lacking = NAMES.filter(
    ({ isDocumented, needsExample, examples }) => !isDocumented || (needsExample && examples.length === 0),
  ).map(
    ({ name, file, isDocumented }) => `${file}: ${name} has no ${isDocumented ? 'example' : 'docstring'}`,
  );
  expect([...new Set(lacking)].sort()).toEqual([]);
});

test('every built-in rule is exported as an object', () => {
  expect(
    RULES.filter((rule) => !Object.values<unknown>(rulesEntry).includes(rule)).map(({ id }) => id),
  ).toEqual([]);
});

test('no name of a folder is hidden by another of the same name', () => {
  const folders = { ...tensor, ...network, ...dynamics, ...references, ...learning };
  for (const exports of [tensor, network, dynamics, references, learning])
    for (const [name, value] of Object.entries<unknown>(exports)) {
      expect((folders as Record<string, unknown>)[name], name).toBe(value);
      expect((rulesEntry as Record<string, unknown>)[name], name).toBe(value);
    }
});

describe('examples', () => {
  const examples = NAMES.flatMap(({ tier, name, examples: texts }) =>
    texts.map((text, index) => ({
      name: `${tier}, ${name}${index === 0 ? '' : ` (${index + 1})`}`,
      tier,
      text,
    })),
  ).map((example, index) => ({ ...example, file: `example${index}.ts` }));
  let folder: string;
  /** The error that each file threw; null if it threw none. */
  let outcomes: Record<string, string | null>;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'apical-examples-'));
    for (const { file, tier, text } of examples) {
      const names = NAMES.filter((each) => each.tier === tier).map(({ name }) => name);
      writeFileSync(path.join(folder, file), programOf(text, tier, names));
    }
    const runner = path.join(folder, 'run.mjs');
    writeFileSync(runner, RUNNER);
    const start = JSON.stringify({ root: ROOT, tiers: TIERS, files: examples.map(({ file }) => file) });
    const { stdout, stderr } = spawnSync(process.execPath, [runner, start], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    outcomes = JSON.parse(stdout) as typeof outcomes;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('type-check', () => {
    const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) =>
      ts.sys.readFile(file),
    ) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const files = examples.map(({ file }) => path.join(folder, file));
    const program = ts.createProgram(files, {
      ...options,
      noUnusedLocals: false,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    });
    const problems = examples.flatMap(({ name, file }) => {
      const source = program.getSourceFile(path.join(folder, file));
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      );
    });
    expect(problems).toEqual([]);
  });

  test.each(examples)('$name runs', ({ file }) => {
    expect(outcomes[file]).toBeNull();
  });
});

/** Runs all examples in one process, one after the other: loading the library takes longer than they do. */
const RUNNER = `
import path from 'node:path';
import process from 'node:process';
import { createRequire } from 'node:module';
const { root, tiers, files } = JSON.parse(process.argv[2]);
const { createJiti } = createRequire(path.join(root, 'package.json'))('jiti');
const alias = Object.fromEntries(
  Object.entries(tiers).map(([tier, entry]) => [tier, path.join(root, 'src/entries', entry + '.ts')]),
);
const jiti = createJiti(process.cwd() + '/', { alias, fsCache: path.join(root, 'node_modules/.cache/apical/jiti') });
const print = console.log;
console.log = () => undefined;
const outcomes = {};
for (const file of files) {
  try {
    await jiti.import(path.join(process.cwd(), file));
    outcomes[file] = null;
  } catch (error) {
    outcomes[file] = String(error?.stack ?? error);
  }
}
print(JSON.stringify(outcomes));
process.exit();
`;
