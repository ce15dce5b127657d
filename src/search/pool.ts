import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApicalError } from '../errors.ts';
import type { TrialOutcome, TrialWork } from './trial.ts';

/** A message from the main process to a worker process. */
export type WorkerCommand =
  | { readonly kind: 'run'; readonly work: TrialWork; readonly blasPath?: string | undefined }
  | { readonly kind: 'stop' };

/** A message from a worker process to the main process. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly epoch: number }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'outcome'; readonly outcome: TrialOutcome }
  /** The trial cannot run at all, in this worker or another. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Options of a `TrialPool`. */
export interface TrialPoolOptions {
  readonly workers: number;
  readonly blasPath?: string | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Number of worker crashes after which a trial counts as failed. */
const ATTEMPTS = 3;

interface Job {
  readonly work: TrialWork;
  readonly onProgress: ((epoch: number) => void) | undefined;
  readonly resolve: (outcome: TrialOutcome) => void;
  readonly reject: (error: unknown) => void;
  crashes: number;
}

interface Worker {
  readonly process: ChildProcess;
  isReady: boolean;
  job: Job | undefined;
  /** The end of the process's stderr. */
  stderrTail: string;
}

/**
 * Worker processes that run trials in parallel. A process that dies is replaced, and its trial continues from its last
 * checkpoint. A trial whose process dies three times counts as failed.
 */
export class TrialPool {
  readonly #options: TrialPoolOptions;
  readonly #workers = new Set<Worker>();
  readonly #queue: Job[] = [];
  readonly #warnings = new Set<string>();
  #failedStarts = 0;
  #isStopped = false;

  /** Starts no process yet; processes start when there are trials to run. */
  constructor(options: TrialPoolOptions) {
    this.#options = options;
  }

  /** Runs a trial as soon as a worker is free, in order of arrival. Rejects if the trial cannot run in any worker. */
  run(work: TrialWork, onProgress?: (epoch: number) => void): Promise<TrialOutcome> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ work, onProgress, resolve, reject, crashes: 0 });
      this.#assign();
    });
  }

  /** Starts no more trials and stops running ones with a checkpoint; their outcomes are `interrupted`. */
  stop(): void {
    this.#isStopped = true;
    for (const { resolve } of this.#queue.splice(0)) resolve({ kind: 'interrupted' });
    for (const { process } of this.#workers)
      if (process.connected) process.send({ kind: 'stop' } satisfies WorkerCommand);
  }

  /** Stops the pool; resolves when all processes have ended. */
  async close(): Promise<void> {
    this.stop();
    await Promise.all(
      [...this.#workers].map(async ({ process }) => {
        if (process.connected) process.disconnect();
        if (process.exitCode !== null || process.signalCode !== null) return;
        await new Promise((resolve) => process.once('exit', resolve));
      }),
    );
  }

  #assign(): void {
    if (this.#isStopped) {
      for (const { resolve } of this.#queue.splice(0)) resolve({ kind: 'interrupted' });
      return;
    }
    for (const worker of this.#workers) {
      if (!worker.isReady || worker.job) continue;
      const job = this.#queue.shift();
      if (!job) return;
      worker.job = job;
      const { blasPath } = this.#options;
      worker.process.send({ kind: 'run', work: job.work, blasPath } satisfies WorkerCommand);
    }
    const starting = [...this.#workers].filter(({ isReady }) => !isReady).length;
    const wanted = Math.min(this.#queue.length - starting, this.#options.workers - this.#workers.size);
    for (let count = 0; count < wanted; count++) this.#startWorker();
  }

  #startWorker(): void {
    const child = forkWorker();
    const worker: Worker = { process: child, isReady: false, job: undefined, stderrTail: '' };
    this.#workers.add(worker);
    // Discards what a rule prints: stdout is for results.
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.stderrTail = (worker.stderrTail + text).slice(-2000);
    });
    child.on('message', (reply) => this.#receive(worker, reply as WorkerReply));
    child.on('error', () => undefined); // Sending to a process that has just died; `close` follows.
    child.on('close', (code, signal) => this.#remove(worker, code, signal));
  }

  #receive(worker: Worker, reply: WorkerReply): void {
    switch (reply.kind) {
      case 'ready':
        worker.isReady = true;
        this.#failedStarts = 0;
        break;
      case 'progress':
        worker.job?.onProgress?.(reply.epoch);
        return;
      case 'warning':
        // Every trial of a config gives the same warnings.
        if (!this.#warnings.has(reply.message)) this.#options.onWarning?.(reply.message);
        this.#warnings.add(reply.message);
        return;
      default: {
        const { job } = worker;
        worker.job = undefined;
        if (reply.kind === 'outcome') job?.resolve(reply.outcome);
        else job?.reject(new ApicalError(reply.code, reply.message));
      }
    }
    this.#assign();
  }

  #remove(worker: Worker, code: number | null, signal: string | null): void {
    this.#workers.delete(worker);
    const { job, isReady, stderrTail } = worker;
    if (this.#isStopped) {
      job?.resolve({ kind: 'interrupted' });
      return;
    }
    const last = stderrTail.split('\n').findLast((line) => line.trim() !== '');
    const how = `${signal ? `by ${signal}` : `with code ${code ?? '?'}`}${last === undefined ? '' : ` (${last.trim()})`}`;
    if (!isReady) this.#failedStarts += 1;
    if (this.#failedStarts >= ATTEMPTS) {
      const error = new ApicalError(
        'run.worker',
        `No worker process could start: ${ATTEMPTS} of them ended ${how} before they were ready. Free some memory, or try --workers 1.`,
      );
      for (const { reject } of this.#queue.splice(0)) reject(error);
      return;
    }
    if (job) {
      job.crashes += 1;
      const { folder } = job.work;
      if (job.crashes < ATTEMPTS) {
        this.#options.onWarning?.(
          `A worker process ended ${how}. Another one continues the trial in ${folder} from its last checkpoint.`,
        );
        this.#queue.unshift(job);
      } else {
        const end = `worker process ended ${job.crashes} times, the last time ${how}.`;
        this.#options.onWarning?.(`The trial in ${folder} failed: its ${end}`);
        job.resolve({ kind: 'failed', code: 'run.worker', message: `The ${end}` });
      }
    }
    this.#assign();
  }
}

/** Starts a worker process: JavaScript from a build, or TypeScript through a loader from source (in tests). */
function forkWorker(): ChildProcess {
  const here = fileURLToPath(import.meta.url);
  const program = path.join(path.dirname(here), `worker${path.extname(here)}`);
  // No flags of this process: its loader or inspector must not run in the worker.
  const options = { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] as ('ignore' | 'pipe' | 'ipc')[] };
  if (path.extname(here) === '.js') return fork(program, [], options);
  const loader = path.join(
    path.dirname(createRequire(here).resolve('jiti/package.json')),
    'lib/jiti-cli.mjs',
  );
  return fork(loader, [program], options);
}
