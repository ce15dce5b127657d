/**
 * Timing in turns. Other load on a machine varies over seconds, so compared tools take short turns in rounds (A, B, C, A,
 * B, C, …). The result of each tool is its median over rounds.
 */

/** A way to do some work in steps. */
export interface Way {
  step(): void;
  /** Restores the initial state. */
  reset?(): void;
}

/** A work and a tool to be timed: a future row of the table. */
export interface Subject {
  readonly id: string;
  readonly work: string;
  readonly subject: string;
  readonly threads: number;
  readonly examples?: number;
  readonly multiplyAccumulates?: number;
  readonly peer?: string;
  /** Prefix of the ids of the rows of Apical that a peer is compared with. */
  readonly against?: string;
  readonly note?: string;
  /** Measures for about so many seconds and returns the milliseconds per step. */
  measure(seconds: number): Promise<number> | number;
}

/** The result of a subject. */
export interface Timed {
  readonly subject: Subject;
  /** Median over rounds; null after a failure. */
  readonly milliseconds: number | null;
  /** The fastest round; null after a failure. */
  readonly fastest: number | null;
  /** Reason of a failure. */
  readonly failure?: string;
}

/** Options of `measureByTurns`. */
export interface RoundOptions {
  /** Number of counted rounds. */
  readonly rounds: number;
  /** Seconds per turn. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before every turn. */
  readonly onTurn?: (subject: Subject) => void;
}

/** As for the peers (bench/peers/protocol.mjs): otherwise velocities of silent units become subnormal and slow. */
const STEPS_BETWEEN_RESETS = 256;
const SHORTEST_TIMED_MILLISECONDS = 0.2;

/** Runs a way for about so many seconds and returns the median of the milliseconds per step. */
export function sample(way: Way, seconds: number): number {
  way.reset?.();
  for (let warmup = 0; warmup < 2; warmup++) way.step();
  let start = performance.now();
  way.step();
  const first = performance.now() - start;
  const inner = Math.max(1, Math.ceil(SHORTEST_TIMED_MILLISECONDS / Math.max(first, 1e-6)));
  const times: number[] = [];
  const deadline = performance.now() + seconds * 1000;
  for (let sinceReset = 3; ; sinceReset += inner) {
    if (sinceReset >= STEPS_BETWEEN_RESETS) {
      way.reset?.();
      sinceReset = 0;
    }
    start = performance.now();
    for (let i = 0; i < inner; i++) way.step();
    const end = performance.now();
    times.push((end - start) / inner);
    if (end >= deadline) return median(times);
  }
}

/** Measures the subjects in turns. A subject that fails drops out with its reason, and the others continue. */
export async function measureByTurns(
  subjects: readonly Subject[],
  { rounds, seconds, signal, onTurn }: RoundOptions,
): Promise<Timed[]> {
  const entries = subjects.map((subject) => ({ subject, times: [] as number[], failure: '' }));
  // Round 0 is not counted: engines compile, and peers choose the way to write the work.
  for (let round = 0; round <= rounds; round++) {
    for (const entry of entries) {
      signal?.throwIfAborted();
      if (entry.failure) continue;
      onTurn?.(entry.subject);
      try {
        const time = await entry.subject.measure(seconds);
        if (round > 0) entry.times.push(time);
      } catch (error) {
        entry.failure = error instanceof Error ? error.message : String(error);
      }
      // A turn of Apical blocks the process, so timers and signals are served here.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return entries.map(({ subject, times, failure }) =>
    failure
      ? { subject, milliseconds: null, fastest: null, failure }
      : { subject, milliseconds: median(times), fastest: Math.min(...times) },
  );
}

/** Returns the median of numbers; NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}
