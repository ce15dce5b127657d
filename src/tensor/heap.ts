import { ApicalError } from '../errors.ts';
import type { Watcher } from './watch.ts';

/** Every block starts on a cache line, so that kernels and BLAS see aligned rows. In bytes. */
const ALIGNMENT = 64;
const PAGE = 65536;
/** The first pages hold static data of the kernels. */
const RESERVED = 4 * PAGE;

/** Size and kind of a heap's memory. */
export interface HeapOptions {
  /** Initial size in bytes. The heap grows by itself. Default 16 MiB. */
  readonly initialBytes?: number;
  /** Maximum size in bytes, at most 4 GiB. Default 3 GiB. */
  readonly maximumBytes?: number;
  /** Whether worker threads can see the memory. Default: yes, where the host has SharedArrayBuffer. */
  readonly shared?: boolean;
}

/**
 * The memory of all tensors: one `WebAssembly.Memory` whose bytes JavaScript views, SIMD kernels and BLAS share. Blocks
 * are reserved and released by their offset, in bytes and aligned to 64. The memory grows as needed and never moves.
 *
 * @example
 * ```ts
 * const heap = new Heap({ initialBytes: 2 ** 20, maximumBytes: 2 ** 26 });
 * const offset = heap.reserve(4 * 10);
 * heap.f32.fill(1, offset / 4, offset / 4 + 10);
 * heap.release(offset);
 * console.log(heap.bytesInUse); // 0
 * ```
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Size in bytes that the heap may grow to. */
  readonly maximumBytes: number;
  /** Set while an audit watches: hears of values that are touched outside of operations. */
  watcher: Watcher | undefined = undefined;
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

  /** View of the whole heap as f32. It goes stale when the heap grows: use it at once and do not keep it. */
  get f32(): Float32Array {
    return this.#f32;
  }
  /** View of the whole heap as f64, as short-lived as `f32`. */
  get f64(): Float64Array {
    return this.#f64;
  }
  /** View of the whole heap as i32, as short-lived as `f32`. */
  get i32(): Int32Array {
    return this.#i32;
  }
  /** View of the whole heap as u8, as short-lived as `f32`. */
  get u8(): Uint8Array {
    return this.#u8;
  }

  /** Bytes reserved now. */
  get bytesInUse(): number {
    return this.#inUse;
  }
  /** Most bytes that were ever reserved at once. */
  get peakBytes(): number {
    return this.#peak;
  }

  /**
   * Reserves a block of zeros and returns its offset in bytes. Throws `heap.exhausted` if the heap would have to grow
   * beyond its maximum.
   */
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

  /** Releases the block at this offset. Throws `heap.release` if none is reserved there: a bug in the caller. */
  release(offset: number): void {
    const bytes = this.#reserved.get(offset);
    if (bytes === undefined)
      throw new ApicalError(
        'heap.release',
        `No block of the heap is reserved at offset ${offset}. Free a tensor once, and free no view of one.`,
      );
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
      `Out of heap: ${mebibytes(wanted)} requested, ${mebibytes(this.#inUse)} of ${mebibytes(this.maximumBytes)} in use. ` +
        'Reduce the network or the batch, or raise the heap’s maximumBytes.',
      { wanted, inUse: this.#inUse, maximum: this.maximumBytes },
    );
  }
}
