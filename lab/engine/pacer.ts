import type { Pace } from '../protocol.ts';
import type { Run } from './run.ts';

/** Seconds of learning before messages are handled, and seconds between frames. */
const SLICE = 0.02;
const FRAME = 1 / 12;
const UNSEEN_FRAME = 1 / 4;
/** Views take at most this share of the time. */
const VIEWING = 0.1;

export interface PacerOptions {
  /** Sends a frame to the page, without views if `unseen`. */
  readonly frame: (unseen: boolean) => void;
  /** Whether the page has drawn the last frame. */
  readonly isReady: () => boolean;
}

/**
 * Advances the runs of a session in step with each other, independently of how often the page draws. It learns in slices of
 * time, the run furthest behind first, no faster than requested.
 */
export class Pacer {
  readonly #runs: readonly Run[];
  readonly #options: PacerOptions;
  #pace: Pace | undefined;
  #turn = 0;
  /** Steps that the requested speed allows and that have not been taken yet. */
  #allowance = 0;
  #speed = new Speedometer();

  constructor(runs: readonly Run[], options: PacerOptions) {
    this.#runs = runs;
    this.#options = options;
  }

  get isPlaying(): boolean {
    return this.#pace !== undefined;
  }
  /** Steps per second of every run. */
  get stepsPerSecond(): number {
    return this.#pace ? this.#speed.rate : 0;
  }
  /** The smallest step of all runs. */
  get step(): number {
    return Math.min(...this.#runs.map(({ training }) => training.step));
  }

  play(pace: Pace): void {
    this.#pace = pace;
    this.#allowance = 1;
    this.#speed = new Speedometer();
    this.#turn += 1;
    void this.#loop(this.#turn);
  }

  pause(): void {
    this.#pace = undefined;
    this.#turn += 1;
  }

  async #loop(turn: number): Promise<void> {
    let shown = 0;
    let pause = 0;
    let last = seconds();
    while (this.#turn === turn && this.#pace) {
      const { stepsPerSecond, unseen } = this.#pace;
      const began = seconds();
      if (stepsPerSecond !== null) {
        this.#allowance = Math.min(
          this.#allowance + (began - last) * stepsPerSecond,
          Math.max(1, stepsPerSecond / 4),
        );
      }
      last = began;
      let isOver = false;
      do {
        if (stepsPerSecond !== null && this.#allowance < 1) break;
        isOver = !this.#stepAll();
        this.#allowance -= 1;
      } while (!isOver && seconds() - began < SLICE);
      this.#speed.note(this.step);
      const due = seconds() - shown > Math.max(pause, unseen ? UNSEEN_FRAME : FRAME);
      if (isOver) {
        this.#pace = undefined;
        this.#options.frame(false);
        return;
      }
      if (due && this.#options.isReady()) {
        const began = seconds();
        this.#options.frame(unseen);
        shown = seconds();
        pause = (shown - began) / VIEWING;
      }
      const wait =
        stepsPerSecond === null || this.#allowance >= 1 ? 0 : (1 - this.#allowance) / stepsPerSecond;
      await (wait > 0.008 ? new Promise((resolve) => setTimeout(resolve, wait * 1000)) : breathe());
    }
  }

  /** Advances every run that is at the smallest step. Returns false if all runs are done. */
  #stepAll(): boolean {
    const open = this.#runs.filter(({ isOver }) => !isOver);
    const step = Math.min(...open.map(({ training }) => training.step));
    const until = this.#pace?.until ?? null;
    if (open.length === 0 || (until !== null && step >= until)) return false;
    for (const run of open) if (run.training.step === step) run.advance();
    return true;
  }
}

/** Measures steps per second over the last three seconds. */
class Speedometer {
  readonly #notes: [at: number, step: number][] = [];

  note(step: number): void {
    const at = seconds();
    const latest = this.#notes.at(-1);
    if (latest && at - latest[0] < 0.1) return;
    this.#notes.push([at, step]);
    while (this.#notes.length > 2 && at - (this.#notes[0]?.[0] ?? at) > 3) this.#notes.shift();
  }

  get rate(): number {
    const first = this.#notes[0];
    const last = this.#notes.at(-1);
    if (!first || !last || last[0] <= first[0]) return 0;
    return (last[1] - first[1]) / (last[0] - first[0]);
  }
}

const seconds = () => performance.now() / 1000;

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

/** Lets messages be handled, without the four milliseconds that a timer takes. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}
