import type { DataDescription } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import { parseConfig } from '../../config/config.ts';
import type { MetricsRecord, RunDocument, RunStatus } from '../../training/records.ts';
import type { Origin } from './checkpoint.ts';
import { hashOfJson } from '../../config/identity.ts';

/** The contents of a run folder, on disk or in a ZIP archive in the browser. This file imports no Node module. */

/** The machine and sources that computed a run. */
export interface Environment {
  /** Version of this package. */
  readonly apical: string;
  /** Version of Node.js, or the browser. */
  readonly node: string;
  /** Null outside a repository. */
  readonly commit: string | null;
  /** Whether the sources differ from that commit. */
  readonly dirty: boolean;
  /** Processor, cores and memory, as text. */
  readonly hardware: string;
  readonly platform: string;
  /** Model of the processor: results are equal to the bit only on the same model. */
  readonly processor: string;
  /** When this was recorded, ISO 8601. */
  readonly date: string;
}

/** The contents of `run.json`. It describes the latest session, as a resumed run may have moved to another machine. */
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
  /** Meaning of the inputs and answers; absent in folders of earlier versions. */
  readonly data?: DataDescription;
  readonly updatedAt: string;
  readonly document?: RunDocument;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** The documents of a run folder. */
export interface RunFolderContents {
  readonly run: RunFolderDocument;
  readonly config: Config;
}

/** The backend of a run, as in `compute.backend`. */
export interface BackendInUse {
  readonly name: string;
  readonly threads: number;
  readonly detail?: string;
}

/** The part of `run.json` that does not change during a session. */
export type SessionPart = Omit<RunFolderDocument, 'status' | 'updatedAt' | 'document' | 'failure'>;

export const RUN_FILE = 'run.json';
export const CONFIG_FILE = 'config.json';
export const METRICS_FILE = 'metrics.jsonl';
export const REPORT_FILE = 'report.html';

const VERSION = 1;
export const CHECKPOINT = /^checkpoint-(\d+)\.safetensors$/;
export const checkpointName = (step: number) => `checkpoint-${String(step).padStart(10, '0')}.safetensors`;

/** Returns the names of checkpoints among `names`, newest first. */
export function byStep(names: readonly string[]): string[] {
  const stepOf = (name: string) => Number(CHECKPOINT.exec(name)?.[1] ?? Number.NaN);
  return names.filter((name) => CHECKPOINT.test(name)).sort((a, b) => stepOf(b) - stepOf(a));
}

export const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Returns the session part of `run.json`. */
export function sessionOf(
  known: Pick<RunFolderDocument, 'command' | 'startedAt' | 'identity' | 'data'>,
  environment: Environment,
  { name, detail, threads }: BackendInUse,
): SessionPart {
  const { command, startedAt, identity, data } = known;
  return {
    version: 1,
    kind: 'run-folder',
    command,
    environment,
    backend: name,
    backendDetail: detail ?? '',
    threads,
    identity,
    startedAt,
    ...(data ? { data } : {}),
  };
}

/** Returns everything on which the bits of this session's checkpoints depend. */
export function originOf({ backend, backendDetail, threads, environment }: SessionPart): Origin {
  const { apical, commit, dirty, processor } = environment;
  return {
    backend: backendDetail === '' ? backend : `${backend} (${backendDetail})`,
    threads,
    processor,
    sources: commit === null ? apical : `${apical}, commit ${commit}${dirty ? ' with changes' : ''}`,
  };
}

/** Parses the JSON object in a file of a run folder. Throws `folder.not-a-run`. */
export function parseObject(text: string, folder: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw notARun(folder, `its ${name} cannot be read (${reason})`, thrown);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notARun(folder, `its ${name} does not hold a JSON object`);
  }
  return value as Record<string, unknown>;
}

/**
 * Checks the contents of `run.json` and `config.json`. Throws `folder.not-a-run`, `folder.newer`, `config.invalid`, and
 * `run.other-config` if the config was changed by hand.
 */
export function checkDocuments(
  run: Record<string, unknown>,
  config: Record<string, unknown>,
  {
    folder,
    configFile,
    apical,
  }: { readonly folder: string; readonly configFile: string; readonly apical: string },
): RunFolderContents {
  const writtenBy = versionIn(run['environment']);
  if (run['kind'] !== 'run-folder') throw notARun(folder, `its ${RUN_FILE} describes something else`);
  for (const [name, { version }] of [
    [RUN_FILE, run],
    [CONFIG_FILE, config],
  ] as const) {
    if (typeof version === 'number' && version > VERSION)
      throw newer(folder, writtenBy, apical, `${name} has format ${version}`);
  }
  // The hash of the file as written, so that defaults added later do not change the identity.
  if (hashOfJson(config) !== run['identity']) {
    throw new ApicalError(
      'run.other-config',
      `${configFile} was changed after the run began, so its results would mix two configs. Undo the change, or start a new run with this config and another --out.`,
      { folder },
    );
  }
  try {
    return { run: run as unknown as RunFolderDocument, config: parseConfig(config, configFile) };
  } catch (thrown) {
    if (thrown instanceof ApicalError && isLater(writtenBy, apical))
      throw newer(folder, writtenBy, apical, thrown.message, thrown);
    throw thrown;
  }
}

/** Parses the complete lines of `metrics.jsonl`. Throws `folder.metrics` if a line is not JSON. */
export function parseMetrics(text: string, file: string): MetricsRecord[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as MetricsRecord;
      } catch (thrown) {
        throw new ApicalError(
          'folder.metrics',
          `Line ${index + 1} of ${file} is damaged: it is not JSON. Delete the line; the curves will lack that record.`,
          { file, line: index + 1 },
          thrown,
        );
      }
    });
}

/** Returns a `folder.not-a-run` error. */
export const notARun = (folder: string, reason: string, cause?: unknown) =>
  new ApicalError(
    'folder.not-a-run',
    `${folder} is not the folder of a run: ${reason}. Give the folder of a run, such as one in runs/.`,
    { folder },
    cause,
  );

const newer = (folder: string, version: string, installed: string, reason: string, cause?: unknown) =>
  new ApicalError(
    'folder.newer',
    `The run in ${folder} was written by Apical ${version}, which is later than the installed ${installed}: ${reason.replace(/\.$/, '')}. Update Apical to open it.`,
    { folder, version },
    cause,
  );

function versionIn(environment: unknown): string {
  const version = (environment as Partial<Environment> | null | undefined)?.apical;
  return typeof version === 'string' ? version : '0.0.0';
}

/** Returns whether version `a`, such as "1.2.3", is later than version `b`. */
function isLater(a: string, b: string): boolean {
  const [as, bs] = [a, b].map((version) => version.split(/[.+-]/).map(Number)) as [number[], number[]];
  const at = as.findIndex((part, index) => part !== bs[index]);
  return at >= 0 && (as[at] as number) > (bs[at] ?? 0);
}
