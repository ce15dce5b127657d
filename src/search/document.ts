import type { DataTask } from '../datasets/dataset.ts';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { hashOfJson } from '../config/identity.ts';
import type { RunStatus } from '../training/records.ts';
import type { SearchPlan } from './plan.ts';
import type { Point } from './space.ts';

/** The score of a trial on one seed at one rung. */
export interface RungScore {
  readonly epochs: number;
  readonly status: 'scored' | 'diverged' | 'failed';
  /** Validation error; null if the trial diverged or failed. */
  readonly error: number | null;
  readonly loss: number | null;
  /** Training time of the trial up to this rung. */
  readonly trainedSeconds?: number;
  readonly passes?: number;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** The runs of one trial on one seed. */
export interface TrialSeed {
  readonly seed: number;
  /** The run folder, relative to the folder of the search. */
  readonly folder: string;
  readonly rungs: readonly RungScore[];
}

/**
 * Not started; between rungs; stopped at a rung because others scored better; trained to full length; or ended by a
 * divergence or a failure.
 */
export type TrialStatus = 'waiting' | 'learning' | 'stopped' | 'finished' | 'diverged' | 'failed';

/** One trial of one rule, with its mean scores over seeds. */
export interface TrialDocument {
  readonly rule: string;
  readonly trial: number;
  readonly point: Point;
  readonly status: TrialStatus;
  /** Index of the last rung at which all seeds have a score; `epochs`, `error` and `loss` belong to that rung. */
  readonly rung: number | null;
  readonly epochs: number;
  readonly error: number | null;
  readonly loss: number | null;
  readonly seeds: readonly TrialSeed[];
}

/** The best trial of one rule. */
export interface BestDocument {
  readonly rule: string;
  readonly trial: number;
  readonly point: Point;
  /** Validation error and loss at full length, averaged over seeds. */
  readonly error: number;
  readonly loss: number;
  /** Validation error of each seed, in the order of the search's seeds. */
  readonly values: readonly number[];
  /** Config paths whose best value lies at an end of the range; better values may lie outside. */
  readonly atEdge: readonly string[];
  /** File of the complete config, relative to the folder of the search. */
  readonly file: string;
  readonly config: Config;
}

/** Total cost of one rule's trials. The number of epochs is the budget, equal for all rules. */
export interface SpentDocument {
  readonly rule: string;
  readonly epochs: number;
  readonly trainedSeconds: number;
  readonly passes: number;
}

/** The `--json` document of a search. It is also saved as `search.json`, from which the search resumes. */
export interface SearchDocument extends SearchPlan {
  readonly version: 1;
  readonly kind: 'search';
  /** SHA-256 of everything that determines the result. */
  readonly id: string;
  readonly status: RunStatus;
  readonly task: string;
  /** Whether errors are fractions of wrong answers or normalised squared errors. */
  readonly taskKind: DataTask;
  /** "readout" if trials are ranked by the error of their readout, as the network has none; absent otherwise. */
  readonly rankedBy?: 'readout';
  readonly backend: string;
  readonly trials: readonly TrialDocument[];
  readonly best: readonly BestDocument[];
  readonly spent: readonly SpentDocument[];
  readonly folder: string;
}

export const SEARCH_FILE = 'search.json';
export const REPORT_FILE = 'search.html';

/** Returns the plan that a search document contains. */
export function planOf(document: SearchDocument): SearchPlan {
  const { configs, space, searchSeed, seeds, validation, budget, command } = document;
  return { configs, space, searchSeed, seeds, validation, budget, command };
}

/** Returns the identity of a search: the hash of its plan without the command. */
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

/** Returns the best config file of each rule. Throws `search.unfinished` and the errors of `readSearch`. */
export function resultsOf(folder: string): string[] {
  const { status, best } = readSearch(folder);
  if (status === 'done' && best.length > 0) return best.map(({ file }) => path.join(folder, file));
  const problem =
    status === 'done' || status === 'failed'
      ? 'has no config for at least one rule, because all of its trials diverged or failed. Change its ranges and search again.'
      : `is not finished. Resume it with \`apical search --resume ${folder}\`.`;
  throw new ApicalError('search.unfinished', `The search in ${folder} ${problem}`, { folder });
}

/** Reads and checks `search.json`. Throws `search.missing`, `search.damaged`, `search.changed` or `folder.newer`. */
export function readSearch(folder: string): SearchDocument {
  const file = path.join(folder, SEARCH_FILE);
  if (!existsSync(file)) {
    throw new ApicalError(
      'search.missing',
      `There is no search in "${folder}": it has no ${SEARCH_FILE}. Give the folder of a search, such as one in runs/.`,
      { folder },
    );
  }
  let document: SearchDocument;
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { kind: string; version: number };
    if (found.kind !== 'search') throw new Error(`its kind is "${found.kind}", not "search"`);
    document = found as unknown as SearchDocument;
    if (found.version > 1) {
      throw new ApicalError(
        'folder.newer',
        `The search in ${folder} was written by a later version of Apical. Update Apical to open it.`,
      );
    }
    if (identityOfPlan(document) !== document.id) {
      throw new ApicalError(
        'search.changed',
        `The plan in ${file} was changed after the search began, so old and new trials would not be comparable. Undo the change, or start a new search.`,
        { folder },
      );
    }
  } catch (error) {
    if (error instanceof ApicalError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApicalError(
      'search.damaged',
      `${file} is damaged (${reason}), so the search cannot be resumed. Start a new search, or resume single trials with \`apical run --resume\`.`,
      { folder },
      error,
    );
  }
  const configs = Object.entries(document.configs).map(([rule, config]) => [rule, parseConfig(config, file)]);
  return { ...document, configs: Object.fromEntries(configs) as Record<string, Config> };
}

/** Returns the name of the error by which the trials of a search are ranked. */
export const rankedError = ({ rankedBy }: Pick<SearchDocument, 'rankedBy'>): string =>
  rankedBy === 'readout' ? 'validation error of the readout' : 'validation error';
