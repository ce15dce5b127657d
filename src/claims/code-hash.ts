import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { packageFile } from '../runs/files/package-root.ts';
import type { Claim } from './claim.ts';

/** The files, below src, in which a backend starts. Claims reach backends through the runner, not by import. */
const BACKEND_FILES: Readonly<Record<Claim['backend'], readonly string[]>> = {
  reference: ['backends/reference.ts'],
  wasm: ['backends/wasm/index.ts'],
  auto: ['backends/wasm/index.ts', 'backends/blas/index.ts'],
};

/** Where training starts: what a claim that trains reaches through its context. It imports the rules themselves. */
const TRAINING_FILES: readonly string[] = ['training/example-training.ts', 'datasets/index.ts'];

/** The files that decide a claim's outcome, with all that they import. */
export interface ClaimSources {
  readonly claim: Pick<Claim, 'backend' | 'trains'>;
  /** The file that defines it, from src. */
  readonly file: string;
}

const rootsOf = ({ claim, file }: ClaimSources): string[] => [
  file,
  ...BACKEND_FILES[claim.backend],
  ...(claim.trains ? TRAINING_FILES : []),
];

/** The source tree that this program belongs to; undefined in an installed package, which has none. */
export function sourceFolder(): string | undefined {
  const folder = packageFile('src');
  return existsSync(folder) ? folder : undefined;
}

/**
 * SHA-256 over every source file that decides a claim's outcome: the file that defines it, its backend, training for
 * one that trains, and all that they import within src. Types alone change no outcome, so `import type` is not followed.
 * Line ends do not count. Undefined when one of the files is missing.
 */
export const codeHash = (source: string, sources: ClaimSources): string | undefined =>
  hashOf(dependencies(source, rootsOf(sources)));

/**
 * The same without what claims themselves say: the code that decides what a training of the claim comes to, its config
 * aside. A run that was kept serves as long as this holds, whatever is measured on it.
 */
export const trainingHash = (source: string, sources: ClaimSources): string | undefined =>
  hashOf(dependencies(source, rootsOf(sources)), (name) => !name.startsWith('claims/'));

function hashOf(
  files: ReadonlyMap<string, string> | undefined,
  counts: (name: string) => boolean = () => true,
): string | undefined {
  if (!files) return undefined;
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (counts(name)) hash.update(`${name}\0${content}\0`);
  }
  return hash.digest('hex');
}

/**
 * Whether what runs now is what the sources say: true when the sources run themselves, and for a build when none
 * of the files is newer than its compiled form. `program` is the URL of a module of this program.
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

/** Content by path from src, with forward slashes. */
function dependencies(source: string, roots: readonly string[]): Map<string, string> | undefined {
  const found = new Map<string, string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const file = path.join(source, name);
    if (!existsSync(file)) return undefined;
    const content = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
    if (name.endsWith('.generated.ts')) {
      // Its first line holds a digest of what it was made from; the rest may differ by compiler.
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

/** Relative paths of the modules that a source imports for more than their types. */
function importsOf(content: string): string[] {
  const statements = content.matchAll(
    /^(?:import|export)\s+(?!type\b)[^;'"]*?from\s*['"](\.[^'"]+)['"]|^import\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/gm,
  );
  return Array.from(statements, ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
}
