import type { Exchange, Measurement } from '../../learning/index.ts';

/*
 * Samples are numbered throughout the run, and the slot of a sample in the ring follows from its number. All
 * participants take the same steps, so they agree on the numbers without communication.
 *
 * Words (i32): a progress counter of the main participant; for each participant whether its weights differ; the tag of
 * each slot. Longs (i64): the next unclaimed sample; the number of samples that the main participant has finished;
 * effect (f64), passes (f64) and author of each slot.
 */
const WORDS = { progress: 0, differs: 16, tags: 16 + 256 } as const;
const LONGS = { next: 0, done: 1, values: 8 } as const;
const SLOT = { effect: 0, passes: 1, author: 2, longs: 3 } as const;
/** The tag of a slot: 0 if it was never written, else the lap of the ring that wrote it, from 1. */
const BEING_WRITTEN = -1;

/** Default number of samples in the ring. */
const RING = 2 ** 16;
/**
 * Default number of samples by which workers may be ahead of the main participant while it evaluates: half of the ring,
 * so that the other half remains for workers behind it.
 */
const defaultAhead = (ring: number) => ring / 2;
/** Long rounds are split into parts of `ahead` / PARTS samples. */
const PARTS = 2;
/** Time to wait for a sample claimed by others before measuring it here, relative to the time of a sample here. */
const PATIENCE = 1.5;
const LEAST_PATIENCE_MILLISECONDS = 0.1;
/** Decay per sample of the longest time of a sample. */
const MEMORY = 0.9;
/** Spins this long before sleeping, since waking takes about 50 µs. */
const SPIN_MILLISECONDS = 0.05;

const longsOf = (ring: number) => LONGS.values + SLOT.longs * ring;

/** Settings that all participants share. */
export interface RingOptions {
  /** Number of samples in the ring: a power of two from 4. */
  readonly ring?: number | undefined;
  /**
   * Number of samples by which workers may be ahead of the main participant: a power of two from 2 to half of `ring`
   * (default).
   */
  readonly ahead?: number | undefined;
}

/** Returns the memory through which up to 256 participants share samples. */
export const exchangeMemory = ({ ring = RING }: RingOptions): SharedArrayBuffer =>
  new SharedArrayBuffer(8 * longsOf(ring) + 4 * (WORDS.tags + ring));

/** Thrown in a worker that is so far behind the main participant that the samples it needs are overwritten. */
export class TooFarBehind extends Error {
  override readonly message = 'it fell too far behind';
}

/** Thrown in a worker whose weights differ from those of the main participant. */
export class WeightsDiffer extends Error {
  override readonly message =
    'its weights differ from those of worker 1 after the same steps: a rule must draw noise from step.stream and keep its memory in step.state';
}

/** The arguments of one participant's `SharedExchange`. */
export interface Participant extends RingOptions {
  readonly memory: SharedArrayBuffer;
  /** 0 is the main participant, which records the run. */
  readonly index: number;
}

/**
 * One participant's end of the exchange. In a round, each participant claims a sample, measures it and publishes the
 * numbers, until all samples are claimed. It then waits briefly for samples claimed by others, and measures missing
 * ones itself. A sample has the same effect whoever measures it, so measuring one twice does no harm, and nothing is
 * lost if a worker dies or hangs. Numbers carry a fingerprint of the weights with which they were measured. Only
 * participants with the same fingerprint use them, so a worker with wrong weights does no harm either.
 *
 * The main participant always measures the first sample of a round and never waits for a worker. Workers wait for it
 * when they are `ahead` of it, so that the rest of the ring keeps the samples that slower workers need: only the main
 * participant can overtake a slow worker, never a fast worker.
 */
export class SharedExchange implements Exchange {
  readonly #index: number;
  readonly #ring: number;
  readonly #ahead: number;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  #position = 0;
  #longest = 0;
  #fingerprint = () => 0;
  /** Fingerprint and index of this participant in this round. */
  #author = 0n;

  constructor({ memory, index, ring = RING, ahead = defaultAhead(ring) }: Participant) {
    this.#index = index;
    this.#ring = ring;
    this.#ahead = ahead;
    this.#longs = new BigInt64Array(memory, 0, longsOf(ring));
    this.#words = new Int32Array(memory, 8 * longsOf(ring));
  }

  /** Sets the function that returns a 32-bit fingerprint of this participant's weights. */
  guard(fingerprint: () => number): void {
    this.#fingerprint = fingerprint;
  }

