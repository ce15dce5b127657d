import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from 'vite';
import type { Rolldown } from 'vite';
import { evaluate, loadNetwork, train } from '../../src/entries/index.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const entry = (name: string) => path.join(root, 'src/entries', `${name}.ts`);
const alias = {
  'apical/rules': entry('rules'),
  'apical/browser': entry('browser'),
  'apical/internals': entry('browser-internals'),
};

let folder: string;
const reached: string[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'apical-browser-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a page's script: as files that are fetched when they are needed, or as one file. */
async function bundle(script: string, isOneFile: boolean): Promise<Rolldown.OutputChunk[]> {
  const page = path.join(folder, 'page.ts');
  writeFileSync(page, script);
  const result = await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    resolve: { alias },
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      ...(isOneFile
        ? { minify: true, lib: { entry: page, formats: ['iife'], name: 'page' } }
        : { minify: true, rolldownOptions: { input: page, preserveEntrySignatures: 'strict' } }),
    },
    plugins: [
      {
        name: 'record-node-modules',
        enforce: 'pre',
        resolveId(source: string) {
          if (source.startsWith('node:') || source === 'koffi' || source === 'jiti') reached.push(source);
          return null;
        },
      },
    ],
  });
  const [output] = (Array.isArray(result) ? result : [result]) as Rolldown.RolldownOutput[];
  return (output as Rolldown.RolldownOutput).output.filter((file) => file.type === 'chunk');
}

