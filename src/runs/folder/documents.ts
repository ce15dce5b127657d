import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import type { MetricsRecord } from '../../training/records.ts';
import { byStep, checkDocuments, CHECKPOINT, CONFIG_FILE, METRICS_FILE, notARun, parseObject, RUN_FILE } from './contents.ts';
import type { RunFolderContents } from './contents.ts';
import { describeEnvironment } from './environment.ts';
import { differences, hashOfJson } from '../../config/identity.ts';
import { readMetricsFile } from './metrics-log.ts';

/**
 * Reads a run folder without a lock, even while its run continues. Throws the errors of `RunFolder.open` except
 * `folder.locked`, and `folder.metrics`.
 */
export function readRunFolder(folder: string): RunFolderContents & { readonly metrics: MetricsRecord[] } {
  const file = path.join(folder, METRICS_FILE);
  return { ...readDocuments(folder), metrics: existsSync(file) ? readMetricsFile(file) : [] };
}

/** Throws `folder.missing` or `folder.not-a-run` if there is no run in a folder. */
export function requireRunFolder(folder: string): void {
  if (!existsSync(folder)) {
    throw new ApicalError(
      'folder.missing',
      `There is no folder "${folder}". Give the folder of a run, such as one in runs/.`,
      { folder },
    );
  }
  if (!statSync(folder).isDirectory()) throw notARun(folder, 'it is a file');
  for (const name of [RUN_FILE, CONFIG_FILE]) {
    if (!existsSync(path.join(folder, name))) throw notARun(folder, `it has no ${name}`);
  }
}

/**
 * Reads `run.json` and `config.json`. Throws `folder.missing`, `folder.not-a-run`, `folder.newer`, `config.invalid`,
 * and `run.other-config` if the config was changed by hand.
 */
export function readDocuments(folder: string): RunFolderContents {
  requireRunFolder(folder);
  return checkDocuments(readJson(folder, RUN_FILE), readJson(folder, CONFIG_FILE), {
    folder,
    configFile: path.join(folder, CONFIG_FILE),
    apical: describeEnvironment().apical,
  });
}

/**
 * Throws `folder.exists` if there is a run in a folder. A lone config.json may be the user's own, so it is overwritten
 * only if it equals the config of this run.
 */
export function refuseUsed(folder: string, identity: string): void {
  const names = readdirSync(folder);
  const used = names.find((name) => [RUN_FILE, METRICS_FILE].includes(name) || CHECKPOINT.test(name));
  const isForeignConfig = names.includes(CONFIG_FILE) && !isConfigOf(folder, identity);
  if (used === undefined && !isForeignConfig) return;
  const what = used === undefined ? `another ${CONFIG_FILE}` : `a run (${used})`;
  const fix =
    used === undefined
      ? 'Choose another --out.'
      : `Resume it with --resume ${folder}, or choose another --out.`;
  throw new ApicalError('folder.exists', `The folder ${folder} already holds ${what}. ${fix}`, { folder });
}

function isConfigOf(folder: string, identity: string): boolean {
  try {
    return hashOfJson(JSON.parse(readFileSync(path.join(folder, CONFIG_FILE), 'utf8'))) === identity;
  } catch {
    return false;
  }
}

/** Throws `run.other-config`, which lists the differences, if two configs differ. */
export function requireSame(folder: string, here: Config, inFolder: Config): void {
  const found = differences(here, inFolder);
  if (found.length === 0) return;
  throw new ApicalError(
    'run.other-config',
    `The run in ${folder} has another config:\n  ${found.join('\n  ')}\nResume it without these changes, or choose another --out.`,
    { folder, differences: found },
  );
}

/** Returns the names of the checkpoints in a folder, newest first. */
export function checkpointsIn(folder: string): string[] {
  return byStep(readdirSync(folder));
}

function readJson(folder: string, name: string): Record<string, unknown> {
  return parseObject(readFileSync(path.join(folder, name), 'utf8'), folder, name);
}
