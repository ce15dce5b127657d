import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { packageFile } from '../runs/files/package-root.ts';
import type { Claim } from './claim.ts';

/** The entry files of the backends, below src. Claims reach backends through the runner, not by import. */
const BACKEND_FILES: Readonly<Record<Claim['backend'], readonly string[]>> = {
  reference: ['backends/reference.ts'],
  wasm: ['backends/wasm/index.ts'],
  auto: ['backends/wasm/index.ts', 'backends/blas/index.ts'],
};

/** The entry files of training, which a claim reaches through its context; it imports rules directly. */
const TRAINING_FILES: readonly string[] = ['training/example-training.ts', 'datasets/index.ts'];

/** A claim and the file that defines it. Together with their dependencies they determine the outcome. */
export interface ClaimSources {
  readonly claim: Pick<Claim, 'backend' | 'trainings'>;
  /** Relative to src. */
  readonly file: string;
}

const rootsOf = ({ claim, file }: ClaimSources): string[] => [
  file,
  ...BACKEND_FILES[claim.backend],
  ...(claim.trainings ? TRAINING_FILES : []),
];

/** Returns the folder of this program's sources; undefined in an installed package, which has none. */
export function sourceFolder(): string | undefined {
  const folder = packageFile('src');
  return existsSync(folder) ? folder : undefined;
}

/**
 * Returns the SHA-256 of every source file that determines a claim's outcome: the file that defines it, the backend,
 * training if the claim trains, and all their imports within src. Types alone do not affect an outcome, so
 * `import type` is not followed. Comments and white space do not count. Returns
 * undefined if one of the files is missing.
 */
export const codeHash = (source: string, sources: ClaimSources): string | undefined =>
  hashOf(dependencies(source, rootsOf(sources)));

/**
 * Returns the SHA-256 of a claim's own code, which evaluates its trainings: the file that defines it and its imports
 * from src/claims, such as fixtures, but not the library. Imports, comments, white space and file paths do not count,
 * since none of them affects a verdict. Returns undefined if one of the files is missing.
 */
export function evaluationHash(source: string, file: string): string | undefined {
  const files = dependencies(source, [file], (name) => name.startsWith('claims/'));
  if (!files) return undefined;
  const contents = Array.from(files.values(), (content) =>
    onOneLine(withoutImports(withoutComments(content))),
  ).sort();
  return createHash('sha256').update(contents.join('\0')).digest('hex');
}

/** Returns a source without the comments that have lines of their own. */
const withoutComments = (content: string): string =>
  content.replaceAll(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '').replaceAll(/^\s*\/\/.*$/gm, '');

const withoutImports = (content: string): string =>
  content.replaceAll(/^(?:import|export)\s[^;'"]*?from\s*['"][^'"]+['"];?$/gm, '');

const onOneLine = (content: string): string => content.replaceAll(/\s+/g, ' ').trim();

function hashOf(files: ReadonlyMap<string, string> | undefined): string | undefined {
  if (!files) return undefined;
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${onOneLine(withoutComments(content))}\0`);
  }
  return hash.digest('hex');
}

/**
 * Returns whether the running program corresponds to the sources: true if it runs from the sources, or from a build
 * that is not older than any source file. `program` is the URL of a module of this program.
 */
export function runsSources(
  source: string,
  sources: ClaimSources,
  program: string = import.meta.url,
): boolean {
  if (program.endsWith('.ts')) return true;
  const build = path.join(path.dirname(source), 'dist');
  const files = dependencies(source, rootsOf(sources));
  return [...(files?.keys() ?? [])].every((name) => {
    const compiled = path.join(build, name.replace(/\.ts$/, '.js'));
    return existsSync(compiled) && statSync(compiled).mtimeMs >= statSync(path.join(source, name)).mtimeMs;
  });
}

/** Returns file contents by path from src, with forward slashes: of the roots and their relevant imports. */
function dependencies(
  source: string,
  roots: readonly string[],
  counts: (name: string) => boolean = () => true,
): Map<string, string> | undefined {
  const found = new Map<string, string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || !counts(name)) continue;
    const file = path.join(source, name);
    if (!existsSync(file)) return undefined;
    const content = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
    if (name.endsWith('.generated.ts')) {
      // The first line holds a digest of the sources; the rest may differ by compiler.
      found.set(name, content.slice(0, content.indexOf('\n')));
      continue;
    }
    found.set(name, content);
    for (const imported of importsOf(content)) {
      waiting.push(path.posix.join(path.posix.dirname(name), imported));
    }
  }
  return found;
}

/** Returns the relative paths of the modules that a source imports, except for types alone. */
function importsOf(content: string): string[] {
  const statements = content.matchAll(
    /^(?:import|export)\s+(?!type\b)[^;'"]*?from\s*['"](\.[^'"]+)['"]|^import\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/gm,
  );
  return Array.from(statements, ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
}
