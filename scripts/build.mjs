// Builds everything: wasm kernels (AssemblyScript), then the library and the command line (TypeScript), then the page.
// `--kernels` stops after the first, which is all that type checks need; `--lab` builds the page anew, and not the library.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const assembly = path.join(root, 'src/backends/wasm/assembly');
const generatedFor = (variant) => path.join(root, `src/backends/wasm/kernels-${variant}.generated.ts`);

buildKernels();
if (!process.argv.includes('--kernels')) {
  if (!process.argv.includes('--lab')) buildLibrary();
  const { buildLab } = await import('./build-lab.mjs');
  await buildLab(root);
}

/**
 * Two variants of the same kernels, which differ only in the memory they accept: shared (threads may see it)
 * and plain (a web host without cross-origin isolation). Embedded as base64, so that nothing is fetched but
 * the module of the one that a host needs.
 */
function buildKernels() {
  const sources = readdirSync(assembly).filter((name) => name.endsWith('.ts'));
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of sources.sort()) hash.update(name).update(readFileSync(path.join(assembly, name)));
  const digest = hash.digest('hex');
  const isMade = (file) => existsSync(file) && readFileSync(file, 'utf8').includes(digest);
  if (isMade(generatedFor('plain')) && isMade(generatedFor('shared'))) return;

  const target = path.join(root, 'node_modules/.cache/apical');
  mkdirSync(target, { recursive: true });
  const compile = (output, ...options) => {
    execFileSync(
      process.execPath,
      [
        path.join(root, 'node_modules/assemblyscript/bin/asc.js'),
        path.join(assembly, 'index.ts'),
        '--outFile',
        output,
        ...[
          '--importMemory',
          '--runtime',
          'stub',
          '-O3',
          '--noAssert',
          '--converge',
          '--maximumMemory',
          '65536',
        ],
        ...['--enable', 'simd', '--enable', 'bulk-memory', ...options],
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return readFileSync(output).toString('base64');
  };
  const plain = compile(path.join(target, 'kernels.wasm'));
  const shared = compile(path.join(target, 'kernels-shared.wasm'), '--sharedMemory', '--enable', 'threads');
  for (const [variant, kernels] of Object.entries({ plain, shared })) {
    writeFileSync(
      generatedFor(variant),
      `// Made by scripts/build.mjs from src/backends/wasm/assembly (${digest}). Not kept in the repository.\n` +
        `export const kernels = '${kernels}';\n`,
    );
  }
}

function buildLibrary() {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', path.join(root, 'tsconfig.build.json')],
    { stdio: 'inherit' },
  );
}
