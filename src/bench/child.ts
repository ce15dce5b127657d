/** The process of a peer: JSON lines in both directions, with time-outs and the reason of its end. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import readline from 'node:readline';
import { ApicalError } from '../errors.ts';

/** A command line. */
export type Command = readonly [file: string, ...parameters: string[]];

/** Time limits of a peer. */
export interface Settings {
  /** Seconds until the first message. */
  startSeconds: number;
  /** Seconds of an answer beyond the requested time. */
  answerSeconds: number;
}

/** The first message of a peer. */
export interface Hello {
  version: string;
  maximumThreads: number;
  details: string;
}

/** A request or an answer. */
export type Message = Record<string, unknown>;

/** A running peer. It answers requests in their order. */
export class Child {
  readonly hello: Hello = { version: '', maximumThreads: 1, details: '' };
  readonly #id: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #settings: Settings;
  readonly #exit: Promise<void>;
  #waiting: { resolve(message: Message): void; reject(error: Error): void } | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #stderr = '';
  #end: string | undefined;

  /** Whether the process has ended or failed. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Starts a peer. Throws `peer-failed` if the process does not start or does not send its first message in time. */
  static async start(id: string, command: Command, settings: Settings): Promise<Child> {
    const child = new Child(id, command, settings);
    Object.assign(child.hello, await child.#next(settings.startSeconds));
    return child;
  }

  private constructor(id: string, [file, ...parameters]: Command, settings: Settings) {
    this.#id = id;
    this.#settings = settings;
    this.#process = spawn(file, parameters, { env: peerEnvironment(), stdio: 'pipe' });
    this.#exit = new Promise((resolve) => {
      this.#process.once('error', (error: NodeJS.ErrnoException) => {
        this.#stop(error.code === 'ENOENT' ? `'${file}' was not found` : error.message);
        resolve();
      });
      this.#process.once('close', (code, signal) => {
        this.#stop(
          `'${file}' ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${this.#lastWords()}`,
        );
        resolve();
      });
    });
    this.#process.stdin.on('error', () => undefined); // The 'close' event reports the reason.
    this.#process.stderr.on(
      'data',
      (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-8192)),
    );
    readline.createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(line));
  }

  /** Sends a request that should take about so many seconds, and returns the answer. Throws `peer-failed`. */
  ask(request: Message, seconds: number): Promise<Message> {
    const answer = this.#queue.then(async () => {
      if (this.#end !== undefined) throw this.#failure(this.#end);
      const reply = this.#next(seconds * 2 + this.#settings.answerSeconds);
      this.#process.stdin.write(`${JSON.stringify(request)}\n`);
      const message = await reply;
      if (typeof message['error'] === 'string') throw this.#failure(message['error']);
      return message;
    });
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  /** Closes the input of the process, and kills it if it does not end within a second. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 1000);
    await this.#exit;
    clearTimeout(timer);
  }

  #next(seconds: number): Promise<Message> {
    return new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#stop(`it did not answer within ${seconds} s${this.#lastWords()}`);
        this.#process.kill('SIGKILL');
      }, seconds * 1000);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          this.#waiting = undefined;
          then(value);
        };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
    });
  }

  #receive(line: string): void {
    try {
      this.#waiting?.resolve(JSON.parse(line) as Message);
    } catch {
      this.#stop(`it answered '${line.slice(0, 120)}', which is not JSON`);
      this.#process.kill('SIGKILL');
    }
  }

  #stop(reason: string): void {
    this.#end ??= reason;
    this.#waiting?.reject(this.#failure(this.#end));
  }

  #failure(reason: string): ApicalError {
    return new ApicalError('peer-failed', `${this.#id}: ${reason}`, { peer: this.#id });
  }

  /** Returns the line of stderr that names the error: the first with `Error` for Node, else the last, as in Python. */
  #lastWords(): string {
    const lines = this.#stderr.split('\n').filter((line) => line.trim());
    const line = lines.find((text) => /^\w*Error\b.*:/.test(text)) ?? lines.at(-1);
    return line ? ` (${line.trim()})` : '';
  }
}

/**
 * Returns the environment of a peer, in which it runs with its default tuning: without settings for the OpenBLAS of another
 * program, and with OpenMP threads that sleep when idle, because those of PyTorch would otherwise compete with the threads
 * of a pthreads BLAS.
 */
function peerEnvironment(): NodeJS.ProcessEnv {
  const others = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE', 'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'];
  const kept = Object.entries(process.env).filter(([name]) => !others.includes(name));
  return { OMP_WAIT_POLICY: 'PASSIVE', ...Object.fromEntries(kept) };
}
