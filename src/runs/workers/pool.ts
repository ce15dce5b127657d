import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import type { Config } from '../../config/config.ts';
import type { Examples } from '../../training/examples.ts';
import type { Training } from '../../training/training.ts';
import { exchangeMemory, SharedExchange } from './exchange.ts';
import type { RingOptions } from './exchange.ts';
import { fingerprintOf, trainingSet } from './replica.ts';
import type { ReplicaMessage, ReplicaStart, ReplicaState } from './replica.ts';

/** Options of a `WorkerPool`. */
export interface WorkerPoolOptions extends RingOptions {
  readonly config: Config;
  readonly examples: Examples;
  /** The backend of the main participant. */
  readonly backend: Config['backend'];
  readonly blasPath?: string | undefined;
  /** Receives a message for each worker that has stopped. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Time after which the run starts without workers that are not ready. */
  readonly startSeconds?: number;
}

const START_SECONDS = 60;

interface Replica {
  /** The main participant is worker 1. */
  readonly number: number;
  readonly thread: Worker;
  readonly ready: Promise<void>;
}

/**
 * Worker threads that take the steps of a training together with the main thread, `config.workers` in total. Each holds
 * the whole network; only numbers pass through `exchange`. If a worker dies, the run continues without it, with a
 * warning and with weights that are equal to the bit.
 *
 * Create the pool before the training, which receives `exchange`; start it when the training is at the step where the
 * run begins; close it at the end.
 */
export class WorkerPool {
  readonly exchange: SharedExchange;
  readonly #options: WorkerPoolOptions;
  readonly #memory: SharedArrayBuffer;
  readonly #replicas = new Map<number, Replica>();
  #isClosed = false;

  /** Starts no thread yet. */
  constructor(options: WorkerPoolOptions) {
    const { ring, ahead } = options;
    this.#options = options;
    this.#memory = exchangeMemory({ ring });
    this.exchange = new SharedExchange({ memory: this.#memory, index: 0, ring, ahead });
  }

  /** Number of workers that take part, including the main thread. */
  get size(): number {
    return 1 + this.#replicas.size;
  }

  /** The worker threads that take part. */
  get threads(): readonly Worker[] {
    return [...this.#replicas.values()].map(({ thread }) => thread);
  }

  /** Starts the workers. Resolves when each is at the step of the training or has been given up, or on abort. */
  async start(training: Training, signal?: AbortSignal): Promise<void> {
    const { config, examples, backend, blasPath, ring, ahead, startSeconds = START_SECONDS } = this.#options;
    this.exchange.guard(() => fingerprintOf(training.learner));
    const dataset = trainingSet(examples);
    // A seed gives every worker the same initial weights; a weights file does not.
    const isFresh = training.step === 0 && config.weights === undefined;
    const state = isFresh ? undefined : stateOf(training);
    for (let index = 1; index < config.workers; index++) {
      const participant = { memory: this.#memory, index, ring, ahead };
      this.#startReplica(index + 1, { participant, config, dataset, backend, blasPath, state });
    }
    const done = new AbortController();
    const ready = Promise.all([...this.#replicas.values()].map((replica) => replica.ready));
    const limit = setTimeout(startSeconds * 1000, undefined, { signal: done.signal }).catch(() => undefined);
    const aborted = new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => resolve(), { once: true, signal: done.signal });
      if (signal?.aborted) resolve();
    });
    const late = new Set(this.#replicas.keys());
    for (const [number, replica] of this.#replicas) void replica.ready.then(() => late.delete(number));
    await Promise.race([ready, limit, aborted]);
    done.abort();
    if (signal?.aborted) return;
    for (const number of late) this.#drop(number, `it was not ready after ${startSeconds} s`);
  }

  /** Ends all workers. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ends = this.threads.map((thread) => thread.terminate());
    this.#replicas.clear();
    await Promise.all(ends);
  }

  #startReplica(number: number, start: ReplicaStart): void {
    const thread = startThread(start);
    let isDone = false;
    const ready = new Promise<void>((resolve) => {
      thread.on('message', (message: ReplicaMessage) => {
        if (message.kind === 'failed') this.#drop(number, message.reason);
        else if (message.kind === 'done') isDone = true;
        else {
          // From now on the thread does not keep the process alive.
          thread.unref();
          resolve();
        }
      });
      thread.on('error', (error) =>
        this.#drop(number, error instanceof Error ? error.message : String(error)),
      );
      thread.on('exit', (code) => {
        if (!isDone) this.#drop(number, `its thread ended with code ${code}`);
        resolve();
      });
    });
    this.#replicas.set(number, { number, thread, ready });
  }

  #drop(number: number, reason: string): void {
    const replica = this.#replicas.get(number);
    if (!replica || this.#isClosed) return;
    this.#replicas.delete(number);
    void replica.thread.terminate();
    const remaining = this.size === 1 ? '1 worker' : `${this.size} workers`;
    this.#options.onWarning?.(
      `Worker ${number} stopped (${reason.replace(/\.$/, '')}). The run continues with ${remaining}; the result does not change.`,
    );
  }
}

/** Returns copies of the tensors, as the training continues while workers read them. */
function stateOf(training: Training): ReplicaState {
  const { tensors, position } = training.snapshot();
  return { position, tensors: new Map([...tensors].map(([name, tensor]) => [name, tensor.data.slice()])) };
}

/** Loads the TypeScript program when this file is not built. */
const FROM_SOURCE = `
const { workerData } = require('node:worker_threads');
import(workerData.loader).then(({ createJiti }) => createJiti(workerData.program).import(workerData.program));
`;

function startThread(start: ReplicaStart): Worker {
  const here = fileURLToPath(import.meta.url);
  const program = path.join(path.dirname(here), `worker${path.extname(here)}`);
  // No flags of this process: its loader or inspector must not run in the worker. Output of the worker is discarded.
  const options: WorkerOptions = { execArgv: [], stdout: true, stderr: true, workerData: { start } };
  if (path.extname(here) === '.js') return new Worker(program, options);
  const loader = pathToFileURL(createRequire(here).resolve('jiti')).href;
  return new Worker(FROM_SOURCE, { ...options, eval: true, workerData: { start, loader, program } });
}
