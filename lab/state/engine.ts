import type { Arrival, EngineMessage, Frame, Problem, RequestName, Requests } from '../protocol.ts';

/** A problem with which the engine answered a request. */
export class EngineProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

export interface EngineListener {
  frame(frame: Frame): void;
  arrival(arrival: Arrival): void;
  /** The worker has ended, and all runs with it. */
  lost(reason: string): void;
}

type Waiting = { resolve: (value: never) => void; reject: (reason: EngineProblem) => void };

/** Sends requests to the worker that holds the library, and receives its replies and frames. */
export class EngineClient {
  readonly #worker: Worker;
  readonly #listener: EngineListener;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #isLost = false;

  constructor(listener: EngineListener) {
    this.#listener = listener;
    const name = `apical-engine-${Date.now()}-${Math.random()}`;
    this.#worker = new Worker(new URL('../engine/worker.ts', import.meta.url), { type: 'module', name });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<EngineMessage>) => this.#hear(data));
    this.#worker.addEventListener('error', (event) => {
      this.#lose(event.message);
    });
    // The worker holds this lock until it ends.
    const locks = navigator.locks as LockManager | undefined;
    const wait = () => locks?.request(name, () => this.#lose());
    void this.ask('catalogue').then(wait, wait);
  }

  ask<Name extends RequestName>(
    name: Name,
    ...args: Parameters<Requests[Name]>
  ): Promise<ReturnType<Requests[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#isLost) {
        reject(new EngineProblem(LOST));
        return;
      }
      const id = this.#next++;
      this.#waiting.set(id, { resolve: resolve, reject });
      this.#worker.postMessage({ id, name, args });
    });
  }

  end(): void {
    this.#isLost = true;
    this.#worker.terminate();
  }

  #hear(message: EngineMessage): void {
    if (message.kind === 'frame') this.#listener.frame(message);
    else if (message.kind === 'arrival') this.#listener.arrival(message);
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.problem) waiting?.reject(new EngineProblem(message.problem));
      else waiting?.resolve(message.value as never);
    }
  }

  #lose(reason = ''): void {
    if (this.#isLost) return;
    this.#isLost = true;
    for (const { reject } of this.#waiting.values()) reject(new EngineProblem(LOST));
    this.#waiting.clear();
    this.#listener.lost(reason);
  }
}

const LOST: Problem = { code: 'lab.lost', message: 'The engine has stopped.' };
