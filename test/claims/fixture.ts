import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Claim, ClaimContext, Measurement, RegisteredClaim } from '../../src/claims/index.ts';
import type { ConfigInput } from '../../src/config/config.ts';

/** Creates a folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'apical-claims-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface FakeOptions extends Partial<Omit<Claim, 'run'>> {
  readonly run?: (context: ClaimContext) => Promise<Measurement>;
}

/** A claim with two conditions, an error below 0.1 and an angle of 20 to 40 degrees; by default both hold. */
export function fakeClaim(options: FakeOptions = {}): Claim {
  return {
    id: 'author2020-works',
    title: 'It works',
    systems: ['S08'],
    checks: [1],
    source: 'lillicrap2016',
    provenance: 'derived',
    statement: 'It works, and it aligns.',
    tier: 'exact',
    backend: 'reference',
    seeds: [0, 1],
    conditions: [
      { id: 'error', statement: 'Error', unit: '', expected: { maximum: 0.1, text: 'below 0.1' } },
      {
        id: 'angle',
        statement: 'Angle',
        unit: 'degrees',
        expected: { minimum: 20, maximum: 40, text: '30 ± 10' },
      },
    ],
    run: ({ seeds }) =>
      Promise.resolve({
        measured: { error: 0.05, angle: 31 },
        perSeed: seeds.map((seed) => ({ seed, values: { error: 0.04 + 0.02 * seed, angle: 30 + 2 * seed } })),
      }),
    ...options,
  };
}

/** A run of less than a second, on 200 points. */
export const tinyTraining = (rule: string, seed = 0): ConfigInput => ({
  rule,
  seed,
  task: { dataset: 'rings', options: { trainCount: 200, testCount: 60 } },
  network: { hidden: [8] },
  batch: 20,
  epochs: 4,
  backend: 'wasm',
  threads: 1,
  probe: { every: 0 },
});

/** Entry files on which the code hash of a claim depends. */
const ROOTS = ['backends/reference.ts', 'training/example-training.ts', 'datasets/index.ts'];

/** Creates folders for claims: results, runs and, with `withSources`, a source tree. */
export function placeOf(claims: readonly RegisteredClaim[], withSources = true) {
  const folder = temporaryFolder();
  const source = path.join(folder, 'src');
  for (const file of [...ROOTS, ...claims.map((registered) => registered.file)]) {
    mkdirSync(path.dirname(path.join(source, file)), { recursive: true });
    writeFileSync(path.join(source, file), `export const content = '${file}';\n`);
  }
  return {
    ...{ claims, source: withSources ? source : null },
    resultsFolder: path.join(folder, 'results'),
    runsFolder: path.join(folder, 'runs'),
  };
}

export const registered = (...claims: readonly Claim[]): RegisteredClaim[] =>
  claims.map((claim) => ({ claim, file: `claims/suite/${claim.id}.ts` }));
