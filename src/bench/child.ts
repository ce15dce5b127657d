/** A peer's process: one JSON document a line each way, with time-outs, and the reason when it ends. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import readline from 'node:readline';
import { ApicalError } from '../errors.ts';

export type Command = readonly [file: string, ...parameters: string[]];

export interface Settings {
  /** Seconds a peer may take to say hello. */
  startSeconds: number;
  /** Seconds a peer may take beyond the slice it was asked for. */
  answerSeconds: number;
}

export interface Hello {
  version: string;
  maximumThreads: number;
  details: string;
}

export type Message = Record<string, unknown>;

/** Answers come in the order of the questions. */
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

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** @throws {ApicalError} `peer-failed` when the process does not start or does not say hello. */
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
    this.#process.stdin.on('error', () => undefined); // the 'close' event says what happened
    this.#process.stderr.on(
      'data',
      (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-8192)),
    );
    readline.createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(line));
  }

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

  /** Asks the process to end, and ends it when it does not within a second. */
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

  /** The line of stderr that names the error: Python's last one, Node's first with `Error`. */
  #lastWords(): string {
    const lines = this.#stderr.split('\n').filter((line) => line.trim());
    const line = lines.find((text) => /^\w*Error\b.*:/.test(text)) ?? lines.at(-1);
    return line ? ` (${line.trim()})` : '';
  }
}

/**
 * A peer runs as its makers tuned it: without settings that were made for another program's OpenBLAS, and with
 * OpenMP threads that sleep when idle, as PyTorch's own would otherwise spin against those of a pthreads BLAS.
 */
function peerEnvironment(): NodeJS.ProcessEnv {
  const others = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE', 'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'];
  const kept = Object.entries(process.env).filter(([name]) => !others.includes(name));
  return { OMP_WAIT_POLICY: 'PASSIVE', ...Object.fromEntries(kept) };
}
