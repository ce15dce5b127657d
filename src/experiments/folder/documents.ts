import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DataDescription } from '../../datasets/index.ts';
import { ApicalError } from '../../errors.ts';
import type { Config } from '../config.ts';
import { parseConfig } from '../config.ts';
import type { MetricsRecord, RunDocument, RunStatus } from '../records.ts';
import { describeEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { differences, hashOfJson } from './identity.ts';
import { readMetricsFile } from './metrics-log.ts';

/** What `run.json` holds. It describes the latest session: a resumed run may have moved to another machine. */
export interface RunFolderDocument {
  readonly version: 1;
  readonly kind: 'run-folder';
  readonly status: RunStatus;
  readonly command: string;
  readonly environment: Environment;
  readonly backend: string;
  readonly backendDetail: string;
  readonly threads: number;
  readonly identity: string;
  readonly startedAt: string;
  /** What the run's inputs and answers mean; absent in folders of before this was kept. */
  readonly data?: DataDescription;
  readonly updatedAt: string;
  readonly document?: RunDocument;
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface RunFolderContents {
  readonly run: RunFolderDocument;
  readonly config: Config;
}

export const RUN_FILE = 'run.json';
export const CONFIG_FILE = 'config.json';
export const METRICS_FILE = 'metrics.jsonl';
export const REPORT_FILE = 'report.html';

const VERSION = 1;
const CHECKPOINT = /^checkpoint-(\d+)\.safetensors$/;

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
  const run = readJson(folder, RUN_FILE);
  const config = readJson(folder, CONFIG_FILE);
  const by = versionIn(run['environment']);
  if (run['kind'] !== 'run-folder') throw notARun(folder, `its ${RUN_FILE} is of another kind`);
  for (const [name, { version }] of [
    [RUN_FILE, run],
    [CONFIG_FILE, config],
  ] as const) {
    if (typeof version === 'number' && version > VERSION)
      throw newer(folder, by, `${name} is of format ${version}`);
  }
  // Of the file as it stands: defaults that were added since do not make it another run.
  if (hashOfJson(config) !== run['identity']) {
    throw new ApicalError(
      'run.other-config',
      `${path.join(folder, CONFIG_FILE)} was changed after the run began, so its results would not be those of one config. Undo the change, or begin another run with this config and another --out.`,
      { folder },
    );
  }
  try {
    return {
      run: run as unknown as RunFolderDocument,
      config: parseConfig(config, path.join(folder, CONFIG_FILE)),
    };
  } catch (thrown) {
    const mine = describeEnvironment().apical;
    if (thrown instanceof ApicalError && isLater(by, mine)) throw newer(folder, by, thrown.message, thrown);
    throw thrown;
  }
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
  const stepOf = (name: string) => Number(CHECKPOINT.exec(name)?.[1] ?? Number.NaN);
  return readdirSync(folder)
    .filter((name) => CHECKPOINT.test(name))
    .sort((a, b) => stepOf(b) - stepOf(a));
}

function readJson(folder: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw notARun(folder, `its ${name} cannot be read (${reason})`, thrown);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notARun(folder, `its ${name} is not an object`);
  }
  return value as Record<string, unknown>;
}

function versionIn(environment: unknown): string {
  const version = (environment as Partial<Environment> | null | undefined)?.apical;
  return typeof version === 'string' ? version : '0.0.0';
}

/** Whether a version "1.2.3" comes after another. */
function isLater(a: string, b: string): boolean {
  const [as, bs] = [a, b].map((version) => version.split(/[.+-]/).map(Number)) as [number[], number[]];
  const at = as.findIndex((part, index) => part !== bs[index]);
  return at >= 0 && (as[at] as number) > (bs[at] ?? 0);
}

const notARun = (folder: string, reason: string, cause?: unknown) =>
  new ApicalError(
    'folder.not-a-run',
    `${folder} is not the folder of a run: ${reason}. Give the folder that was given to --out.`,
    { folder },
    cause,
  );

const newer = (folder: string, version: string, reason: string, cause?: unknown) =>
  new ApicalError(
    'folder.newer',
    `The run in ${folder} was made by a later version of Apical (${version}) than this one (${describeEnvironment().apical}): ${reason}. Update Apical to open it.`,
    { folder, version },
    cause,
  );
