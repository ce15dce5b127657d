/**
 * The other tools that `apical bench` measures beside Apical. Each is a child process that speaks JSON lines
 * (protocol.mjs), so that rounds can be interleaved; a peer that cannot be opened is a row that says why.
 */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import { packageFile } from '../runs/files/package-root.ts';
import { Child, type Command, type Settings } from './child.ts';

/** One product C (m, n) = op(A) (m, k) · op(B) (k, n); a transposed operand is stored as its transpose. */
export interface MatmulWork {
  kind: 'matmul';
  m: number;
  k: number;
  n: number;
  transposeA: boolean;
  transposeB: boolean;
}

/**
 * A multilayer perceptron with ReLU, inverted dropout and softmax cross-entropy on one batch held in memory.
 * `mlp-step` is forward, backward and SGD with momentum (learning rate 0.01); `mlp-forward` is evaluation,
 * without dropout. `layers` are units, inputs first; `dropout` is that of every hidden area.
 */
export interface MlpWork {
  kind: 'mlp-step' | 'mlp-forward';
  layers: readonly number[];
  batch: number;
  dropout: number;
  inputDropout: number;
  momentum: number;
  rule: string;
  /** Of the rule; its defaults where absent. Apical alone. */
  ruleOptions?: Readonly<Record<string, unknown>>;
  /** PyTorch only: the ways to write it that are tried. Default: all. */
  written?: 'autograd' | 'by hand';
}

/**
 * LeNet on pictures of 28 × 28: forward, backward and SGD with momentum (learning rate 0.01). Two convolutions of 5 × 5
 * kernels, 6 (padded by 2) and 16, each with ReLU and max-pooling of 2 × 2; then 120, 84 and 10 units. PyTorch alone.
 */
export interface LenetWork {
  kind: 'lenet-step';
  batch: number;
  momentum: number;
}

/**
 * Equilibrium propagation on a stack of hard sigmoids: a free phase from where the last step's ended, a nudged one with
 * squared error, and plain descent (learning rate 0.05) on the difference of their products. PyTorch alone.
 */
export interface EquilibriumWork {
  kind: 'equilibrium-step';
  layers: readonly number[];
  batch: number;
  freeSteps: number;
  nudgedSteps: number;
  nudge: number;
  stepSize: number;
  /** The ways to write it that are tried. Default: all. */
  written?: "energy's derivative" | 'plainly' | 'in place';
}

/**
 * A restricted Boltzmann machine that takes one step of Gibbs sampling an update, from the data or of `persistent` chains,
 * as many as examples; plain descent. PyTorch, and scikit-learn where chains persist.
 */
export interface ContrastiveWork extends Given {
  kind: 'contrastive-step';
  layers: readonly [visible: number, hidden: number];
  batch: number;
  persistent: boolean;
  rate: number;
  written?: 'plainly' | 'in place';
}

/** Predictive coding on a stack of tanh units, squared error at linear outputs; plain descent. PyTorch alone. */
export interface PredictiveWork {
  kind: 'predictive-step';
  layers: readonly number[];
  batch: number;
  steps: number;
  stepSize: number;
  rate: number;
  written?: "energy's derivative" | 'plainly' | 'in place';
}

/** Difference target propagation on a stack of tanh units with a softmax; plain descent. PyTorch alone. */
export interface TargetsWork extends Given {
  kind: 'targets-step';
  layers: readonly number[];
  batch: number;
  /** Deviation of what is added where inverses learn. */
  noise: number;
  /** How far the first target lies down the gradient. */
  targetStep: number;
  rate: number;
  written?: 'autograd' | 'plainly' | 'in place';
}

/** Random numbers that a peer takes in place of its own: one list a draw, in order, begun again at the end. */
interface Given {
  draws?: readonly (readonly number[])[];
}

export type Work =
  MatmulWork | MlpWork | LenetWork | EquilibriumWork | ContrastiveWork | PredictiveWork | TargetsWork;

export interface Measurement {
  /** Median over the repetitions of this slice. */
  millisecondsPerStep: number;
  steps: number;
  threads: number;
  /** How the work was written: the fastest of the ways tried when this work was first asked for. */
  variant: string;
  /** Milliseconds per step of each way as tried then: the best of a few short rounds. */
  variants: Readonly<Record<string, number>>;
}

export const PEERS = ['pytorch', 'scikit-learn', 'tfjs-wasm', 'jax-js'] as const;
export type PeerId = (typeof PEERS)[number];

export interface Peer {
  id: PeerId;
  available: boolean;
  /** Why it is not available, and how to get it. */
  reason?: string;
  version?: string;
  maximumThreads?: number;
  /** What it runs on: its BLAS, its instruction set, its interpreter. */
  details?: string;
  /**
   * Runs `work` for about `seconds` (the first time for longer: it tries the ways to write it).
   * @throws {ApicalError} `peer-failed` when the peer is absent, refuses the work, dies or does not answer in time.
   */
  measure(work: Work, threads: number, seconds: number): Promise<Measurement>;
  /**
   * What each way to write `work` computes: the numbers of the result, row by row, or for a step the loss
   * on the whole batch without dropout, before the first step and after each of `steps`.
   * @throws {ApicalError} as `measure`.
   */
  verify(work: Work, threads: number, steps?: number): Promise<Readonly<Record<string, readonly number[]>>>;
  close(): Promise<void>;
}

