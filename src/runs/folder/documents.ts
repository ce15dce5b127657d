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
 * Reads a run folder without locking it, also while its run goes on. Throws the errors of `RunFolder.open`
 * except `folder.locked`, and `folder.metrics`.
 */
export function readRunFolder(folder: string): RunFolderContents & { readonly metrics: MetricsRecord[] } {
  const file = path.join(folder, METRICS_FILE);
  return { ...readDocuments(folder), metrics: existsSync(file) ? readMetricsFile(file) : [] };
}

/** Throws `folder.missing` and `folder.not-a-run`. */
export function requireRunFolder(folder: string): void {
  if (!existsSync(folder)) {
    throw new ApicalError(
      'folder.missing',
      `There is no folder ${folder}. Give the folder of a run, as it was given to --out.`,
      { folder },
    );
  }
  if (!statSync(folder).isDirectory()) throw notARun(folder, 'it is a file');
  for (const name of [RUN_FILE, CONFIG_FILE]) {
    if (!existsSync(path.join(folder, name))) throw notARun(folder, `it has no ${name}`);
  }
}

/**
 * `run.json` and `config.json`. Throws `folder.missing`, `folder.not-a-run`, `folder.newer`, `config.invalid`, and
 * `run.other-config` when the config was changed by hand.
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
 * Throws `folder.exists` when there is a run in a folder. A config.json alone may be a user's own: only one that this run would write anyway is overwritten.
 */
export function refuseUsed(folder: string, identity: string): void {
  const names = readdirSync(folder);
  const used = names.find((name) => [RUN_FILE, METRICS_FILE].includes(name) || CHECKPOINT.test(name));
  const isForeignConfig = names.includes(CONFIG_FILE) && !isConfigOf(folder, identity);
  if (used === undefined && !isForeignConfig) return;
  const what = used === undefined ? `another ${CONFIG_FILE}` : `a run (${used})`;
  const mend =
    used === undefined
      ? 'Choose another --out.'
      : `Go on with it by --resume ${folder}, or choose another --out.`;
  throw new ApicalError('folder.exists', `The folder ${folder} already holds ${what}. ${mend}`, { folder });
}

function isConfigOf(folder: string, identity: string): boolean {
  try {
    return hashOfJson(JSON.parse(readFileSync(path.join(folder, CONFIG_FILE), 'utf8'))) === identity;
  } catch {
    return false;
  }
}

/** Throws `run.other-config`, which lists what differs. */
export function requireSame(folder: string, here: Config, inFolder: Config): void {
  const found = differences(here, inFolder);
  if (found.length === 0) return;
  throw new ApicalError(
    'run.other-config',
    `The run in ${folder} has another config:\n  ${found.join('\n  ')}\nResume it without these changes, or choose another --out.`,
    { folder, differences: found },
  );
}

/** Names of the checkpoints in a folder, newest first. */
export function checkpointsIn(folder: string): string[] {
  return byStep(readdirSync(folder));
}

function readJson(folder: string, name: string): Record<string, unknown> {
  return parseObject(readFileSync(path.join(folder, name), 'utf8'), folder, name);
}
