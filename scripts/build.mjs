// Builds the wasm kernels (AssemblyScript), then the library and the command line (TypeScript), then the page.
// `--kernels` builds the kernels only, which is enough for type checks; `--lab` skips the library.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const assembly = path.join(root, 'src/backends/wasm/assembly');
const generated = path.join(root, 'src/backends/wasm/kernels.generated.ts');

buildKernels();
if (!process.argv.includes('--kernels')) {
  if (!process.argv.includes('--lab')) buildLibrary();
  const { buildLab } = await import('./build-lab.mjs');
  await buildLab(root);
}

/**
 * The kernels for plain memory, deflated and in base64, so that nothing is fetched beside the scripts. A host with shared
 * memory (threads may see it) needs a variant that differs in one byte, the flags of the memory that is imported. Both
 * are compiled, and that this is the only difference is checked.
 */
function buildKernels() {
  const sources = readdirSync(assembly).filter((name) => name.endsWith('.ts'));
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of sources.sort()) hash.update(name).update(readFileSync(path.join(assembly, name)));
  const digest = hash.digest('hex');
  if (existsSync(generated) && readFileSync(generated, 'utf8').includes(digest)) return;

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
    return readFileSync(output);
  };
  const plain = compile(path.join(target, 'kernels.wasm'));
  const shared = compile(path.join(target, 'kernels-shared.wasm'), '--sharedMemory', '--enable', 'threads');
  const apart = [...plain.keys()].filter((at) => plain[at] !== shared[at]);
  const [flags, ...others] = apart;
  const isOneFlag = others.length === 0 && plain[flags] === 1 && shared[flags] === 3;
  if (plain.length !== shared.length || !isOneFlag) {
    throw new Error(
      'The kernels for plain and for shared memory differ by more than the flags of their memory.',
    );
  }
  const packed = deflateRawSync(plain, { level: 9 }).toString('base64');
  writeFileSync(
    generated,
    `// Made by scripts/build.mjs from src/backends/wasm/assembly (${digest}). Not kept in the repository.\n` +
      `export const kernels = '${packed}';\n` +
      `/** Place of the byte that is 1 for plain memory and 3 for shared memory. */\n` +
      `export const memoryFlags = ${flags};\n`,
  );
}

/** Compiles the library and the command line into `dist`. */
function buildLibrary() {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', path.join(root, 'tsconfig.build.json')],
    { stdio: 'inherit' },
  );
}