describe('a page', () => {
  let answer: {
    backend: string;
    first: number;
    last: number;
    error: number;
    bytes: Uint8Array;
    outputs: number[];
    again: number[];
    refusals: string[];
    compared: string[];
  };
  let code: string;

  beforeAll(async () => {
    const chunks = await bundle(
      `import { compare, evaluate, loadNetwork, train } from 'apical/browser';
       const options = { dataset: 'rings', network: { hidden: [16] }, batch: 20, epochs: 5, task: { options: { trainCount: 400, testCount: 100 } } };
       const refused = (promise) => promise.then(() => 'none', (error) => error.code + ' ' + error.message);
       globalThis.finished = (async () => {
         const errors = [];
         const run = train({ ...options, rule: 'feedback-alignment' });
         for await (const record of run) if (record.kind === 'evaluation') errors.push(record.test.error);
         const result = await run;
         const bytes = await result.save();
         const loaded = await loadNetwork(bytes);
         const { runs } = await compare({ ...options, epochs: 1, rules: ['backprop', 'feedback-alignment'] });
         return {
           backend: result.document.backend, first: errors[0], last: errors.at(-1), bytes,
           error: (await evaluate(result, { inputs: [[0.1, 0.1]], labels: [0] })).error,
           outputs: [...result.predict([0.3, 0.6]).outputs], again: [...loaded.predict([0.3, 0.6]).outputs],
           compared: runs.map(({ rule, status }) => rule + ' ' + status),
           refusals: await Promise.all([
             refused(train({ ...options, rule: './mine.ts' })),
             refused(train({ ...options, dataset: 'mnist', task: {} })),
             refused(train({ ...options, dataset: './table.csv', task: {} })),
             refused(train({ ...options, workers: 2 })),
             refused(train({ ...options, objective: './loss.ts' })),
             refused(train({ ...options, weights: 'weights.npz' })),
             refused(train({ ...options, dataset: { inputs: [NaN], labels: [0] }, task: {} })),
             refused(loadNetwork(new Uint8Array(100))),
           ]),
         };
       })();`,
      true,
    );
    code = chunks.map((chunk) => chunk.code).join('\n');
    const host: Record<string, unknown> = { WebAssembly, TextEncoder, TextDecoder, atob, console };
    Object.assign(host, { AbortController, MessageChannel, performance });
    host['globalThis'] = host;
    vm.runInNewContext(code, host);
    answer = (await host['finished']) as typeof answer;
  });

  test('reaches no Node module', () => {
    expect(reached).toEqual([]);
    expect(code).not.toMatch(/["']node:|\brequire\(/);
  });

  test('learns, compares and evaluates in a host that has a browser’s globals only', () => {
    expect(answer.backend).toBe('wasm');
    expect(answer.last).toBeLessThan(answer.first);
    expect(answer.error).toBeGreaterThanOrEqual(0);
    expect(answer.compared).toEqual(['backprop done', 'feedback-alignment done']);
  });

  test('gives the same weights as Node', async () => {
    const task = { options: { trainCount: 400, testCount: 100 } };
    const result = await train({
      ...{ dataset: 'rings', network: { hidden: [16] }, batch: 20, epochs: 5, task },
      ...{ rule: 'feedback-alignment', backend: 'wasm' },
    });
    expect(answer.outputs).toEqual([...result.predict([0.3, 0.6]).outputs]);
    result.dispose();
  });

  test('reads what it saves, as Node does', async () => {
    expect(answer.again).toEqual(answer.outputs);
    for (const [name, bytes] of Object.entries(unzipSync(Uint8Array.from(answer.bytes)))) {
      const file = path.join(folder, 'saved', name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    const [name = ''] = readdirSync(path.join(folder, 'saved'));
    expect(name).toBe('feedback-alignment-seed0');
    const loaded = await loadNetwork(path.join(folder, 'saved', name));
    expect([...loaded.predict([0.3, 0.6]).outputs]).toEqual(answer.outputs);
    expect((await evaluate(loaded, 'rings')).error).toBeLessThan(0.5);
    loaded.dispose();
  });

  test('names what it cannot do and what to do instead', () => {
    const words = [
      'rule.file A page cannot open the rule file "./mine.ts". Import it',
      'dataset.missing A page cannot open the data set "mnist", which is read from files. Fetch it',
      'dataset.missing A page cannot open the data set "./table.csv", which is a file. Fetch it',
      'config.workers workers is 2, but a page trains on one worker',
      'objective.file A page cannot open the objective file "./loss.ts"',
      'weights.missing A page cannot open the file in weights',
      'dataset.values dataset.inputs[0] is NaN',
      'folder.not-a-run the archive is not the folder of a run: it is not a complete ZIP archive',
    ];
    for (const [index, each] of words.entries()) expect(answer.refusals[index]).toContain(each);
  });
});

describe('sizes, in bytes of minified script', () => {
  const LIMIT = 120_000;

  test(`a page with train and one rule shows after ${LIMIT / 1000} kB`, async () => {
    const chunks = await bundle(
      `import { train } from 'apical/browser';
       import { feedbackAlignment } from 'apical/rules';
       export const run = () =>
         train({ rule: feedbackAlignment, dataset: { inputs: [[0, 1], [1, 0]], labels: [0, 1] }, batch: 2, epochs: 2 });`,
      false,
    );
    const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
    const first = new Set<string>();
    const visit = (name: string) => {
      if (first.has(name)) return;
      first.add(name);
      for (const imported of byName.get(name)?.imports ?? []) visit(imported);
    };
    visit(chunks.find(({ isEntry }) => isEntry)?.fileName ?? '');
    const sizeOf = (name: string) => byName.get(name)?.code.length ?? 0;
    const size = [...first].reduce((sum, name) => sum + sizeOf(name), 0);
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThanOrEqual(LIMIT);
    // The first files contain no modules of training.
    const modules = chunks
      .filter(({ fileName }) => first.has(fileName))
      .flatMap(({ moduleIds }) => moduleIds);
    const ofTraining = modules.filter((id) => /src\/(training|backends|config|datasets|analysis)\//.test(id));
    expect(ofTraining).toEqual([]);
  });

  test('a rule alone takes less', async () => {
    const [chunk] = await bundle(
      `import { feedbackAlignment } from 'apical/rules'; globalThis.rule = feedbackAlignment;`,
      true,
    );
    expect(chunk?.code.length).toBeLessThanOrEqual(100_000);
  });
});

test('package.json maps browsers to entries without Node, with types first', () => {
  const { exports } = createRequire(import.meta.url)('../../package.json') as {
    exports: Record<string, Record<string, string> | string>;
  };
  for (const name of ['.', './rules', './browser', './internals']) {
    const conditions = exports[name] as Record<string, string>;
    expect(Object.keys(conditions)[0]).toBe('types');
    for (const file of Object.values(conditions)) {
      const source = file.replace('./dist/', 'src/').replace(/(\.d)?\.[tj]s$/, '.ts');
      expect(readFileSync(path.join(root, source), 'utf8')).toContain('export');
    }
  }
  expect((exports['.'] as Record<string, string>)['browser']).toBe('./dist/entries/browser.js');
  expect((exports['./internals'] as Record<string, string>)['browser']).toBe(
    './dist/entries/browser-internals.js',
  );
});

test('the version in a page equals that of package.json', async () => {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  expect((await import('../../src/entries/version.ts')).VERSION).toBe(version);
});
