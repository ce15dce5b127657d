import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/config.ts';
import { readDocuments, requireRunFolder } from './folder/documents.ts';
import { writeDocument } from './folder/files.ts';

/** What an interrupted folder asks to be done again. */
export interface Resumable {
  readonly configs: readonly Config[];
  /** What each is called, where not by its rule. */
  readonly names?: readonly string[];
  readonly command: string;
}

/** In the folder of a comparison: what it consists of. */
const PLAN_FILE = 'plan.json';

/** Keeps what a comparison consists of, so that it can be resumed. */
export function writePlan(folder: string, plan: Resumable): void {
  writeDocument(path.join(folder, PLAN_FILE), `${JSON.stringify(plan, null, 2)}\n`);
}

/**
 * The runs of a folder: of one run, or of a comparison with its runs in folders inside.
 * Throws `folder.missing`, `folder.not-a-run`, `folder.newer`, or `config.…` when a file was changed by hand.
 */
export function resumable(folder: string): Resumable {
  const file = path.join(folder, PLAN_FILE);
  if (!existsSync(file)) {
    requireRunFolder(folder);
    const { run, config } = readDocuments(folder);
    return { configs: [config], command: run.command };
  }
  try {
    const { configs, names, command } = JSON.parse(readFileSync(file, 'utf8')) as {
      configs: unknown[];
      names?: string[];
      command: string;
    };
    const parsed = configs.map((config) => parseConfig(config, file));
    return { configs: parsed, ...(names ? { names } : {}), command };
  } catch (error) {
    if (error instanceof ApicalError) throw error;
    throw new ApicalError(
      'folder.not-a-run',
      `${file} is damaged, so the comparison cannot be resumed as a whole; each run in a folder beside it can.`,
    );
  }
}
