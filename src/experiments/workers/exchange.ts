import { ApicalError } from '../../errors.ts';
import type { Exchange, Measurement } from '../../rules/index.ts';

/*
 * Samples are numbered through the run, and a sample's place in the ring follows from its number. All participants
 * take the same steps, so they agree on the numbers without a word.
 *
 * Words (i32): how often the main participant went on; who went astray; then the tag of each place.
 * Longs (i64): the next sample that nobody has claimed; the samples that the main participant is done with; the
 * participants' fingerprints; then effect and passes (f64) of each place.
 */
const WORDS = { progress: 0, astray: 1, tags: 16 } as const;
const LONGS = { next: 0, done: 1, fingerprints: 16 } as const;
/** A place's tag: 0 before it was ever written, then how often the ring has come round to it, from 1. */
const BEING_WRITTEN = -1;

/** Samples that the ring holds unless told otherwise: workers may be so far ahead while the main one evaluates. */
export const RING = 2 ** 16;
/** A round of more samples than this share of the ring is done in parts. */
const PARTS = 4;
/** Fingerprints of the weights are compared at rounds 0, 1, 2, 4, … and every so many. */
const ROUNDS_BETWEEN_FINGERPRINTS = 256;
const FINGERPRINTS_KEPT = 16;
/** What others have claimed is waited for so many times as long as a sample takes here, and then measured here. */
const PATIENCE = 1.5;
const LEAST_PATIENCE_MILLISECONDS = 0.1;
/** How fast a long sample is forgotten, per sample. */
const MEMORY = 0.9;
/** To be woken takes some 50 µs. */
const SPIN_MILLISECONDS = 0.05;

/** The memory through which so many participants share samples. `ring` is a power of two from 4. */
export function exchangeMemory(participants: number, ring = RING): SharedArrayBuffer {
  const longs = LONGS.fingerprints + participants * FINGERPRINTS_KEPT + 2 * ring;
  return new SharedArrayBuffer(8 * longs + 4 * (WORDS.tags + ring));
}

/** A worker that others have overtaken by a whole ring: what it would have to know is gone. */
export class LeftBehind extends Error {
  override readonly message = 'it fell too far behind';
}

export interface Participant {
  readonly memory: SharedArrayBuffer;
  /** 0 is the main one, which keeps the run's books. */
  readonly index: number;
  readonly count: number;
  readonly ring?: number;
}

/**
 * One participant's end of the exchange. In a round each participant claims a sample, measures it and publishes the
 * numbers, until all are claimed; then it waits a little for those that others have claimed, and measures itself what
 * does not come. A sample has the same effect whoever measures it, so it does no harm to measure one twice, and a
 * worker that dies or hangs takes nothing with it.
 *
 * The main participant always measures the first sample of a round, waits for nobody, and is never overtaken by more
 * than the ring: the others wait for it there.
 */
export class SharedExchange implements Exchange {
  readonly #index: number;
  readonly #count: number;
  readonly #ring: number;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #values: number;
  #position = 0;
  #round = 0;
  #longest = 0;
  #fingerprint: (() => number) | undefined;

  constructor({ memory, index, count, ring = RING }: Participant) {
    this.#index = index;
    this.#count = count;
    this.#ring = ring;
    this.#values = LONGS.fingerprints + count * FINGERPRINTS_KEPT;
    const longs = this.#values + 2 * ring;
    this.#longs = new BigInt64Array(memory, 0, longs);
    this.#words = new Int32Array(memory, 8 * longs);
  }

  /** A number of 32 bits that tells whether this participant still has the weights of the others. */
  guard(fingerprint: () => number): void {
    this.#fingerprint = fingerprint;
  }

  /** Throws `workers.astray` when another participant does not have the same weights, `LeftBehind` in a worker. */
  round(count: number, measure: (sample: number) => Measurement): readonly Measurement[] {
    this.#compareFingerprints();
    const first = this.#position;
    const all: Measurement[] = [];
    const part = this.#ring / PARTS;
    for (let at = first; at < first + count; at += part) {
      this.#share(first, at, Math.min(at + part, first + count), measure, all);
    }
    this.#position = first + count;
    this.#round += 1;
    return all;
  }

