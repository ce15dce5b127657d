import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ApicalError } from '../errors.ts';
import { makeFolder, writeDocument } from '../runs/folder/index.ts';
import { packageFile } from '../runs/files/package-root.ts';

const figure = z.number().nullable();
const figures = z.record(z.string(), figure);
const expected = z.strictObject({
  minimum: z.number().exactOptional(),
  maximum: z.number().exactOptional(),
  text: z.string(),
});

/** Version 1, which precedes fingerprints and can still be read. */
const firstSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal('claim-result'),
  id: z.string(),
  status: z.enum(['reproduced', 'partly', 'not-reproduced']),
  /** The deciding figure: that of the first condition. */
  measured: figure,
  expected,
  unit: z.string(),
  conditions: z
    .array(
      z.strictObject({
        id: z.string(),
        statement: z.string(),
        unit: z.string(),
        expected,
        measured: figure,
        holds: z.boolean(),
      }),
    )
    .min(1),
  perSeed: z.array(z.strictObject({ seed: z.number(), values: figures })),
  details: figures,
  curves: z
    .array(
      z.strictObject({
        name: z.string(),
        seed: z.number(),
        horizontal: z.string(),
        vertical: z.string(),
        points: z.array(z.tuple([z.number(), figure])),
      }),
    )
    .exactOptional(),
  note: z.string().nullable(),
  backend: z.string(),
  threads: z.number(),
  hardware: z.string(),
  /** The commit of the code that ran, also in a renewed result; null outside a repository. */
  commit: z.string().nullable(),
  /** Whether the sources differed from that commit. */
  dirty: z.boolean(),
  apical: z.string(),
  node: z.string(),
  /** ISO 8601. */
  date: z.string(),
  wallSeconds: z.number(),
  /** SHA-256 of the sources that determine the outcome; null if they were missing or the verdict was marked stale. */
  codeHash: z.string().nullable(),
});

/** The last outcome of a claim, in one JSON file per claim. Figures that are not finite are null. */
const resultSchema = firstSchema.extend({
  version: z.literal(2),
  /** Fingerprint of the trainings; null if the claim does not train or it is unknown. */
  fingerprint: z
    .strictObject({
      /** SHA-256 of the claim's own code, which computes figures from the trainings. */
      evaluation: z.string(),
      /** Hashes of a few steps of each training, in the order of `Claim.trainings`. */
      trainings: z.array(z.strictObject({ training: z.string(), sha256: z.string() })).min(1),
    })
    .nullable(),
  /** The latest commit found to behave like the one that ran, for which nothing was trained again. */
  renewed: z
    .strictObject({ date: z.string(), commit: z.string().nullable(), because: z.literal('fingerprint') })
    .nullable(),
});

export type Fingerprint = NonNullable<ClaimResult['fingerprint']>;
export type ClaimResult = z.output<typeof resultSchema>;

/** Returns the folder in which this package keeps the outcomes of its claims. */
export const packageResults = (): string => packageFile('claims/results');

/** Returns the stored outcome of a claim; undefined if never run. Throws `claim.result`, which names the file. */
export function readResult(folder: string, id: string): ClaimResult | undefined {
  const file = path.join(folder, `${id}.json`);
  if (!existsSync(file)) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw unreadable(file, 'it is not JSON', error);
  }
  const parsed = z.discriminatedUnion('version', [firstSchema, resultSchema]).safeParse(content);
  if (!parsed.success) throw unreadable(file, z.prettifyError(parsed.error));
  return parsed.data.version === 2
    ? parsed.data
    : { ...parsed.data, version: 2, fingerprint: null, renewed: null };
}

/** Writes an outcome; the file appears whole or not at all. Throws `claim.results-folder`. */
export function writeResult(folder: string, result: ClaimResult): string {
  const file = path.join(folder, `${result.id}.json`);
  try {
    makeFolder(folder);
    writeDocument(file, `${JSON.stringify(resultSchema.parse(result), undefined, 2)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApicalError(
      'claim.results-folder',
      `The result of claim "${result.id}" cannot be written to ${file} (${why}). Choose a folder that you may write to.`,
      { folder },
      error,
    );
  }
  return file;
}

function unreadable(file: string, why: string, cause?: unknown): ApicalError {
  return new ApicalError(
    'claim.result',
    `${file} is not a valid claim result: ${why}. Delete it and run the claim again.`,
    { file },
    cause,
  );
}