  /**
   * Returns the measurements of a round of `count` samples. Throws `TooFarBehind` or `WeightsDiffer`, in a worker
   * only.
   */
  round(count: number, measure: (sample: number) => Measurement): readonly Measurement[] {
    if (Atomics.load(this.#words, WORDS.differs + this.#index) !== 0) throw new WeightsDiffer();
    this.#author = (BigInt(this.#fingerprint() >>> 0) << AUTHOR_BITS) | BigInt(this.#index);
    const first = this.#position;
    const all: Measurement[] = [];
    const part = this.#ahead / PARTS;
    for (let at = first; at < first + count; at += part) {
      this.#share(first, at, Math.min(at + part, first + count), measure, all);
    }
    this.#position = first + count;
    return all;
  }

  /** Measures samples `from` to `to` of the round that began at `first`, together with the other participants. */
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
      // The main participant measures the first sample of a round.
      const sample = this.#claim(from === first ? from + 1 : from, to);
      if (sample === undefined) break;
      measureHere(sample);
    }
    const deadline = performance.now() + PATIENCE * this.#longest + LEAST_PATIENCE_MILLISECONDS;
    for (let sample = from; sample < to; sample++) {
      if (all[sample - first]) continue;
      const measured = this.#awaitSample(sample, deadline);
      if (measured) all[sample - first] = measured;
      else measureHere(sample);
    }
    if (!isMain) return;
    Atomics.store(this.#longs, LONGS.done, BigInt(to));
    Atomics.add(this.#words, WORDS.progress, 1);
    Atomics.notify(this.#words, WORDS.progress);
  }

  /** Claims a sample that nobody has started; undefined if none is left. */
  #claim(from: number, to: number): number | undefined {
    for (;;) {
      const next = Atomics.load(this.#longs, LONGS.next);
      const sample = Math.max(from, Number(next));
      if (sample >= to) return undefined;
      if (Atomics.compareExchange(this.#longs, LONGS.next, next, BigInt(sample + 1)) === next) return sample;
    }
  }

  /** Waits until the main participant is close enough for samples up to `to`. */
  #waitForMain(to: number): void {
    for (;;) {
      const progress = Atomics.load(this.#words, WORDS.progress);
      if (to <= Number(Atomics.load(this.#longs, LONGS.done)) + this.#ahead) return;
      Atomics.wait(this.#words, WORDS.progress, progress);
    }
  }

  /** Writes a measurement into its slot, unless it is there already. */
  #publish(sample: number, { effect, passes }: Measurement): void {
    const tag = WORDS.tags + (sample % this.#ring);
    const lap = this.#lap(sample);
    const seen = Atomics.load(this.#words, tag);
    if (seen > lap) throw new TooFarBehind();
    // Any other writer of this slot writes the same values or is far behind. If it died while writing, the slot is
    // lost, and every participant measures that sample itself.
    if (seen === lap || seen === BEING_WRITTEN) return;
    if (Atomics.compareExchange(this.#words, tag, seen, BEING_WRITTEN) !== seen) return;
    const at = this.#slotOf(sample);
    Atomics.store(this.#longs, at + SLOT.effect, bitsOf(effect));
    Atomics.store(this.#longs, at + SLOT.passes, bitsOf(passes));
    Atomics.store(this.#longs, at + SLOT.author, this.#author);
    Atomics.store(this.#words, tag, lap);
    Atomics.notify(this.#words, tag);
  }

  /** Returns a published measurement; undefined if there is none, null if it was measured with other weights. */
  #published(sample: number): Measurement | undefined | null {
    const tag = WORDS.tags + (sample % this.#ring);
    const lap = this.#lap(sample);
    const seen = Atomics.load(this.#words, tag);
    if (seen < lap) return undefined;
    const at = this.#slotOf(sample);
    const effect = numberOf(Atomics.load(this.#longs, at + SLOT.effect));
    const passes = numberOf(Atomics.load(this.#longs, at + SLOT.passes));
    const author = Atomics.load(this.#longs, at + SLOT.author);
    if (Atomics.load(this.#words, tag) !== lap) throw new TooFarBehind();
    if (author >> AUTHOR_BITS === this.#author >> AUTHOR_BITS) return { effect, passes };
    const index = Number(author & (2n ** AUTHOR_BITS - 1n));
    if (index === 0) throw new WeightsDiffer();
    if (this.#index === 0) Atomics.store(this.#words, WORDS.differs + index, 1);
    return null;
  }

  /** Waits for the measurement of another participant; undefined if it is late or unusable. */
  #awaitSample(sample: number, deadline: number): Measurement | undefined {
    const tag = WORDS.tags + (sample % this.#ring);
    const spinUntil = Math.min(performance.now() + SPIN_MILLISECONDS, deadline);
    for (;;) {
      const seen = Atomics.load(this.#words, tag);
      const measured = this.#published(sample);
      if (measured !== undefined) return measured ?? undefined;
      const now = performance.now();
      if (now >= deadline) return undefined;
      if (now >= spinUntil) Atomics.wait(this.#words, tag, seen, deadline - now);
    }
  }

  #slotOf(sample: number): number {
    return LONGS.values + SLOT.longs * (sample % this.#ring);
  }

  #lap(sample: number): number {
    return Math.floor(sample / this.#ring) + 1;
  }
}

/** Bits of an author that hold the index of the participant. */
const AUTHOR_BITS = 8n;

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