  /** Samples `from` to `to` of the round that began at `first`. */
  #share(
    first: number,
    from: number,
    to: number,
    measure: (sample: number) => Measurement,
    all: Measurement[],
  ): void {
    const isMain = this.#index === 0;
    const measureHere = (sample: number): void => {
      const start = performance.now();
      const measured = measure(sample - first);
      this.#longest = Math.max(performance.now() - start, MEMORY * this.#longest);
      all[sample - first] = measured;
      this.#publish(sample, measured);
    };

    if (!isMain) this.#waitForMain(to);
    if (isMain && from === first) measureHere(first);
    for (;;) {
      // The first one of a round is the main participant's.
      const sample = this.#claim(from === first ? from + 1 : from, to);
      if (sample === undefined) break;
      measureHere(sample);
    }
    const deadline = performance.now() + PATIENCE * this.#longest + LEAST_PATIENCE_MILLISECONDS;
    for (let sample = from; sample < to; sample++) {
      if (all[sample - first]) continue;
      const measured = this.#await(sample, deadline);
      if (measured) all[sample - first] = measured;
      else measureHere(sample);
    }
    if (!isMain) return;
    Atomics.store(this.#longs, LONGS.done, BigInt(to));
    Atomics.add(this.#words, WORDS.progress, 1);
    Atomics.notify(this.#words, WORDS.progress);
  }

  /** A sample that nobody has begun, or undefined when there is none left. */
  #claim(from: number, to: number): number | undefined {
    for (;;) {
      const next = Atomics.load(this.#longs, LONGS.next);
      const sample = Math.max(from, Number(next));
      if (sample >= to) return undefined;
      if (Atomics.compareExchange(this.#longs, LONGS.next, next, BigInt(sample + 1)) === next) return sample;
    }
  }

  /** Until what the main participant has not used yet, and samples up to `to`, fit the ring together. */
  #waitForMain(to: number): void {
    for (;;) {
      const progress = Atomics.load(this.#words, WORDS.progress);
      if (to <= Number(Atomics.load(this.#longs, LONGS.done)) + this.#ring) return;
      Atomics.wait(this.#words, WORDS.progress, progress);
    }
  }

  #publish(sample: number, { effect, passes }: Measurement): void {
    const tag = WORDS.tags + (sample % this.#ring);
    const lap = this.#lap(sample);
    const seen = Atomics.load(this.#words, tag);
    if (seen > lap) throw new LeftBehind();
    // Whoever else writes here now writes the same, or is far behind; if it died in doing so the place is lost, and
    // every participant measures what would stand there.
    if (seen === lap || seen === BEING_WRITTEN) return;
    if (Atomics.compareExchange(this.#words, tag, seen, BEING_WRITTEN) !== seen) return;
    const at = this.#values + 2 * (sample % this.#ring);
    Atomics.store(this.#longs, at, bitsOf(effect));
    Atomics.store(this.#longs, at + 1, bitsOf(passes));
    Atomics.store(this.#words, tag, lap);
    Atomics.notify(this.#words, tag);
  }

  #known(sample: number): Measurement | undefined {
    const tag = WORDS.tags + (sample % this.#ring);
    const lap = this.#lap(sample);
    const seen = Atomics.load(this.#words, tag);
    if (seen < lap) return undefined;
    const at = this.#values + 2 * (sample % this.#ring);
    const effect = numberOf(Atomics.load(this.#longs, at));
    const passes = numberOf(Atomics.load(this.#longs, at + 1));
    if (Atomics.load(this.#words, tag) !== lap) throw new LeftBehind();
    return { effect, passes };
  }

  /** What another participant publishes, or undefined when it does not in time. */
  #await(sample: number, deadline: number): Measurement | undefined {
    const tag = WORDS.tags + (sample % this.#ring);
    const spinUntil = Math.min(performance.now() + SPIN_MILLISECONDS, deadline);
    for (;;) {
      const seen = Atomics.load(this.#words, tag);
      const measured = this.#known(sample);
      if (measured) return measured;
      const now = performance.now();
      if (now >= deadline) return undefined;
      if (now >= spinUntil) Atomics.wait(this.#words, tag, seen, deadline - now);
    }
  }

  #lap(sample: number): number {
    return Math.floor(sample / this.#ring) + 1;
  }

  #compareFingerprints(): void {
    const round = this.#round;
    const isDue = round % ROUNDS_BETWEEN_FINGERPRINTS === 0 || (round < 256 && (round & (round - 1)) === 0);
    if (this.#fingerprint && isDue) {
      const slot = LONGS.fingerprints + this.#slotOf(round) * this.#count;
      const mine = (BigInt(round + 1) << 32n) | BigInt(this.#fingerprint() >>> 0);
      Atomics.store(this.#longs, slot + this.#index, mine);
      // Each worker with the main participant: whoever comes second compares.
      const others = this.#index === 0 ? Array.from({ length: this.#count - 1 }, (_, i) => i + 1) : [0];
      for (const other of others) {
        const theirs = Atomics.load(this.#longs, slot + other);
        if (theirs >> 32n !== mine >> 32n || theirs === mine) continue;
        Atomics.store(this.#words, WORDS.astray, Math.max(this.#index, other));
      }
    }
    const astray = Atomics.load(this.#words, WORDS.astray);
    if (astray === 0) return;
    throw new ApicalError(
      'workers.astray',
      `Worker ${astray + 1} has other weights than worker 1 after the same steps, so they cannot share samples. ` +
        'A rule must draw its noise from step.stream and keep what it remembers in step.state. ' +
        'Mend the rule, or use one worker.',
      { worker: astray + 1 },
    );
  }

  #slotOf(round: number): number {
    // Rounds 0, 1, 2, 4 … 128 have places of their own.
    const due = round < 256 ? Math.ceil(Math.log2(round + 1)) : round / ROUNDS_BETWEEN_FINGERPRINTS + 8;
    return due % FINGERPRINTS_KEPT;
  }
}

const float = new Float64Array(1);
const long = new BigInt64Array(float.buffer);

function bitsOf(value: number): bigint {
  float[0] = value;
  return long[0] as bigint;
}

function numberOf(bits: bigint): number {
  long[0] = bits;
  return float[0] as number;
}