export interface DiscoverOptions {
  /** Which are wanted. Default: all. */
  ids?: readonly PeerId[];
  /** Pythons to try for PyTorch and scikit-learn, in order. Default: APICAL_PYTHON, PATH, the system's, conda's. */
  pythons?: readonly string[];
  /** Folder of the peers' programs. */
  folder?: string;
  /** Seconds a peer may take to say hello. */
  startSeconds?: number;
  /** Seconds a peer may take beyond the slice it was asked for, trying the ways to write it included. */
  answerSeconds?: number;
}

interface Program {
  id: PeerId;
  /** Command lines to try in order; the first that says hello is used. */
  commands(threads: number): readonly Command[];
  install: string;
}

/** Every peer, available or not, in a fixed order. Close each one that is available. */
export async function discoverPeers(options: DiscoverOptions = {}): Promise<Peer[]> {
  const folder = options.folder ?? packageFile('bench/peers');
  const settings = { startSeconds: options.startSeconds ?? 60, answerSeconds: options.answerSeconds ?? 180 };
  const pythons = options.pythons ?? defaultPythons();
  const programs: Program[] = [
    {
      id: 'pytorch',
      commands: () => pythons.map((python) => [python, path.join(folder, 'pytorch.py')] as const),
      install:
        "install it with 'apt-get install python3-torch' or 'pip install torch', or name a Python that has it in APICAL_PYTHON",
    },
    {
      id: 'scikit-learn',
      commands: () => pythons.map((python) => [python, path.join(folder, 'scikit_learn.py')] as const),
      install:
        "install it with 'apt-get install python3-sklearn' or 'pip install scikit-learn', or name a Python that has it in APICAL_PYTHON",
    },
    {
      id: 'tfjs-wasm',
      commands: () => [[process.execPath, path.join(folder, 'tfjs.mjs')]],
      install: "install it with 'npm --prefix bench install'",
    },
    {
      id: 'jax-js',
      commands: (threads) => [[process.execPath, path.join(folder, 'jax.mjs'), String(threads)]],
      install: "install it with 'npm --prefix bench install'",
    },
  ];
  const { ids = PEERS } = options;
  return Promise.all(programs.filter(({ id }) => ids.includes(id)).map((program) => open(program, settings)));
}

/** The first Python on the PATH need not be the one that has the packages. */
export function defaultPythons(): string[] {
  const conda = process.env['CONDA_PREFIX'];
  const homes = ['miniconda3', 'anaconda3', 'miniforge3'].map((name) => path.join(os.homedir(), name));
  const files = [
    '/usr/bin/python3',
    '/usr/local/bin/python3',
    ...homes.map((home) => path.join(home, 'bin', 'python3')),
  ];
  return [
    ...(process.env['APICAL_PYTHON'] ? [process.env['APICAL_PYTHON']] : []),
    ...(conda ? [path.join(conda, 'bin', 'python3')] : []),
    process.platform === 'win32' ? 'python' : 'python3',
    ...files.filter((file) => existsSync(file)),
  ];
}

async function open(program: Program, settings: Settings): Promise<Peer> {
  const reasons: string[] = [];
  for (const [index] of program.commands(1).entries()) {
    const command = (threads: number) => program.commands(threads)[index] ?? [process.execPath];
    try {
      const first = await Child.start(program.id, command(1), settings);
      return available(program.id, first, command, settings);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const reason = `${[...new Set(reasons)].join('; ')}: ${program.install}`;
  const refuse = () =>
    Promise.reject(new ApicalError('peer-failed', `${program.id} is not here: ${reason}.`));
  return {
    id: program.id,
    available: false,
    reason,
    measure: refuse,
    verify: refuse,
    close: () => Promise.resolve(),
  };
}

function available(
  id: PeerId,
  first: Child,
  command: (threads: number) => Command,
  settings: Settings,
): Peer {
  // Thread pools are made when a library is loaded: a process for each command line, kept until the end.
  const children = new Map<string, Promise<Child>>([[command(1).join('\0'), Promise.resolve(first)]]);
  const child = async (threads: number): Promise<Child> => {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new ApicalError('peer-failed', `threads is ${threads}: give a whole number of 1 or more.`, {
        threads,
      });
    }
    if (threads > first.hello.maximumThreads) {
      const most = first.hello.maximumThreads;
      throw new ApicalError('peer-failed', `${id} uses at most ${most} thread(s) here, not ${threads}.`, {
        threads,
      });
    }
    const key = command(threads).join('\0');
    const running = await children.get(key)?.catch(() => undefined);
    if (running && !running.ended) return running;
    const started = Child.start(id, command(threads), settings);
    children.set(key, started);
    return started;
  };
  return {
    id,
    available: true,
    version: first.hello.version,
    maximumThreads: first.hello.maximumThreads,
    details: first.hello.details,
    measure: async (work, threads, seconds) =>
      (await (await child(threads)).ask({ work, threads, seconds }, seconds)) as unknown as Measurement,
    verify: async (work, threads, steps = 0) => {
      const reply = await (await child(threads)).ask({ verify: work, threads, steps }, 0);
      return reply['results'] as Record<string, number[]>;
    },
    close: async () => {
      const ends = [...children.values()].map(async (started) => (await started).end());
      await Promise.allSettled(ends); // one that never started has nothing to end
    },
  };
}
