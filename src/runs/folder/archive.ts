import { strToU8, unzipSync, zipSync } from 'fflate';
import { identityOf } from '../../config/identity.ts';
import type { DataDescription } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import type { MetricsRecord, RunDocument, RunStatus } from '../../training/records.ts';
import type { Training } from '../../training/training.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import {
  asJson,
  byStep,
  checkDocuments,
  checkpointName,
  CONFIG_FILE,
  METRICS_FILE,
  notARun,
  originOf,
  parseObject,
  RUN_FILE,
  sessionOf,
} from './contents.ts';
import type { BackendInUse, Environment, RunFolderContents, RunFolderDocument } from './contents.ts';

/* Run folders in memory, which a page saves and opens as ZIP archives. */

/** A run to archive, with the machine that computed it. */
export interface ArchivedRun {
  readonly training: Training;
  readonly records: readonly MetricsRecord[];
  readonly document: RunDocument;
  readonly status: RunStatus;
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly environment: Environment;
  readonly backend: BackendInUse;
  readonly data?: DataDescription | undefined;
}

/** Returns the files of a run's folder by name; without a checkpoint if a number is not finite. */
export function runFiles(run: ArchivedRun): Record<string, Uint8Array> {
  const { training, records, document, status, command, startedAt, environment, backend, data } = run;
  const lines = strToU8(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const identity = identityOf(training.config);
  const session = sessionOf(
    { command, startedAt, identity, ...(data ? { data } : {}) },
    environment,
    backend,
  );
  const folder: RunFolderDocument = { ...session, status, updatedAt: new Date().toISOString(), document };
  const { tensors, position } = training.snapshot();
  const about = { position, metricsBytes: lines.length, identity, origin: originOf(session) };
  const checkpoint = encodeCheckpoint(tensors, about);
  return {
    [RUN_FILE]: strToU8(asJson(folder)),
    [CONFIG_FILE]: strToU8(asJson(training.config)),
    [METRICS_FILE]: lines,
    ...(checkpoint ? { [checkpointName(position.step)]: checkpoint } : {}),
  };
}

/** Returns a ZIP archive with the files of a run in one folder. */
export function zipRun(folder: string, files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const packed = Object.entries(files).map(
    // Compression hardly shrinks weights and takes time.
    ([name, bytes]) =>
      [`${folder}/${name}`, [bytes, { level: name.endsWith('.safetensors') ? 0 : 6 }]] as const,
  );
  return zipSync(Object.fromEntries(packed) as Parameters<typeof zipSync>[0]);
}

/** Reads the run in a ZIP archive, with its newest good checkpoint. Throws `folder.…` and `checkpoint.…`. */
export function unzipRun(
  archive: Uint8Array,
  apical: string,
): RunFolderContents & { readonly checkpoint: Checkpoint } {
  const name = 'the archive';
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(archive);
  } catch (thrown) {
    throw notARun(
      name,
      `it is not a complete ZIP archive (${thrown instanceof Error ? thrown.message : String(thrown)})`,
      thrown,
    );
  }
  const paths = Object.keys(files).filter((path) => path.split('/').at(-1) === RUN_FILE);
  const [found, ...others] = paths;
  if (found === undefined) throw notARun(name, `it has no ${RUN_FILE}`);
  if (others.length > 0) {
    throw new ApicalError(
      'folder.comparison',
      `${name} holds ${paths.length} runs. Give the archive of one run.`,
    );
  }
  const folder = found.slice(0, found.length - RUN_FILE.length);
  const object = (file: string) => {
    const bytes = files[folder + file];
    if (!bytes) throw notARun(name, `it has no ${file}`);
    return parseObject(new TextDecoder().decode(bytes), name, file);
  };
  const contents = checkDocuments(object(RUN_FILE), object(CONFIG_FILE), {
    ...{ folder: name, configFile: CONFIG_FILE, apical },
  });
  const inside = Object.keys(files).flatMap((path) =>
    path.startsWith(folder) ? path.slice(folder.length) : [],
  );
  let problem: unknown;
  for (const file of byStep(inside)) {
    try {
      const checkpoint = decodeCheckpoint(files[folder + file] as Uint8Array, file);
      if (checkpoint.identity === contents.run.identity) return { ...contents, checkpoint };
    } catch (thrown) {
      problem ??= thrown;
    }
  }
  if (problem instanceof Error) throw problem;
  throw new ApicalError(
    'checkpoint.missing',
    `The run in ${name} has no checkpoint, so there are no weights to load. Save it again after training.`,
  );
}
