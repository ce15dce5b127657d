import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { hashOfJson } from '../config/identity.ts';
import type { RunStatus } from '../training/records.ts';
import type { SearchPlan } from './plan.ts';
import type { Point } from './space.ts';

/** A trial on one seed, judged at one rung. */
export interface RungScore {
  readonly epochs: number;
  readonly status: 'scored' | 'diverged' | 'failed';
  /** On the validation examples; null where there is none. */
  readonly error: number | null;
  readonly loss: number | null;
  /** Until here. */
  readonly trainedSeconds?: number;
  readonly passes?: number;
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface TrialSeed {
  readonly seed: number;
  /** Its run folder, inside that of the search. */
  readonly folder: string;
  readonly rungs: readonly RungScore[];
}

/** Waiting for its first judgement, stopped at a rung by better ones, finished, or ended by a failure. */
export type TrialStatus = 'waiting' | 'learning' | 'stopped' | 'finished' | 'diverged' | 'failed';

export interface TrialDocument {
  readonly rule: string;
  readonly trial: number;
  readonly point: Point;
  readonly status: TrialStatus;
  /** Index of the last rung at which all its seeds were judged, its epochs, and the means over seeds there. */
  readonly rung: number | null;
  readonly epochs: number;
  readonly error: number | null;
  readonly loss: number | null;
  readonly seeds: readonly TrialSeed[];
}

export interface BestDocument {
  readonly rule: string;
  readonly trial: number;
  readonly point: Point;
  /** Means over seeds on validation examples, after the full length. */
  readonly error: number;
  readonly loss: number;
  /** The errors, in the order of the seeds. */
  readonly values: readonly number[];
  /** Paths whose best value is at an end of their range, beyond which better ones may lie. */
  readonly atEdge: readonly string[];
  /** A complete config, inside the folder of the search. */
  readonly file: string;
  readonly config: Config;
}

/** What one rule's trials took in all: the epochs are its budget, equal for all rules. */
export interface SpentDocument {
  readonly rule: string;
  readonly epochs: number;
  readonly trainedSeconds: number;
  readonly passes: number;
}

/** The `--json` document of a search, also kept as `search.json`, from which it is resumed. */
export interface SearchDocument extends SearchPlan {
  readonly version: 1;
  readonly kind: 'search';
  /** SHA-256 of all that decides the result. */
  readonly id: string;
  readonly status: RunStatus;
  readonly task: string;
  /** Whether errors are shares of wrong answers, or normalised squared errors. */
  readonly taskKind: 'classification' | 'regression';
  readonly backend: string;
  readonly trials: readonly TrialDocument[];
  readonly best: readonly BestDocument[];
  readonly spent: readonly SpentDocument[];
  readonly folder: string;
}

export const SEARCH_FILE = 'search.json';
export const REPORT_FILE = 'search.html';

/** The plan in a document, from which the search goes on. */
export function planOf(document: SearchDocument): SearchPlan {
  const { configs, space, searchSeed, seeds, validation, budget, command } = document;
  return { configs, space, searchSeed, seeds, validation, budget, command };
}

/** The identity of a search: the hash of everything in its plan but the command. */
export function identityOfPlan({
  configs,
  space,
  searchSeed,
  seeds,
  validation,
  budget,
}: SearchPlan): string {
  return hashOfJson({ configs, space, searchSeed, seeds, validation, budget });
}

/** The config files that a search has left, the best of each rule. Throws `search.unfinished`, and as `readSearch`. */
export function resultsOf(folder: string): string[] {
  const { status, best } = readSearch(folder);
  if (status === 'done' && best.length > 0) return best.map(({ file }) => path.join(folder, file));
  const mend =
    status === 'done' || status === 'failed'
      ? 'all of its trials diverged or failed'
      : `go on with it by \`apical search --resume ${folder}\``;
  throw new ApicalError(
    'search.unfinished',
    `The search in ${folder} has no result for each rule: ${mend}.`,
    { folder },
  );
}

/** Reads the document of a search. Throws `search.missing`, `search.damaged`, `search.changed`, `folder.newer`. */
export function readSearch(folder: string): SearchDocument {
  const file = path.join(folder, SEARCH_FILE);
  if (!existsSync(file)) {
    throw new ApicalError(
      'search.missing',
      `There is no search in ${folder}: it has no ${SEARCH_FILE}. Give the folder of a search, as it was given to --out.`,
      { folder },
    );
  }
  let document: SearchDocument;
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { kind: string; version: number };
    if (found.kind !== 'search') throw new Error('it is of another kind');
    document = found as unknown as SearchDocument;
    if (found.version > 1) {
      throw new ApicalError(
        'folder.newer',
        `The search in ${folder} was made by a later version of Apical: update it.`,
      );
    }
    if (identityOfPlan(document) !== document.id) {
      throw new ApicalError(
        'search.changed',
        `The plan in ${file} was changed after the search began, so its trials would not be of one search. Undo the change, or begin another search.`,
        { folder },
      );
    }
  } catch (error) {
    if (error instanceof ApicalError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApicalError(
      'search.damaged',
      `${file} is damaged (${reason}), so the search cannot be resumed; its trials are runs, which can be, each in its folder.`,
      { folder },
      error,
    );
  }
  const configs = Object.entries(document.configs).map(([rule, config]) => [rule, parseConfig(config, file)]);
  return { ...document, configs: Object.fromEntries(configs) as Record<string, Config> };
}
