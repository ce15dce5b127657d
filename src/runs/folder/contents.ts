import type { DataDescription } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import { parseConfig } from '../../config/config.ts';
import type { MetricsRecord, RunDocument, RunStatus } from '../../training/records.ts';
import type { Origin } from './checkpoint.ts';
import { hashOfJson } from '../../config/identity.ts';

/** What is in a run folder, whoever reads or writes it: files on a disk, or a ZIP archive in a page. Nothing of Node. */

/** Where a session of a run is computed. */
export interface Environment {
  /** Version of this package. */
  readonly apical: string;
  /** Version of Node.js; of a page, what it runs in. */
  readonly node: string;
  /** Null outside a repository. */
  readonly commit: string | null;
  /** Whether the sources differ from that commit. */
  readonly dirty: boolean;
  /** Processor × cores and memory, in words. */
  readonly hardware: string;
  readonly platform: string;
  /** The kind of processor: results are equal to the bit on the same kind only. */
  readonly processor: string;
  /** When this was found out, ISO 8601. */
  readonly date: string;
}

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

/** What a folder must know of the backend: `compute.backend` has it. */
export interface BackendInUse {
  readonly name: string;
  readonly threads: number;
  readonly detail?: string;
}

/** What `run.json` says from the beginning of a session to its end. */
export type SessionPart = Omit<RunFolderDocument, 'status' | 'updatedAt' | 'document' | 'failure'>;

export const RUN_FILE = 'run.json';
export const CONFIG_FILE = 'config.json';
export const METRICS_FILE = 'metrics.jsonl';
export const REPORT_FILE = 'report.html';

const VERSION = 1;
export const CHECKPOINT = /^checkpoint-(\d+)\.safetensors$/;
export const checkpointName = (step: number) => `checkpoint-${String(step).padStart(10, '0')}.safetensors`;

/** Newest first. */
export function byStep(names: readonly string[]): string[] {
  const stepOf = (name: string) => Number(CHECKPOINT.exec(name)?.[1] ?? Number.NaN);
  return names.filter((name) => CHECKPOINT.test(name)).sort((a, b) => stepOf(b) - stepOf(a));
}

export const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

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

/** On what the bits of this session's checkpoints depend. */
export function originOf({ backend, backendDetail, threads, environment }: SessionPart): Origin {
  const { apical, commit, dirty, processor } = environment;
  return {
    backend: backendDetail === '' ? backend : `${backend} (${backendDetail})`,
    threads,
    processor,
    sources: commit === null ? apical : `${apical}, commit ${commit}${dirty ? ' with changes' : ''}`,
  };
}

/** The object in a file of a run folder. Throws `folder.not-a-run`. */
export function parseObject(text: string, folder: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw notARun(folder, `its ${name} cannot be read (${reason})`, thrown);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notARun(folder, `its ${name} is not an object`);
  }
  return value as Record<string, unknown>;
}

/**
 * What `run.json` and `config.json` hold. Throws `folder.not-a-run`, `folder.newer`, `config.invalid`, and
 * `run.other-config` when the config was changed by hand.
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
  const by = versionIn(run['environment']);
  if (run['kind'] !== 'run-folder') throw notARun(folder, `its ${RUN_FILE} is of another kind`);
  for (const [name, { version }] of [
    [RUN_FILE, run],
    [CONFIG_FILE, config],
  ] as const) {
    if (typeof version === 'number' && version > VERSION)
      throw newer(folder, by, apical, `${name} is of format ${version}`);
  }
  // Of the file as it stands: defaults that were added since do not make it another run.
  if (hashOfJson(config) !== run['identity']) {
    throw new ApicalError(
      'run.other-config',
      `${configFile} was changed after the run began, so its results would not be those of one config. Undo the change, or begin another run with this config and another --out.`,
      { folder },
    );
  }
  try {
    return { run: run as unknown as RunFolderDocument, config: parseConfig(config, configFile) };
  } catch (thrown) {
    if (thrown instanceof ApicalError && isLater(by, apical))
      throw newer(folder, by, apical, thrown.message, thrown);
    throw thrown;
  }
}

/** The records in the text of `metrics.jsonl`: whole lines only. Throws `folder.metrics` on a line that is not JSON. */
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
          `Line ${index + 1} of ${file} is damaged: it is not JSON. Resume the run, which writes it again, or delete the line.`,
          { file, line: index + 1 },
          thrown,
        );
      }
    });
}

export const notARun = (folder: string, reason: string, cause?: unknown) =>
  new ApicalError(
    'folder.not-a-run',
    `${folder} is not the folder of a run: ${reason}. Give the folder that was given to --out.`,
    { folder },
    cause,
  );

const newer = (folder: string, version: string, mine: string, reason: string, cause?: unknown) =>
  new ApicalError(
    'folder.newer',
    `The run in ${folder} was made by a later version of Apical (${version}) than this one (${mine}): ${reason}. Update Apical to open it.`,
    { folder, version },
    cause,
  );

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
