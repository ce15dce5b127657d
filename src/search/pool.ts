import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApicalError } from '../errors.ts';
import type { TrialOutcome, TrialWork } from './trial.ts';

export type WorkerOrder =
  | { readonly kind: 'learn'; readonly work: TrialWork; readonly blasPath?: string | undefined }
  | { readonly kind: 'stop' };

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly epoch: number }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'outcome'; readonly outcome: TrialOutcome }
  /** It cannot be done at all, here or in another worker. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

export interface TrialPoolOptions {
  readonly workers: number;
  readonly blasPath?: string | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A trial whose worker dies so often has failed. */
const ATTEMPTS = 3;

interface Job {
  readonly work: TrialWork;
  readonly onProgress: ((epoch: number) => void) | undefined;
  readonly resolve: (outcome: TrialOutcome) => void;
  readonly reject: (error: unknown) => void;
  deaths: number;
}

interface Worker {
  readonly process: ChildProcess;
  isReady: boolean;
  job: Job | undefined;
  lastWords: string;
}

/**
 * Worker processes that learn trials side by side. One that dies is replaced, and its trial goes on from its last
 * checkpoint; a trial whose workers die three times is counted as failed.
 */
export class TrialPool {
  readonly #options: TrialPoolOptions;
  readonly #workers = new Set<Worker>();
  readonly #queue: Job[] = [];
  readonly #warnings = new Set<string>();
  #failedStarts = 0;
  #isStopped = false;

  /** Starts nothing yet: workers come with work. */
  constructor(options: TrialPoolOptions) {
    this.#options = options;
  }

  /** Learns a trial as soon as a worker is free, first come, first served. Rejects where no worker could do it. */
  learn(work: TrialWork, onProgress?: (epoch: number) => void): Promise<TrialOutcome> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ work, onProgress, resolve, reject, deaths: 0 });
      this.#assign();
    });
  }

  /** Nothing new is begun, and what is being learned stops with a checkpoint: all outcomes are `interrupted`. */
  stop(): void {
    this.#isStopped = true;
    for (const { resolve } of this.#queue.splice(0)) resolve({ kind: 'interrupted' });
    for (const { process } of this.#workers) if (process.connected) process.send({ kind: 'stop' });
  }

  /** Resolves when all workers have ended. */
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
      worker.process.send({ kind: 'learn', work: job.work, blasPath } satisfies WorkerOrder);
    }
    const starting = [...this.#workers].filter(({ isReady }) => !isReady).length;
    const wanted = Math.min(this.#queue.length - starting, this.#options.workers - this.#workers.size);
    for (let count = 0; count < wanted; count++) this.#begin();
  }

  #begin(): void {
    const child = forkWorker();
    const worker: Worker = { process: child, isReady: false, job: undefined, lastWords: '' };
    this.#workers.add(worker);
    // What a rule prints is lost: stdout is for results.
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.lastWords = (worker.lastWords + text).slice(-2000);
    });
    child.on('message', (answer) => this.#hear(worker, answer as WorkerAnswer));
    child.on('error', () => undefined); // A message to one that has just died; its end is heard too.
    child.on('close', (code, signal) => this.#bury(worker, code, signal));
  }

  #hear(worker: Worker, answer: WorkerAnswer): void {
    switch (answer.kind) {
      case 'ready':
        worker.isReady = true;
        this.#failedStarts = 0;
        break;
      case 'progress':
        worker.job?.onProgress?.(answer.epoch);
        return;
      case 'warning':
        // Of a config, every trial says the same.
        if (!this.#warnings.has(answer.message)) this.#options.onWarning?.(answer.message);
        this.#warnings.add(answer.message);
        return;
      default: {
        const { job } = worker;
        worker.job = undefined;
        if (answer.kind === 'outcome') job?.resolve(answer.outcome);
        else job?.reject(new ApicalError(answer.code, answer.message));
      }
    }
    this.#assign();
  }

  #bury(worker: Worker, code: number | null, signal: string | null): void {
    this.#workers.delete(worker);
    const { job, isReady, lastWords } = worker;
    if (this.#isStopped) {
      job?.resolve({ kind: 'interrupted' });
      return;
    }
    const last = lastWords.split('\n').findLast((line) => line.trim() !== '');
    const how = `${signal ? `by ${signal}` : `with code ${code ?? '?'}`}${last === undefined ? '' : ` (${last.trim()})`}`;
    if (!isReady) this.#failedStarts += 1;
    if (this.#failedStarts >= ATTEMPTS) {
      const error = new ApicalError(
        'run.worker',
        `No worker process could be started: ${ATTEMPTS} of them ended ${how} before they were ready. Try --workers 1, or free memory.`,
      );
      for (const { reject } of this.#queue.splice(0)) reject(error);
      return;
    }
    if (job) {
      job.deaths += 1;
      const trial = `the trial in ${job.work.folder}`;
      if (job.deaths < ATTEMPTS) {
        const fate = `${trial} goes on from its last checkpoint in another`;
        this.#options.onWarning?.(`A worker process ended ${how}; ${fate}.`);
        this.#queue.unshift(job);
      } else {
        const message = `Its worker process ended ${job.deaths} times, the last time ${how}.`;
        this.#options.onWarning?.(`${message} So ${trial} is counted as failed.`);
        job.resolve({ kind: 'failed', code: 'run.worker', message });
      }
    }
    this.#assign();
  }
}

/** From source (tests) the program is TypeScript, which a loader reads; from a build it is JavaScript. */
function forkWorker(): ChildProcess {
  const here = fileURLToPath(import.meta.url);
  const program = path.join(path.dirname(here), `worker${path.extname(here)}`);
  // Without the flags of this process: a loader or an inspector has no business in there.
  const options = { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] as ('ignore' | 'pipe' | 'ipc')[] };
  if (path.extname(here) === '.js') return fork(program, [], options);
  const loader = path.join(
    path.dirname(createRequire(here).resolve('jiti/package.json')),
    'lib/jiti-cli.mjs',
  );
  return fork(loader, [program], options);
}
