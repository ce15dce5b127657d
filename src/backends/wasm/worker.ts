/**
 * Worker threads: the program they run and how this host starts them. The program is text, so that no file has to be
 * fetched, and plain JavaScript, so that browsers and Node run the same.
 */

/** Positions of the words (i32) that a pool shares with its workers, each on a cache line of its own. */
export const WORD = {
  /** Job number × 256 + number of shares not claimed yet. Negative means stop. */
  ticket: 0,
  /** Number of shares of this job that workers have finished. */
  finished: 16,
  /** Number of workers asleep on the ticket. */
  asleep: 32,
  /** 1 while the owner of the pool sleeps until `finished` changes. */
  awaited: 48,
  /** 1 after a kernel has failed on a worker. */
  broken: 64,
  /** The first of one word for each worker: 0 means starting, 1 ready. */
  ready: 80,
} as const;

/** Positions of the numbers (f64) that describe the job. */
export const JOB = {
  /** Position of the first number, counted in f64 from the start of the block. */
  at: 128,
  kernel: 0,
  total: 1,
  share: 2,
  /** Positions of the argument that holds the size of a share, and of the workspace (or −1). */
  extent: 3,
  workspace: 4,
  arguments: 5,
  /** Up to 16 arguments of the kernel, then the step of each for one unit of the extent. */
  values: 8,
  steps: 24,
  end: 40,
} as const;

export const MOST_WORKERS = 63;
export const CONTROL_BYTES = 8 * (JOB.at + JOB.end);

/** Data that a worker starts with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly kernels: readonly string[];
  readonly index: number;
  readonly workspace: number;
  /** Time to look for the next job before going to sleep. */
  readonly spinMilliseconds: number;
}

/** A worker that was started. */
export interface StartedWorker {
  terminate(): void;
}

/** Starts one worker, and calls `failed` if it ends by itself. */
export type StartWorker = (start: WorkerStart, failed: (reason: string) => void) => StartedWorker;

const PROGRAM = `'use strict';
const run = ({ module, memory, control, kernels, index, workspace, spinMilliseconds }) => {
  const words = new Int32Array(control);
  const job = new Float64Array(control, ${8 * JOB.at});
  const abort = () => { throw new Error('A wasm kernel aborted.'); };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const functions = kernels.map((name) => exports[name]);
  const share = (number) => {
    const first = number * job[${JOB.share}];
    const values = [];
    for (let i = 0; i < job[${JOB.arguments}]; i++) {
      values.push(job[${JOB.values} + i] + first * job[${JOB.steps} + i]);
    }
    values[job[${JOB.extent}]] = Math.min(job[${JOB.share}], job[${JOB.total}] - first);
    if (job[${JOB.workspace}] >= 0) values[job[${JOB.workspace}]] = workspace;
    functions[job[${JOB.kernel}]](...values);
  };
  const idle = (ticket) => {
    const until = performance.now() + spinMilliseconds;
    do {
      for (let i = 0; i < 64; i++) if (Atomics.load(words, ${WORD.ticket}) !== ticket) return;
    } while (performance.now() < until);
    Atomics.add(words, ${WORD.asleep}, 1);
    Atomics.wait(words, ${WORD.ticket}, ticket);
    Atomics.sub(words, ${WORD.asleep}, 1);
  };
  Atomics.store(words, ${WORD.ready} + index, 1);
  for (;;) {
    const ticket = Atomics.load(words, ${WORD.ticket});
    if (ticket < 0) return;
    if ((ticket & 255) === 0) idle(ticket);
    else if (Atomics.compareExchange(words, ${WORD.ticket}, ticket, ticket - 1) === ticket) {
      try {
        share((ticket & 255) - 1);
      } catch {
        Atomics.store(words, ${WORD.broken}, 1);
      }
      Atomics.add(words, ${WORD.finished}, 1);
      if (Atomics.load(words, ${WORD.awaited}) === 1) Atomics.notify(words, ${WORD.finished});
    }
  }
};
const threads = globalThis.process?.getBuiltinModule?.('worker_threads');
if (threads) run(threads.workerData);
else onmessage = ({ data }) => { run(data); close(); };
`;

/**
 * Returns how this host starts workers: as Node does, else as a browser does; undefined if it has none. Node's modules
 * are looked up and not imported, because browsers have none.
 */
export function workersOfHost(): StartWorker | undefined {
  const node = nodeModule('worker_threads');
  if (node) {
    return (start, failed) => {
      // Without the flags of this process: a worker needs neither its loader nor its inspector.
      const worker = new node.Worker(PROGRAM, { eval: true, workerData: start, execArgv: [], env: {} });
      worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
      worker.on('exit', () => failed('it ended'));
      worker.unref();
      return { terminate: () => void worker.terminate() };
    };
  }
  if (typeof Worker === 'undefined' || typeof URL.createObjectURL !== 'function') return undefined;
  return (start, failed) => {
    const address = URL.createObjectURL(new Blob([PROGRAM], { type: 'text/javascript' }));
    const worker = new Worker(address);
    const release = () => URL.revokeObjectURL(address);
    worker.addEventListener('error', (event) => {
      release();
      failed(event.message || 'the page’s policy may forbid workers from blobs');
    });
    worker.postMessage(start);
    return {
      terminate() {
        release();
        worker.terminate();
      },
    };
  };
}

/** Returns how many threads this machine runs at once; 1 if the host does not say. */
export function processorsOfHost(): number {
  const os = nodeModule('os');
  if (os) return os.availableParallelism();
  return (typeof navigator === 'undefined' ? undefined : navigator.hardwareConcurrency) ?? 1;
}

interface NodeModules {
  worker_threads: typeof import('node:worker_threads');
  os: typeof import('node:os');
}

function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return host.process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}
