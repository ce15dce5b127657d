/**
 * Timing by turns. Other load on a machine comes and goes over seconds, so tools that are compared take short
 * turns in rounds (A, B, C, A, B, C, …), and the median over rounds speaks for each.
 */

/** Something that can be stepped; state starts afresh at `reset`. */
export interface Way {
  step(): void;
  reset?(): void;
}

/** One row in the making. */
export interface Subject {
  readonly id: string;
  readonly work: string;
  readonly subject: string;
  readonly threads: number;
  readonly examples?: number;
  readonly multiplyAccumulates?: number;
  readonly peer?: string;
  /** Beginning of the ids of Apical's rows that a peer is compared with. */
  readonly against?: string;
  readonly note?: string;
  /** Milliseconds a step, measured for about so many seconds. */
  measure(seconds: number): Promise<number> | number;
}

export interface Timed {
  readonly subject: Subject;
  /** Median over rounds, and the fastest of them. */
  readonly milliseconds: number | null;
  readonly fastest: number | null;
  /** Why there is no time. */
  readonly failure?: string;
}

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before every turn. */
  readonly onTurn?: (subject: Subject) => void;
}

/** As the peers do (bench/peers/protocol.mjs): velocities of silent units would else become subnormal, and slow. */
const STEPS_BETWEEN_RESETS = 256;
const SHORTEST_TIMED_MILLISECONDS = 0.2;

/** Median milliseconds a step. */
export function sample(way: Way, seconds: number): number {
  way.reset?.();
  for (let warm = 0; warm < 2; warm++) way.step();
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

/** The median of each subject's turns. A subject that fails drops out, with its reason; the others go on. */
export async function measureByTurns(
  subjects: readonly Subject[],
  { rounds, seconds, signal, onTurn }: RoundOptions,
): Promise<Timed[]> {
  const entries = subjects.map((subject) => ({ subject, times: [] as number[], failure: '' }));
  // Round 0 is not counted: engines compile, peers choose how to write the work.
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
      // A turn of Apical's own blocks the process: let its timers and signals through.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return entries.map(({ subject, times, failure }) =>
    failure
      ? { subject, milliseconds: null, fastest: null, failure }
      : { subject, milliseconds: median(times), fastest: Math.min(...times) },
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
