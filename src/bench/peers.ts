/**
 * The peers: other tools that `apical bench` measures beside Apical. Each is a child process with JSON lines
 * (protocol.mjs), so that turns can alternate. A peer that cannot be started is a row with the reason.
 */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import { packageFile } from '../runs/files/package-root.ts';
import { Child, type Command, type Settings } from './child.ts';

/** A matrix product C (m, n) = op(A) (m, k) · op(B) (k, n); a transposed operand is stored as its transpose. */
export interface MatmulWork {
  kind: 'matmul';
  m: number;
  k: number;
  n: number;
  transposeA: boolean;
  transposeB: boolean;
}

/**
 * A multilayer perceptron with ReLU, inverted dropout and softmax cross-entropy on a batch in memory. `mlp-step` is a
 * forward and backward pass and SGD with momentum (learning rate 0.01); `mlp-forward` is evaluation, without dropout.
 * `layers` are units, from inputs to outputs; `dropout` is that of every hidden area.
 */
export interface MlpWork {
  kind: 'mlp-step' | 'mlp-forward';
  layers: readonly number[];
  batch: number;
  dropout: number;
  inputDropout: number;
  momentum: number;
  rule: string;
  /** Options of the rule, for Apical only. Default: the defaults of the rule. */
  ruleOptions?: Readonly<Record<string, unknown>>;
  /** The ways to write it that are tried, for PyTorch only. Default: all. */
  written?: 'autograd' | 'by hand';
}

/**
 * A step of LeNet on 28 × 28 images, with SGD with momentum (learning rate 0.01): two convolutions with 5 × 5 kernels, 6
 * (padded by 2) and 16, each with ReLU and 2 × 2 max-pooling; then 120, 84 and 10 units. PyTorch only.
 */
export interface LenetWork {
  kind: 'lenet-step';
  batch: number;
  momentum: number;
}

/**
 * A step of equilibrium propagation on a stack of hard sigmoids: a free phase that starts from the last one, a nudged phase
 * with squared error, and plain descent (learning rate 0.05) on the difference of the products. PyTorch only.
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
 * A step of a restricted Boltzmann machine: one step of Gibbs sampling per update, from the data or in as many `persistent`
 * chains as examples, and plain descent. PyTorch, and scikit-learn with persistent chains.
 */
export interface ContrastiveWork extends GivenDraws {
  kind: 'contrastive-step';
  layers: readonly [visible: number, hidden: number];
  batch: number;
  persistent: boolean;
  rate: number;
  written?: 'plainly' | 'in place';
}

/** A step of predictive coding on tanh units with squared error at linear outputs; plain descent. PyTorch only. */
export interface PredictiveWork {
  kind: 'predictive-step';
  layers: readonly number[];
  batch: number;
  steps: number;
  stepSize: number;
  rate: number;
  written?: "energy's derivative" | 'plainly' | 'in place';
}

/** A step of difference target propagation on tanh units with a softmax output; plain descent. PyTorch only. */
export interface TargetsWork extends GivenDraws {
  kind: 'targets-step';
  layers: readonly number[];
  batch: number;
  /** Standard deviation of the noise with which inverses are trained. */
  noise: number;
  /** Step size of the first target along the negative gradient. */
  targetStep: number;
  rate: number;
  written?: 'autograd' | 'plainly' | 'in place';
}

/** Random numbers for a peer to use in place of its own: one list per draw, in order and repeated from the start. */
interface GivenDraws {
  draws?: readonly (readonly number[])[];
}

/** Any work that a peer may be measured on. */
export type Work =
  MatmulWork | MlpWork | LenetWork | EquilibriumWork | ContrastiveWork | PredictiveWork | TargetsWork;

/** The result of one measurement. */
export interface Measurement {
  /** Median over the repetitions of this measurement. */
  millisecondsPerStep: number;
  steps: number;
  threads: number;
  /** The way in which the work was written: the fastest of those tried at the first request. */
  variant: string;
  /** Milliseconds per step of each way at the first request: the best of a few short rounds. */
  variants: Readonly<Record<string, number>>;
}

/** Ids of the peers. */
export const PEERS = ['pytorch', 'scikit-learn', 'tfjs-wasm', 'jax-js'] as const;

/** The id of a peer. */
export type PeerId = (typeof PEERS)[number];

/** Another tool to be measured. */
export interface Peer {
  id: PeerId;
  available: boolean;
  /** Why it is not available, and how to install it. */
  reason?: string;
  version?: string;
  maximumThreads?: number;
  /** Its BLAS, instruction set and interpreter. */
  details?: string;
  /**
   * Runs `work` for about `seconds`; the first time takes longer because every way to write it is tried. Throws
   * `peer-failed` if the peer is absent, refuses the work, ends or does not answer in time.
   */
  measure(work: Work, threads: number, seconds: number): Promise<Measurement>;
  /**
   * Returns the result of each way to write `work`: its numbers, row by row, or for a step the loss on the whole batch
   * without dropout, before the first step and after each of `steps`. Throws like `measure`.
   */
  verify(work: Work, threads: number, steps?: number): Promise<Readonly<Record<string, readonly number[]>>>;
  /** Ends the processes of the peer. */
  close(): Promise<void>;
}

/** Options of `discoverPeers`. */
export interface DiscoverOptions {
  /** The peers to start. Default: all. */
  ids?: readonly PeerId[];
  /** Python interpreters to try in order. Default: APICAL_PYTHON, then those of conda, the PATH and the system. */
  pythons?: readonly string[];
  /** Folder of the programs of the peers. */
  folder?: string;
  /** Seconds until the first message of a peer. */
  startSeconds?: number;
  /** Seconds of an answer beyond the requested time, including the trial of every way to write the work. */
  answerSeconds?: number;
}

interface Program {
  id: PeerId;
  /** Command lines to try in order, until the program starts. */
  commands(threads: number): readonly Command[];
  install: string;
}

/** Starts every peer and returns them in a fixed order, available or not. The caller must close them. */
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

/** Returns the Python interpreters to try, because the first on the PATH may lack the packages. */
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
    Promise.reject(new ApicalError('peer-failed', `${program.id} is not available: ${reason}.`));
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
  // Libraries create their thread pools when they are loaded, so each command line has a process of its own.
  const children = new Map<string, Promise<Child>>([[command(1).join('\0'), Promise.resolve(first)]]);
  const child = async (threads: number): Promise<Child> => {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new ApicalError(
        'peer-failed',
        `The number of threads is ${threads}, but it must be a whole number of at least 1.`,
        { threads },
      );
    }
    if (threads > first.hello.maximumThreads) {
      const most = first.hello.maximumThreads;
      throw new ApicalError(
        'peer-failed',
        `The number of threads is ${threads}, but ${id} uses at most ${most} on this machine.`,
        { threads },
      );
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
      await Promise.allSettled(ends); // A process that never started has nothing to end.
    },
  };
}
