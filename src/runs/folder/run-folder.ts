import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { DataDescription } from '../../datasets/index.ts';
import { ApicalError } from '../../errors.ts';
import type { Tensor } from '../../tensor/index.ts';
import type { Config } from '../../config/config.ts';
import type { MetricsRecord, RunDocument, RunStatus } from '../../training/records.ts';
import type { Position } from '../../training/example-training.ts';
import { encodeCheckpoint, originWarnings, restoreTensors } from './checkpoint.ts';
import type { Checkpoint, Origin } from './checkpoint.ts';
import { asJson, checkpointName, CONFIG_FILE, METRICS_FILE, originOf, REPORT_FILE, RUN_FILE, sessionOf } from './contents.ts';
import type { BackendInUse, Environment, RunFolderDocument, SessionPart } from './contents.ts';
import { checkpointsIn, readDocuments, refuseUsed, requireRunFolder, requireSame } from './documents.ts';
import { describeEnvironment } from './environment.ts';
import { isTemporary, makeFolder, removeQuietly, writeDocument } from './files.ts';
import { identityOf } from '../../config/identity.ts';
import { loadCheckpoint, sha256 } from './loading.ts';
import { FolderLock } from './lock.ts';
import { MetricsLog } from './metrics-log.ts';

/** Options of `RunFolder.create`. */
export interface CreateOptions {
  readonly config: Config;
  /** The command line that repeats the run. */
  readonly command: string;
  readonly backend: BackendInUse;
  /** Meaning of the inputs and answers, so that the network can be used without its data set. */
  readonly data?: DataDescription;
  /** By default the result of `describeEnvironment`. */
  readonly environment?: Environment;
  /** When the run began, ISO 8601. Default: now. */
  readonly startedAt?: string;
}

/** Options of `RunFolder.open`. */
export interface OpenOptions {
  /** The requested config, which must equal that of the folder; by default the folder's config. */
  readonly config?: Config;
  /** The backend of this session; by default that of the last session. */
  readonly backend?: BackendInUse;
  readonly environment?: Environment;
}

/** A change of the status of a run. */
export interface StatusUpdate {
  readonly status: RunStatus;
  readonly document?: RunDocument;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** A good checkpoint, with warnings for the user. */
export interface LoadedCheckpoint extends Checkpoint {
  readonly warnings: readonly string[];
}

const KEPT_CHECKPOINTS = 2;

/**
 * The folder of a run on disk, locked while it is open: `run.json`, `config.json`, `metrics.jsonl`,
 * `checkpoint-*.safetensors` and `report.html`. Every file but the growing metrics is written completely or not at all,
 * so that a run killed at any moment can resume from its last checkpoint.
 */
export class RunFolder {
  readonly path: string;
  readonly config: Config;
  readonly identity: string;
  readonly #lock: FolderLock;
  readonly #metrics: MetricsLog;
  readonly #origin: Origin;
  readonly #session: SessionPart;
  /** Names of the checkpoints to keep, newest first. */
  #kept: readonly string[];
  #hasFailed = false;
  #isClosed = false;

  private constructor(folder: string, lock: FolderLock, session: SessionPart, config: Config) {
    this.path = folder;
    this.config = config;
    this.identity = session.identity;
    this.#lock = lock;
    this.#session = session;
    this.#origin = originOf(session);
    for (const name of readdirSync(folder)) if (isTemporary(name)) removeQuietly(path.join(folder, name));
    this.#metrics = new MetricsLog(path.join(folder, METRICS_FILE));
    this.#kept = checkpointsIn(folder).slice(0, 1);
  }

  /** Returns whether a folder holds a run, finished or not. */
  static exists(folder: string): boolean {
    return existsSync(path.join(folder, RUN_FILE));
  }

  /**
   * Creates a run in a new folder, or in one without a run. Throws `folder.exists` if it holds a run of any status,
   * `folder.locked`, `folder.full` or `folder.unwritable`.
   */
  static create(folder: string, options: CreateOptions): RunFolder {
    const { config, command, backend, data, environment = describeEnvironment() } = options;
    const { startedAt = new Date().toISOString() } = options;
    makeFolder(folder);
    const known = { command, startedAt, identity: identityOf(config), ...(data ? { data } : {}) };
    const session = sessionOf(known, environment, backend);
    return underLock(folder, (lock) => {
      refuseUsed(folder, session.identity);
      // run.json comes last: without it there is no run, and another one may start here.
      writeDocument(path.join(folder, CONFIG_FILE), asJson(config));
      writeDocument(
        path.join(folder, RUN_FILE),
        asJson({ ...session, status: 'running', updatedAt: startedAt } satisfies RunFolderDocument),
      );
      return new RunFolder(folder, lock, session, config);
    });
  }

  /**
   * Opens the folder of a run to resume it. Throws `folder.missing`, `folder.not-a-run`, `folder.newer`,
   * `folder.locked`, `folder.full`, `folder.unwritable`, and `run.other-config`, which lists the differences.
   */
  static open(folder: string, options: OpenOptions = {}): RunFolder {
    requireRunFolder(folder);
    return underLock(folder, (lock) => {
      const { run, config } = readDocuments(folder);
      if (options.config) requireSame(folder, options.config, config);
      const { backend = { name: run.backend, detail: run.backendDetail, threads: run.threads } } = options;
      const session = sessionOf(run, options.environment ?? describeEnvironment(), backend);
      return new RunFolder(folder, lock, session, config);
    });
  }

