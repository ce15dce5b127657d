import type { Exchange, Measurement } from '../../learning/index.ts';

/*
 * Samples are numbered through the run, and a sample's place in the ring follows from its number. All participants
 * take the same steps, so they agree on the numbers without a word.
 *
 * Words (i32): how often the main participant went on; for each participant whether it went astray; the tag of each
 * place. Longs (i64): the next sample that nobody has claimed; the samples that the main participant is done with;
 * effect (f64), passes (f64) and author of each place.
 */
const WORDS = { progress: 0, astray: 16, tags: 16 + 256 } as const;
const LONGS = { next: 0, done: 1, values: 8 } as const;
const PLACE = { effect: 0, passes: 1, author: 2, longs: 3 } as const;
/** A place's tag: 0 before it was ever written, then how often the ring has come round to it, from 1. */
const BEING_WRITTEN = -1;

/** Samples that the ring holds unless told otherwise. */
const RING = 2 ** 16;
/** Samples by which workers may be ahead of the main participant, while it evaluates: a half, so that those behind it have the other. */
const aheadIn = (ring: number) => ring / 2;
/** A round of more samples than this share of them is done in parts. */
const PARTS = 2;
/** What others have claimed is waited for so many times as long as a sample takes here, and then measured here. */
const PATIENCE = 1.5;
const LEAST_PATIENCE_MILLISECONDS = 0.1;
/** How fast a long sample is forgotten, per sample. */
const MEMORY = 0.9;
/** To be woken takes some 50 µs. */
const SPIN_MILLISECONDS = 0.05;

const longsOf = (ring: number) => LONGS.values + PLACE.longs * ring;

/** What all participants agree on. */
export interface RingOptions {
  /** Samples that are kept: a power of two from 4. */
  readonly ring?: number | undefined;
  /** Samples by which workers may be ahead of the main participant: a power of two from 2 to the half of `ring`, its default. */
  readonly ahead?: number | undefined;
}

/** The memory through which up to 256 participants share samples. */
export const exchangeMemory = ({ ring = RING }: RingOptions): SharedArrayBuffer =>
  new SharedArrayBuffer(8 * longsOf(ring) + 4 * (WORDS.tags + ring));

/** A worker that the main participant is ahead of by half a ring or more: what it would have to know is gone. */
export class LeftBehind extends Error {
  override readonly message = 'it fell too far behind';
}

/** A worker whose weights are not those of the main participant. */
export class Astray extends Error {
  override readonly message =
    'after the same steps it has other weights than worker 1: a rule must draw its noise from step.stream, and keep what it remembers in step.state';
}

export interface Participant extends RingOptions {
  readonly memory: SharedArrayBuffer;
  /** 0 is the main one, which keeps the run's books. */
  readonly index: number;
}

/**
 * One participant's end of the exchange. In a round each participant claims a sample, measures it and publishes the
 * numbers, until all are claimed; then it waits a little for those that others have claimed, and measures itself what
 * does not come. A sample has the same effect whoever measures it, so it does no harm to measure one twice, and a
 * worker that dies or hangs takes nothing with it. Numbers come with a fingerprint of the weights they were measured
 * with, and are used by those who have the same: nor does a worker that goes astray do harm.
 *
 * The main participant always measures the first sample of a round and waits for nobody. The others wait for it where
 * they are `ahead` of it, so that the rest of the ring keeps what those need who are behind it: a slow worker is left
 * behind by the main participant alone, never because a fast one is ahead.
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
  /** Fingerprint and index, of this round. */
  #author = 0n;

  constructor({ memory, index, ring = RING, ahead = aheadIn(ring) }: Participant) {
    this.#index = index;
    this.#ring = ring;
    this.#ahead = ahead;
    this.#longs = new BigInt64Array(memory, 0, longsOf(ring));
    this.#words = new Int32Array(memory, 8 * longsOf(ring));
  }

  /** A number of 32 bits that tells whether this participant still has the weights of the others. */
  guard(fingerprint: () => number): void {
    this.#fingerprint = fingerprint;
  }

  /** Throws `LeftBehind` and `Astray`, in a worker only. */
  round(count: number, measure: (sample: number) => Measurement): readonly Measurement[] {
    if (Atomics.load(this.#words, WORDS.astray + this.#index) !== 0) throw new Astray();
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

  /** Until the main participant is near enough for samples up to `to`. */
  #waitForMain(to: number): void {
    for (;;) {
      const progress = Atomics.load(this.#words, WORDS.progress);
      if (to <= Number(Atomics.load(this.#longs, LONGS.done)) + this.#ahead) return;
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
    const at = this.#placeOf(sample);
    Atomics.store(this.#longs, at + PLACE.effect, bitsOf(effect));
    Atomics.store(this.#longs, at + PLACE.passes, bitsOf(passes));
    Atomics.store(this.#longs, at + PLACE.author, this.#author);
    Atomics.store(this.#words, tag, lap);
    Atomics.notify(this.#words, tag);
  }

  /** What has been published, undefined when nothing has, null when it was measured with other weights. */
  #known(sample: number): Measurement | undefined | null {
    const tag = WORDS.tags + (sample % this.#ring);
    const lap = this.#lap(sample);
    const seen = Atomics.load(this.#words, tag);
    if (seen < lap) return undefined;
    const at = this.#placeOf(sample);
    const effect = numberOf(Atomics.load(this.#longs, at + PLACE.effect));
    const passes = numberOf(Atomics.load(this.#longs, at + PLACE.passes));
    const author = Atomics.load(this.#longs, at + PLACE.author);
    if (Atomics.load(this.#words, tag) !== lap) throw new LeftBehind();
    if (author >> AUTHOR_BITS === this.#author >> AUTHOR_BITS) return { effect, passes };
    const index = Number(author & (2n ** AUTHOR_BITS - 1n));
    if (index === 0) throw new Astray();
    if (this.#index === 0) Atomics.store(this.#words, WORDS.astray + index, 1);
    return null;
  }

  /** What another participant publishes, or undefined when that is not in time or of no use. */
  #await(sample: number, deadline: number): Measurement | undefined {
    const tag = WORDS.tags + (sample % this.#ring);
    const spinUntil = Math.min(performance.now() + SPIN_MILLISECONDS, deadline);
    for (;;) {
      const seen = Atomics.load(this.#words, tag);
      const measured = this.#known(sample);
      if (measured !== undefined) return measured ?? undefined;
      const now = performance.now();
      if (now >= deadline) return undefined;
      if (now >= spinUntil) Atomics.wait(this.#words, tag, seen, deadline - now);
    }
  }

  #placeOf(sample: number): number {
    return LONGS.values + PLACE.longs * (sample % this.#ring);
  }

  #lap(sample: number): number {
    return Math.floor(sample / this.#ring) + 1;
  }
}

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
