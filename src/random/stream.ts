import { exponentialFromBits, normalFromBits } from './normal.ts';
import { philox4x32 } from './philox.ts';

/**
 * A named stream of random numbers. Every number is a pure function of (seed, name, step, row, column). Two streams
 * therefore never disturb each other, and a resumed run continues to the bit from its step number alone. A thousand
 * rows drawn at once equal a thousand rows drawn one by one.
 */
export interface Stream {
  readonly seed: number;
  readonly name: string;
  /** The generator's key, two unsigned 32-bit words. */
  readonly key0: number;
  readonly key1: number;
}

const words = new Uint32Array(4);

/**
 * Returns the stream called `name` of a run with this seed, an integer from 0 to 2⁵³ − 1.
 *
 * @example
 * ```ts
 * const noise = stream(1, 'noise hidden1');
 * const again = stream(1, 'noise hidden1');
 * console.log(bitsAt(noise, 0, 0, 0) === bitsAt(again, 0, 0, 0)); // true
 * ```
 */
export function stream(seed: number, name: string): Stream {
  // FNV-1a over UTF-16 units, in two lanes with different offsets; Philox then mixes it with the seed.
  let hash0 = 0x811c9dc5;
  let hash1 = 0xcbf29ce4;
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index);
    hash0 = Math.imul(hash0 ^ unit, 0x01000193) >>> 0;
    hash1 = Math.imul(hash1 ^ (unit + index), 0x01000193) >>> 0;
  }
  philox4x32(words, seed, Math.floor(seed / 0x1_0000_0000), hash0, hash1, 0x61706963, 0x616c0000);
  return { seed, name, key0: words[0] as number, key1: words[1] as number };
}

/**
 * Returns 32 random bits, as an integer from 0 to 2³² − 1, for element (row, column) of the draw at `step`. `step` is an
 * integer from 0 to 2⁵³ − 1, row and column from 0 to 2³² − 1.
 *
 * @example
 * ```ts
 * const bits = bitsAt(stream(1, 'dropout hidden1'), 7, 0, 3);
 * console.log(Number.isInteger(bits)); // true
 * ```
 */
export function bitsAt(source: Stream, step: number, row: number, column: number): number {
  philox4x32(
    words,
    Math.floor(column / 4),
    row,
    step,
    Math.floor(step / 0x1_0000_0000),
    source.key0,
    source.key1,
  );
  return words[column & 3] as number;
}

/**
 * Returns a uniform number in [0, 1) for 32 random bits. It has the upper 24 of them and is exact in float32.
 *
 * @example
 * ```ts
 * console.log(uniformFromBits(2 ** 31)); // 0.5
 * ```
 */
export const uniformFromBits = (bits: number): number => (bits >>> 8) * 5.9604644775390625e-8;

/**
 * Returns the threshold below which 32 random bits lie with this probability (from 0 to 1): an integer from 0, never,
 * to 2³², always.
 *
 * @example
 * ```ts
 * console.log(thresholdOf(0.25) === 2 ** 30); // true
 * ```
 */
export const thresholdOf = (probability: number): number => Math.round(probability * 0x1_0000_0000);

/**
 * Reads a stream number by number. It serves set-up work such as shuffles and synthetic data; hot loops draw whole
 * tensors. Two sequences of one stream and step give the same numbers.
 *
 * @example
 * ```ts
 * const draws = new Sequence(stream(1, 'order'));
 * const order = Int32Array.of(0, 1, 2, 3);
 * draws.shuffle(order);
 * console.log(order.length, draws.below(6) < 6); // 4 true
 * ```
 */
export class Sequence {
  readonly #stream: Stream;
  readonly #step: number;
  readonly #block = new Uint32Array(4);
  #position = 0;

  constructor(source: Stream, step = 0) {
    this.#stream = source;
    this.#step = step;
  }

  /** Returns the next 32 random bits, as an integer from 0 to 2³² − 1. */
  bits(): number {
    const word = this.#position & 3;
    if (word === 0) {
      const { key0, key1 } = this.#stream;
      const step = this.#step;
      philox4x32(this.#block, this.#position / 4, 0, step, Math.floor(step / 0x1_0000_0000), key0, key1);
    }
    this.#position += 1;
    return this.#block[word] as number;
  }

  /** Returns a uniform number in [0, 1). */
  uniform(): number {
    return uniformFromBits(this.bits());
  }

  /** Returns a standard normal deviate. */
  normal(): number {
    return normalFromBits(this.bits());
  }

  /** Returns an exponential deviate of mean 1: the waiting time of a Poisson process of rate 1. */
  exponential(): number {
    return exponentialFromBits(this.bits());
  }

  /** Returns an integer from 0 to limit − 1, each equally likely (by rejection). limit is from 1 to 2³². */
  below(limit: number): number {
    const excess = 0x1_0000_0000 % limit;
    let bits = this.bits();
    while (bits >= 0x1_0000_0000 - excess) bits = this.bits();
    return bits % limit;
  }

  /** Shuffles in place (Fisher–Yates): every permutation is equally likely. */
  shuffle(values: Int32Array): void {
    for (let last = values.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const kept = values[last] as number;
      values[last] = values[other] as number;
      values[other] = kept;
    }
  }
}
