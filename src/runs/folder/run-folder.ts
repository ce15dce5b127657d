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

export interface CreateOptions {
  readonly config: Config;
  /** The command line that repeats the run. */
  readonly command: string;
  readonly backend: BackendInUse;
  /** What the inputs and answers mean, so that the network can be used without its data set. */
  readonly data?: DataDescription;
  /** Default: what `describeEnvironment` finds. */
  readonly environment?: Environment;
  /** When the run began, ISO 8601. Default: now. */
  readonly startedAt?: string;
}

export interface OpenOptions {
  /** The config asked for; another than the folder's is refused. Default: the folder's own. */
  readonly config?: Config;
  /** The backend from now on. Default: as in the last session. */
  readonly backend?: BackendInUse;
  readonly environment?: Environment;
}

export interface StatusUpdate {
  readonly status: RunStatus;
  readonly document?: RunDocument;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** A checkpoint that was found good, and what to tell the user about it. */
export interface LoadedCheckpoint extends Checkpoint {
  readonly warnings: readonly string[];
}

const KEPT_CHECKPOINTS = 2;

/**
 * What a run leaves on a disk, locked while it is open: `run.json`, `config.json`, `metrics.jsonl`,
 * `checkpoint-*.safetensors` and `report.html`. Every file but the growing metrics is written whole or not at
 * all, so that a run killed at any moment goes on from its last checkpoint.
 */
export class RunFolder {
  readonly path: string;
  readonly config: Config;
  readonly identity: string;
  readonly #lock: FolderLock;
  readonly #metrics: MetricsLog;
  readonly #origin: Origin;
  readonly #session: SessionPart;
  /** Names of the checkpoints that may be needed, newest first. */
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

  /** Whether there is a run in a folder, finished or not. */
  static exists(folder: string): boolean {
    return existsSync(path.join(folder, RUN_FILE));
  }

  /**
   * Begins a run in a new folder, or in one without a run. Throws `folder.exists` when it holds a run, whatever
   * its state; `folder.locked`, `folder.full`, `folder.unwritable`.
   */
  static create(folder: string, options: CreateOptions): RunFolder {
    const { config, command, backend, data, environment = describeEnvironment() } = options;
    const { startedAt = new Date().toISOString() } = options;
    makeFolder(folder);
    const known = { command, startedAt, identity: identityOf(config), ...(data ? { data } : {}) };
    const session = sessionOf(known, environment, backend);
    return underLock(folder, (lock) => {
      refuseUsed(folder, session.identity);
      // run.json comes last: without it there is no run, and the next one may begin here.
      writeDocument(path.join(folder, CONFIG_FILE), asJson(config));
      writeDocument(
        path.join(folder, RUN_FILE),
        asJson({ ...session, status: 'running', updatedAt: startedAt } satisfies RunFolderDocument),
      );
      return new RunFolder(folder, lock, session, config);
    });
  }

  /**
   * Opens the folder of a run to go on with it. Throws `folder.missing`, `folder.not-a-run`, `folder.newer`,
   * `folder.locked`, `folder.full`, `folder.unwritable`, and `run.other-config`, which lists what differs.
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

  /** Appends a record to the metrics. Buffered; throws `folder.full` when it comes to be written and cannot. */
  record(record: MetricsRecord): void {
    this.#guard(() => this.#metrics.append(record));
  }

  /** Every record so far. Throws `folder.metrics`. */
  readMetrics(): MetricsRecord[] {
    return this.#metrics.read();
  }

  /**
   * Saves a checkpoint, after the metrics that belong to it; the newest two are kept. Returns false and saves
   * nothing when a number is not finite, so that the last good one stays the last. Throws `folder.full`,
   * `folder.unwritable`; the older checkpoints are kept then.
   */
  checkpoint(tensors: ReadonlyMap<string, Tensor>, position: Position): boolean {
    return this.#guard(() => {
      const about = {
        position,
        metricsBytes: this.#metrics.sync(),
        identity: this.identity,
        origin: this.#origin,
      };
      const bytes = encodeCheckpoint(tensors, about, sha256);
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
   * The newest good checkpoint, or undefined when there has been none; the metrics are cut back to it. Damaged
   * ones are passed over, with a warning. Throws `checkpoint.corrupt` or `checkpoint.newer` when there are
   * checkpoints but none can be used.
   */
  latest(): LoadedCheckpoint | undefined {
    const passed: ApicalError[] = [];
    for (const name of checkpointsIn(this.path)) {
      const checkpoint = loadCheckpoint(this.path, name, this.identity);
      if (checkpoint instanceof ApicalError) {
        passed.push(checkpoint);
        continue;
      }
      const warnings = [
        ...passed.map(({ message }) => `${message} The run goes on from step ${checkpoint.step} instead.`),
        ...originWarnings(checkpoint.origin, this.#origin, checkpoint.step),
      ];
      const missing = this.#metrics.cut(checkpoint.metricsBytes);
      if (missing > 0) {
        warnings.push(
          `${METRICS_FILE} lacks ${missing} bytes that it had at step ${checkpoint.step}: curves will have a gap.`,
        );
      }
      this.#kept = [name];
      return { ...checkpoint, warnings };
    }
    const [first] = passed;
    if (first) {
      throw new ApicalError(
        passed.find(({ code }) => code === 'checkpoint.newer')?.code ?? first.code,
        `No checkpoint in ${this.path} can be used. ${passed.map(({ message }) => message).join(' ')} To begin again from step 0, use another --out.`,
        { folder: this.path },
        first,
      );
    }
    this.#metrics.cut(0);
    return undefined;
  }

  /** Copies a checkpoint into a run's tensors, all or none. Throws `checkpoint.mismatch`, which names the tensor. */
  restoreInto(tensors: ReadonlyMap<string, Tensor>, loaded: Pick<Checkpoint, 'tensors'>): void {
    restoreTensors(tensors, loaded);
  }

  /**
   * Writes the metrics and then `run.json` anew. Throws `folder.full`, `folder.unwritable`, except after such an
   * error has been thrown before: then `run.json` stays as it was, and the first error is the one to report.
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

  /** Throws `folder.full`, `folder.unwritable`. */
  writeReport(html: string): void {
    writeDocument(path.join(this.path, REPORT_FILE), html);
  }

  /** Writes what is buffered and gives the folder free. Safe to call twice. Throws as `status` does. */
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

  /** Remembers that the folder could not be written; from then on, `afterwards` replaces the same error. */
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
