import { ApicalError } from '../../errors.ts';
import type { Heap } from '../../tensor/heap.ts';
import type { StartedWorker, StartWorker } from './worker.ts';
import { CONTROL_BYTES, JOB, MOST_WORKERS, WORD } from './worker.ts';

/** A call of a kernel, to be cut into shares along one of its arguments. */
export interface Job {
  readonly kernel: string;
  /** The arguments of the whole call. */
  readonly values: readonly number[];
  /** Position of the argument that is the size to cut. */
  readonly extent: number;
  /** Growth of each argument per unit of the extent. */
  readonly steps: readonly number[];
  /** Position of the argument that is the thread's own workspace; −1 for none. */
  readonly workspace: number;
  /** Shares begin at multiples of this number of units. */
  readonly grain: number;
  /** Size of the work, an integer: jobs of one kernel and one size take equally long. */
  readonly size: number;
}

/** Options of a `Pool`. */
export interface PoolOptions {
  readonly heap: Heap;
  readonly module: WebAssembly.Module;
  readonly exports: WebAssembly.Exports;
  /** Names of the kernels that may be run. */
  readonly kernels: readonly string[];
  /** Size of each worker's workspace. */
  readonly workspaceBytes: number;
  /** Maximum number of threads, the caller's own included. */
  readonly threads: number;
  readonly startWorker: StartWorker;
}

/**
 * Time that an idle worker looks for work before it sleeps. It is longer than most gaps between the large jobs of a
 * training step (15 to 90 µs), so a step seldom has to wake a worker. Waking takes about 100 µs.
 */
const SPIN_MILLISECONDS = 0.1;
/** With two shares, a running thread can take over an unstarted share if another process holds a processor. */
const SHARES_PER_THREAD = 2;
/** Number of times the owner looks for the end of the last shares before it sleeps. */
const LOOKS_BEFORE_SLEEP = 20_000;
const SLEEP_MILLISECONDS = 10;
/**
 * Threads do not always pay: other processes may hold the processors, and memory that two processors write may travel
 * far. The pool therefore measures how long each job takes on one thread, and adds up what threads gained and lost in
 * about the last 50 jobs. In debt, it rests on one thread before it tries again, twice as long each time until threads
 * have paid. After JOBS_BETWEEN_RESTS jobs it takes a short rest to measure again. Times are in milliseconds.
 */
const SHORTEST_REST = 4;
const LONGEST_REST = 500;
const JOBS_BETWEEN_RESTS = 2048;
const DEBT_MILLISECONDS = -0.2;
const PAID_MILLISECONDS = 1;
const MEMORY = 0.98;
/** Weight of a new time in the running mean of a job on one thread. */
const NEWS = 0.5;
/** A worker that holds a share is given up after this multiple of the time of the owner's own part … */
const PATIENCE = 50;
/** … but not before this time. It is counted in naps, so that a suspended process does not run out of time. */
const LEAST_PATIENCE_MILLISECONDS = 20_000;

