import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/config.ts';
import { readDocuments, requireRunFolder } from './folder/documents.ts';
import { writeDocument } from './folder/files.ts';

/** The runs of a folder that can be resumed. */
export interface Resumable {
  readonly configs: readonly Config[];
  /** Name of each config, if it is not its rule. */
  readonly names?: readonly string[];
  readonly command: string;
}

/** File in the folder of a comparison that lists its configs. */
const PLAN_FILE = 'plan.json';

/** Saves the configs of a comparison, so that it can be resumed. */
export function writePlan(folder: string, plan: Resumable): void {
  writeDocument(path.join(folder, PLAN_FILE), `${JSON.stringify(plan, null, 2)}\n`);
}

/**
 * Returns the runs of a folder: one run, or those of a comparison.
 * Throws `folder.missing`, `folder.not-a-run`, `folder.newer`, or `config.…` if a file was changed by hand.
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
      `${file} is damaged, so the comparison cannot be resumed as a whole. Resume each of its runs with \`apical run --resume\`.`,
    );
  }
}
