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
import * as rulesEntry from '../../src/entries/rules.ts';
import { programOf, publicNames, ROOT, TIERS } from './documentation.ts';

/** Files that still lack docstrings or examples. The list is to be emptied; no file may join it. */
const EXEMPT: readonly string[] = [
  'src/dynamics/clamped.ts',
  'src/dynamics/dendrites/basal-backpropagation.ts',
  'src/dynamics/dendrites/cells.ts',
  'src/dynamics/dropout.ts',
  'src/dynamics/feedforward/backpropagation.ts',
  'src/dynamics/feedforward/feedforward.ts',
  'src/dynamics/passes.ts',
  'src/dynamics/phase.ts',
  'src/dynamics/received.ts',
  'src/dynamics/record.ts',
  'src/dynamics/sampling/temperature.ts',
  'src/dynamics/sampling/units.ts',
  'src/dynamics/settling/backpropagation-through-time.ts',
  'src/dynamics/settling/couplings.ts',
  'src/dynamics/settling/dynamics.ts',
  'src/dynamics/settling/energy.ts',
  'src/dynamics/settling/linearisation.ts',
  'src/dynamics/settling/recurrent-backpropagation.ts',
  'src/dynamics/settling/relaxation.ts',
  'src/dynamics/stochastic/draws.ts',
  'src/dynamics/stochastic/enumeration.ts',
  'src/dynamics/stochastic/generative.ts',
  'src/dynamics/stochastic/units.ts',
  'src/rules/generative/readout.ts',
  'src/rules/scalar/local-readouts.ts',
  'src/rules/scalar/perturbation.ts',
];

const NAMES = publicNames();
const isComplete = ({ isDocumented, needsExample, examples }: (typeof NAMES)[number]) =>
  isDocumented && (!needsExample || examples.length > 0);
const missing = NAMES.filter((name) => !isComplete(name));

test('every public name has a docstring, and every function and class an example', () => {
  const lacking = missing
    .filter(({ file }) => !EXEMPT.includes(file))
    .map(
      ({ name, file, isDocumented }) => `${file}: ${name} has no ${isDocumented ? 'example' : 'docstring'}`,
    );
  expect([...new Set(lacking)].sort()).toEqual([]);
});

test('every exempt file lacks something', () => {
  const files = new Set(missing.map(({ file }) => file));
  expect(EXEMPT.filter((file) => !files.has(file))).toEqual([]);
});

test('every built-in rule is exported as an object', () => {
  expect(
    RULES.filter((rule) => !Object.values<unknown>(rulesEntry).includes(rule)).map(({ id }) => id),
  ).toEqual([]);
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
