import { ApicalError } from '../errors.ts';

/** Every block starts on a cache line, so that kernels and BLAS see aligned rows. */
const ALIGNMENT = 64;
const PAGE = 65536;
/** The first pages belong to the kernels' own static data. */
const RESERVED = 4 * PAGE;

export interface HeapOptions {
  /** Bytes to start with; the heap grows by itself. Default 16 MiB. */
  readonly initialBytes?: number;
  /** Bytes it may grow to; at most 4 GiB, the default 3 GiB. */
  readonly maximumBytes?: number;
  /** Shared memory lets worker threads see the same bytes; where a host forbids it, unshared works too. */
  readonly shared?: boolean;
}

/**
 * One `WebAssembly.Memory` in which every tensor lives. JavaScript views, SIMD kernels and BLAS work on the
 * same bytes. Blocks are reserved and released by offset (in bytes, aligned to 64); the memory grows as
 * needed and never moves. Throws `heap.exhausted` when the maximum is reached.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly maximumBytes: number;
  /** Free blocks sorted by offset, never adjacent (neighbours are merged). */
  readonly #free: { offset: number; bytes: number }[] = [];
  readonly #reserved = new Map<number, number>();
  #end = RESERVED;
  #inUse = 0;
  #peak = 0;
  #buffer: ArrayBufferLike;
  #f32: Float32Array;
  #f64: Float64Array;
  #i32: Int32Array;
  #u8: Uint8Array;

  constructor(options: HeapOptions = {}) {
    this.maximumBytes = Math.min(options.maximumBytes ?? 3 * 2 ** 30, 65536 * PAGE);
    const initialBytes = Math.min(
      Math.max(options.initialBytes ?? 16 * 2 ** 20, RESERVED + PAGE),
      this.maximumBytes,
    );
    this.memory = new WebAssembly.Memory({
      initial: Math.ceil(initialBytes / PAGE),
      maximum: Math.ceil(this.maximumBytes / PAGE),
      shared: options.shared ?? typeof SharedArrayBuffer !== 'undefined',
    });
    this.#buffer = this.memory.buffer;
    this.#f32 = new Float32Array(this.#buffer);
    this.#f64 = new Float64Array(this.#buffer);
    this.#i32 = new Int32Array(this.#buffer);
    this.#u8 = new Uint8Array(this.#buffer);
  }

  /** Views of the whole heap, valid until it grows: take them where they are used, never keep them. */
  get f32(): Float32Array {
    return this.#f32;
  }
  get f64(): Float64Array {
    return this.#f64;
  }
  get i32(): Int32Array {
    return this.#i32;
  }
  get u8(): Uint8Array {
    return this.#u8;
  }

  /** Bytes reserved now, and the most there ever were. */
  get bytesInUse(): number {
    return this.#inUse;
  }
  get peakBytes(): number {
    return this.#peak;
  }

  /** Reserves a block of zeros and returns its offset. */
  reserve(bytes: number): number {
    const wanted = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const index = this.#free.findIndex((block) => block.bytes >= wanted);
    let offset: number;
    const block = this.#free[index];
    if (block === undefined) {
      offset = this.#end;
      this.#growTo(offset + wanted, wanted);
      this.#end = offset + wanted;
    } else {
      offset = block.offset;
      block.offset += wanted;
      block.bytes -= wanted;
      if (block.bytes === 0) this.#free.splice(index, 1);
    }
    this.#u8.fill(0, offset, offset + wanted);
    this.#reserved.set(offset, wanted);
    this.#inUse += wanted;
    this.#peak = Math.max(this.#peak, this.#inUse);
    return offset;
  }

  /** Gives a block back. Releasing what is not reserved is a bug in the caller and throws. */
  release(offset: number): void {
    const bytes = this.#reserved.get(offset);
    if (bytes === undefined)
      throw new ApicalError('heap.release', `Offset ${offset} of the heap is not reserved.`);
    this.#reserved.delete(offset);
    this.#inUse -= bytes;
    let index = this.#free.findIndex((block) => block.offset > offset);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, { offset, bytes });
    this.#mergeWithNext(index);
    if (index > 0) this.#mergeWithNext(index - 1);
    const last = this.#free.at(-1);
    if (last && last.offset + last.bytes === this.#end) {
      this.#end = last.offset;
      this.#free.pop();
    }
  }

  #mergeWithNext(index: number): void {
    const block = this.#free[index];
    const next = this.#free[index + 1];
    if (block && next && block.offset + block.bytes === next.offset) {
      block.bytes += next.bytes;
      this.#free.splice(index + 1, 1);
    }
  }

  #growTo(end: number, wanted: number): void {
    const size = this.memory.buffer.byteLength;
    if (end > size) {
      if (end > this.maximumBytes) this.#exhausted(wanted);
      // Grow by a quarter at least, so that many small reservations do not each renew the views.
      const target = Math.min(Math.max(end, Math.ceil(size * 1.25)), this.maximumBytes);
      try {
        this.memory.grow(Math.ceil((target - size) / PAGE));
      } catch {
        this.#exhausted(wanted);
      }
      this.#buffer = this.memory.buffer;
      this.#f32 = new Float32Array(this.#buffer);
      this.#f64 = new Float64Array(this.#buffer);
      this.#i32 = new Int32Array(this.#buffer);
      this.#u8 = new Uint8Array(this.#buffer);
    }
  }

  #exhausted(wanted: number): never {
    const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    throw new ApicalError(
      'heap.exhausted',
      `Out of heap: ${mebibytes(wanted)} wanted, ${mebibytes(this.#inUse)} of ${mebibytes(this.maximumBytes)} in use. ` +
        'Make the network or the batch smaller, or allow more memory.',
      { wanted, inUse: this.#inUse, maximum: this.maximumBytes },
    );
  }
}