  /** Appends a record to the buffered metrics. Throws `folder.full` if the buffer cannot be written. */
  record(record: MetricsRecord): void {
    this.#guard(() => this.#metrics.append(record));
  }

  /** Returns every record so far. Throws `folder.metrics` if a line is damaged. */
  readMetrics(): MetricsRecord[] {
    return this.#metrics.read();
  }

  /**
   * Saves the metrics and then a checkpoint, and keeps the newest two. Returns false and saves nothing if a number is
   * not finite, so that the last good checkpoint stays. Throws `folder.full` or `folder.unwritable`; older checkpoints
   * then stay.
   */
  checkpoint(tensors: ReadonlyMap<string, Tensor>, position: Position): boolean {
    return this.#guard(() => {
      const metadata = {
        position,
        metricsBytes: this.#metrics.sync(),
        identity: this.identity,
        origin: this.#origin,
      };
      const bytes = encodeCheckpoint(tensors, metadata, sha256);
      if (!bytes) return false;
      const name = checkpointName(position.step);
      writeDocument(path.join(this.path, name), bytes);
      this.#kept = [name, ...this.#kept.filter((other) => other !== name)].slice(0, KEPT_CHECKPOINTS);
      for (const other of checkpointsIn(this.path)) {
        if (!this.#kept.includes(other)) removeQuietly(path.join(this.path, other));
      }
      return true;
    });
  }

  /**
   * Returns the newest good checkpoint and truncates the metrics to it; undefined if there is no checkpoint. Damaged
   * ones are skipped with a warning. Throws `checkpoint.corrupt` or `checkpoint.newer` if there are checkpoints but
   * none can be used.
   */
  latest(): LoadedCheckpoint | undefined {
    const skipped: ApicalError[] = [];
    for (const name of checkpointsIn(this.path)) {
      const checkpoint = loadCheckpoint(this.path, name, this.identity);
      if (checkpoint instanceof ApicalError) {
        skipped.push(checkpoint);
        continue;
      }
      const warnings = [
        ...skipped.map(({ message }) => `${message} The run continues from step ${checkpoint.step} instead.`),
        ...originWarnings(checkpoint.origin, this.#origin, checkpoint.step),
      ];
      const missing = this.#metrics.cut(checkpoint.metricsBytes);
      if (missing > 0) {
        warnings.push(
          `${METRICS_FILE} lacks ${missing} bytes that it had at step ${checkpoint.step}, so the curves will have a gap.`,
        );
      }
      this.#kept = [name];
      return { ...checkpoint, warnings };
    }
    const [first] = skipped;
    if (first) {
      throw new ApicalError(
        skipped.find(({ code }) => code === 'checkpoint.newer')?.code ?? first.code,
        `No checkpoint in ${this.path} can be used: ${skipped.map(({ message }) => message.replace(/\.$/, '')).join('; ')}. To start again from step 0, choose another --out.`,
        { folder: this.path },
        first,
      );
    }
    this.#metrics.cut(0);
    return undefined;
  }

  /**
   * Copies a checkpoint into the tensors of a run, all or none. Throws `checkpoint.mismatch`, which names the tensor.
   */
  restoreInto(tensors: ReadonlyMap<string, Tensor>, loaded: Pick<Checkpoint, 'tensors'>): void {
    restoreTensors(tensors, loaded);
  }

  /**
   * Writes the metrics and then `run.json`. Throws `folder.full` or `folder.unwritable`, unless such an error was
   * thrown before: then `run.json` stays unchanged, and the first error is the one to report.
   */
  status({ status, document, failure = document?.failure }: StatusUpdate): void {
    const run: RunFolderDocument = {
      ...this.#session,
      status,
      updatedAt: new Date().toISOString(),
      ...(document ? { document } : {}),
      ...(failure ? { failure } : {}),
    };
    const nothing = () => undefined;
    this.#guard(() => this.#metrics.flush(), nothing);
    this.#guard(() => writeDocument(path.join(this.path, RUN_FILE), asJson(run)), nothing);
  }

  /** Writes the HTML report. Throws `folder.full` or `folder.unwritable`. */
  writeReport(html: string): void {
    writeDocument(path.join(this.path, REPORT_FILE), html);
  }

  /** Writes buffered metrics and releases the lock. Safe to call twice. Throws as `status` does. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#guard(
        () => this.#metrics.flush(),
        () => undefined,
      );
    } finally {
      this.#metrics.close();
      this.#lock.release();
    }
  }

  /** Runs `body`. After a first failure to write, `afterwards` replaces later errors. */
  #guard<Result>(body: () => Result, afterwards?: () => Result): Result {
    try {
      return body();
    } catch (thrown) {
      if (this.#hasFailed && afterwards && thrown instanceof ApicalError) return afterwards();
      this.#hasFailed = true;
      throw thrown;
    }
  }
}

function underLock(folder: string, body: (lock: FolderLock) => RunFolder): RunFolder {
  const lock = new FolderLock(folder);
  try {
    return body(lock);
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}