/**
 * Worker threads on the memory of a heap. `run` posts a job, works on it too and returns when all of it is done. A
 * share belongs to the thread that claims it, so no one waits for a worker that sleeps, starts or has died. The pool
 * decides only where shares begin and end, and no bit depends on that.
 *
 * The first job starts the workers, and `close` ends them. They never keep the process alive.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #words: Int32Array;
  readonly #job: Float64Array;
  readonly #workers: StartedWorker[] = [];
  readonly #workspaces: number[] = [];
  #alive: number;
  #failure: string | undefined;
  #state: 'new' | 'open' | 'closed' = 'new';
  #number = 0;
  /** Milliseconds that a job takes on one thread, by kernel and size. */
  readonly #single = new Map<number, number>();
  /** Milliseconds gained recently. */
  #gained = 0;
  /** Length of the next rest. */
  #rest = SHORTEST_REST;
  /** Jobs since the last rest. */
  #sinceRest = 0;
  /** End of the present rest. */
  #notBefore = 0;

  /** Workers start with the first job, not here. */
  constructor(options: PoolOptions) {
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    this.#options = { ...options, threads: Math.min(options.threads, MOST_WORKERS + 1) };
    this.#words = new Int32Array(control);
    this.#job = new Float64Array(control, 8 * JOB.at);
    this.#alive = this.#options.threads - 1;
  }

  /** Number of threads, the caller's own included. It is lower than requested after workers have failed. */
  get threads(): number {
    return 1 + this.#alive;
  }

  /** Why there are fewer threads than requested; undefined if there are not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Leaves the processors to other work for this time: jobs run on the caller's thread alone. */
  standBack(milliseconds: number): void {
    this.#notBefore = performance.now() + milliseconds;
  }

  /** Whether a job would be cut now. True before the first job, which starts the workers. */
  get isActive(): boolean {
    if (this.#state === 'new') return true;
    return performance.now() >= this.#notBefore && this.#readyWorkers() > 0;
  }

  /**
   * Runs a kernel on all threads that are ready. Throws `wasm.worker` if a worker begins a share and does not finish it.
   * The result is then invalid, and later jobs run on the caller's thread alone.
   */
  run(job: Job): void {
    if (this.#state === 'new') this.#open();
    const { kernel, values, extent, steps, grain } = job;
    const number = this.#options.kernels.indexOf(kernel);
    const id = job.size * this.#options.kernels.length + number;
    const single = this.#single.get(id);
    const start = performance.now();
    // The first job of its kind runs on this thread, to measure its time.
    const ready = single === undefined || start < this.#notBefore ? 0 : this.#readyWorkers();
    const total = values[extent] as number;
    const wanted = Math.min(SHARES_PER_THREAD * (ready + 1), 255);
    const share = Math.ceil(total / wanted / grain) * grain;
    const shares = Math.ceil(total / share);
    if (ready === 0 || single === undefined || shares === 1) {
      this.#kernel(kernel)(...values);
      const time = performance.now() - start;
      this.#single.set(id, (1 - NEWS) * (single ?? time) + NEWS * time);
      return;
    }

    const words = this.#words;
    const block = this.#job;
    block[JOB.kernel] = number;
    block[JOB.total] = total;
    block[JOB.share] = share;
    block[JOB.extent] = extent;
    block[JOB.workspace] = job.workspace;
    block[JOB.arguments] = values.length;
    for (let i = 0; i < values.length; i++) {
      block[JOB.values + i] = values[i] as number;
      block[JOB.steps + i] = steps[i] ?? 0;
    }
    Atomics.store(words, WORD.finished, 0);
    this.#number = (this.#number + 1) & 0x7fffff;
    const ticket = this.#number << 8;
    // The caller takes the last share at once.
    Atomics.store(words, WORD.ticket, ticket | (shares - 1));
    if (Atomics.load(words, WORD.asleep) > 0) Atomics.notify(words, WORD.ticket);

    const run = this.#kernel(kernel);
    let own = 0;
    for (let index = shares - 1; ; own += 1) {
      const first = index * share;
      const mine = values.map((value, i) => value + first * (steps[i] ?? 0));
      mine[extent] = Math.min(share, total - first);
      run(...mine);
      let left: number;
      do left = Atomics.load(words, WORD.ticket) & 255;
      while (
        left > 0 &&
        Atomics.compareExchange(words, WORD.ticket, ticket | left, ticket | (left - 1)) !== (ticket | left)
      );
      if (left === 0) break;
      index = left - 1;
    }
    own += 1;
    this.#await(shares - own, performance.now() - start);
    // If no worker came in time, the job tells nothing about threads.
    if (own < shares) this.#settle(single - (performance.now() - start));
    if (Atomics.load(words, WORD.broken) === 1) this.#giveUp('A kernel failed on a worker thread.');
  }

  /** Ends the workers and releases their memory. Later jobs run on the caller's thread. */
  close(): void {
    this.#stop();
    for (const offset of this.#workspaces.splice(0)) this.#options.heap.release(offset);
  }

  #kernel(name: string): (...values: number[]) => void {
    return this.#options.exports[name] as (...values: number[]) => void;
  }

  #open(): void {
    this.#state = 'open';
    const { heap, module, kernels, workspaceBytes, startWorker } = this.#options;
    for (let index = 0; index < this.#options.threads - 1; index++) {
      const workspace = heap.reserve(workspaceBytes);
      this.#workspaces.push(workspace);
      let failed = false;
      const fail = (reason: string) => {
        if (failed || this.#state === 'closed') return;
        failed = true;
        Atomics.store(this.#words, WORD.ready + index, 0);
        this.#alive -= 1;
        this.#failure ??= reason;
      };
      try {
        const worker = startWorker(
          {
            module,
            memory: heap.memory,
            control: this.#words.buffer as SharedArrayBuffer,
            kernels,
            index,
            workspace,
            spinMilliseconds: SPIN_MILLISECONDS,
          },
          fail,
        );
        this.#workers.push(worker);
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Adds the time that a job gained by threads, and rests if threads have not paid. */
  #settle(milliseconds: number): void {
    this.#gained = MEMORY * this.#gained + milliseconds;
    this.#sinceRest += 1;
    if (this.#gained > PAID_MILLISECONDS) this.#rest = SHORTEST_REST;
    const inDebt = this.#gained < DEBT_MILLISECONDS;
    if (!inDebt && this.#sinceRest < JOBS_BETWEEN_RESTS) return;
    this.standBack(inDebt ? this.#rest : SHORTEST_REST);
    if (inDebt) this.#rest = Math.min(2 * this.#rest, LONGEST_REST);
    this.#gained = 0;
    this.#sinceRest = 0;
  }

  #readyWorkers(): number {
    let ready = 0;
    if (this.#state === 'open') {
      for (let index = 0; index < this.#options.threads - 1; index++) {
        ready += Atomics.load(this.#words, WORD.ready + index);
      }
    }
    return ready;
  }

  /** Waits until workers have finished this number of shares. */
  #await(shares: number, ownMilliseconds: number): void {
    const words = this.#words;
    for (let looks = 0; looks < LOOKS_BEFORE_SLEEP; looks++) {
      if (Atomics.load(words, WORD.finished) >= shares) return;
    }
    const naps = Math.max(LEAST_PATIENCE_MILLISECONDS, PATIENCE * ownMilliseconds) / SLEEP_MILLISECONDS;
    Atomics.store(words, WORD.awaited, 1);
    try {
      for (let nap = 0; nap < naps; nap++) {
        const finished = Atomics.load(words, WORD.finished);
        if (finished >= shares) return;
        sleep(words, finished);
      }
    } finally {
      Atomics.store(words, WORD.awaited, 0);
    }
    this.#giveUp('A worker thread began its share of a computation and did not finish it.');
  }

  #giveUp(message: string): never {
    this.#failure ??= message;
    this.#alive = 0;
    this.#stop();
    throw new ApicalError(
      'wasm.worker',
      `${message} Run again, or use one thread (--threads 1), which needs no workers.`,
    );
  }

  #stop(): void {
    this.#state = 'closed';
    Atomics.store(this.#words, WORD.ticket, -1);
    Atomics.notify(this.#words, WORD.ticket);
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }
}

/** Sleeps until the word changes or a nap is over. The main thread of a page cannot sleep: it keeps looking. */
function sleep(words: Int32Array, finished: number): void {
  try {
    Atomics.wait(words, WORD.finished, finished, SLEEP_MILLISECONDS);
  } catch {
    const until = performance.now() + SLEEP_MILLISECONDS;
    while (Atomics.load(words, WORD.finished) === finished && performance.now() < until);
  }
}
