import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from 'vite';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
let folder: string;
let bundle: string;
const reached: string[] = [];

/** Bundles a page's script that learns something with the browser entry alone. */
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'apical-browser-'));
  const page = path.join(folder, 'page.ts');
  const entry = JSON.stringify(path.join(root, 'src/entries/browser.ts'));
  writeFileSync(
    page,
    `import { Examples, generateDataset, openBackend, parseConfig, ruleById, Sequence, stream, ExampleTraining } from ${entry};
     globalThis.finished = (async () => {
       const compute = await openBackend({ backend: 'auto' });
       const dataset = generateDataset('rings', { trainCount: 400, testCount: 100 }, new Sequence(stream(0, 'dataset')));
       const examples = new Examples(compute, dataset);
       const config = parseConfig({ network: { hidden: [16] }, batch: 20, epochs: 10 });
       const errors = [];
       const training = new ExampleTraining({ compute, examples, config, rule: ruleById('feedback-alignment'), record(record) {
         if (record.kind === 'evaluation') errors.push(record.test.error);
       } });
       while (!training.done) training.advance(100, () => 0);
       return { backend: compute.backend.name, first: errors[0], last: errors.at(-1) };
     })();`,
  );
  const result = await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: true, lib: { entry: page, formats: ['iife'], name: 'page' } },
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
  const [output] = (Array.isArray(result) ? result : [result]) as { output: { code?: string }[] }[];
  bundle = output?.output[0]?.code ?? '';
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the browser entry reaches no Node module', () => {
  expect(reached).toEqual([]);
  expect(bundle).not.toMatch(/["']node:|\brequire\(/);
});

test('the bundle learns in a host that has a browser’s globals only', async () => {
  const host: Record<string, unknown> = { WebAssembly, TextEncoder, TextDecoder, atob, console };
  host['globalThis'] = host;
  vm.runInNewContext(bundle, host);
  const { backend, first, last } = (await host['finished']) as {
    backend: string;
    first: number;
    last: number;
  };
  expect(backend).toBe('wasm');
  expect(last).toBeLessThan(first);
});

test('package.json sends browsers to the browser entry, and names types first', () => {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, Record<string, string> | string>;
  };
  const main = exports['.'] as Record<string, string>;
  expect(Object.keys(main)[0]).toBe('types');
  expect(main['browser']).toBe('./dist/entries/browser.js');
});
