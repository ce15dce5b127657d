import type { Heap } from './heap.ts';

/** Element type of a tensor. */
export type ElementType = 'f32' | 'f64' | 'i32' | 'u8';
/** View of a tensor's values. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;
/** Lengths of the dimensions, outermost first. */
export type Shape = readonly number[];

/** Size of an element in bytes. */
export const BYTES_PER_ELEMENT: Readonly<Record<ElementType, number>> = { f32: 4, f64: 8, i32: 4, u8: 1 };

/**
 * Returns the number of elements of a shape, 1 for the empty shape.
 *
 * @example
 * ```ts
 * console.log(sizeOf([2, 3, 4])); // 24
 * ```
 */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/**
 * A row-major block of numbers in the heap. A tensor is a handle and holds no values itself. Read values (`data`,
 * `toArray`) in set-up, objectives, stopping tests and probes only: a rule works by operations. Make tensors with
 * `compute.allocate` or `compute.temporary`.
 *
 * @example
 * ```ts
 * const compute = await openBackend({ backend: 'reference' });
 * const tensor = compute.allocate([2, 3]).set([1, 2, 3, 4, 5, 6]);
 * console.log(tensor.rowRange(1, 1).toArray()); // [4, 5, 6]
 * console.log(tensor.reshape([3, 2]).columns); // 2
 * compute.free(tensor);
 * ```
 */
export class Tensor {
  /** The memory that holds the values. */
  readonly heap: Heap;
  readonly type: ElementType;
  readonly shape: Shape;
  /** Number of elements. */
  readonly size: number;
  /** Byte offset in the heap. */
  readonly offset: number;
  /** The tensor of which this is a view, or this tensor itself. Lineage and cost are recorded by base. */
  readonly base: Tensor;

  constructor(heap: Heap, type: ElementType, shape: Shape, offset: number, base?: Tensor) {
    this.heap = heap;
    this.type = type;
    this.shape = shape;
    this.size = sizeOf(shape);
    this.offset = offset;
    this.base = base ?? this;
  }

  /** Number of rows: the first dimension, or 1 for a vector. */
  get rows(): number {
    return this.shape.length > 1 ? (this.shape[0] as number) : 1;
  }

  /** Number of elements in a row. */
  get columns(): number {
    return this.shape.length > 1 ? this.size / (this.shape[0] as number) : this.size;
  }

  /** View of the values. It goes stale when the heap grows: use it at once and do not keep it. */
  get data(): TypedArray {
    if (this.heap.watcher !== undefined) this.heap.watcher(this, 'read');
    return viewOf(this);
  }

  /** Returns a copy of the values. */
  toArray(): number[] {
    return Array.from(this.data);
  }

  /** Overwrites the values and returns the tensor. Throws a RangeError if the lengths differ. */
  set(values: ArrayLike<number>): this {
    if (values.length !== this.size) {
      throw new RangeError(
        `A tensor of shape (${this.shape.join(', ')}) takes ${this.size} values, got ${values.length}.`,
      );
    }
    if (this.heap.watcher !== undefined) this.heap.watcher(this, 'overwritten');
    viewOf(this).set(values);
    return this;
  }

  /** Returns a view of another shape of the same size. Throws a RangeError if the sizes differ. */
  reshape(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new RangeError(
        `Cannot reshape (${this.shape.join(', ')}) to (${shape.join(', ')}): ${this.size} elements are not ${sizeOf(shape)}.`,
      );
    }
    return new Tensor(this.heap, this.type, shape, this.offset, this.base);
  }

  /** Returns a view of the rows `first` to `first + count − 1`. Throws a RangeError if some are outside. */
  rowRange(first: number, count: number): Tensor {
    if (first < 0 || count < 0 || first + count > this.rows) {
      throw new RangeError(
        `Rows ${first} to ${first + count - 1} are outside a tensor of ${this.rows} rows, which are counted from 0.`,
      );
    }
    const offset = this.offset + first * this.columns * BYTES_PER_ELEMENT[this.type];
    const shape = this.shape.length > 1 ? [count, ...this.shape.slice(1)] : [count * this.columns];
    return new Tensor(this.heap, this.type, shape, offset, this.base);
  }
}

function viewOf({ heap, type, offset, size }: Tensor): TypedArray {
  const start = offset / BYTES_PER_ELEMENT[type];
  return heap[type].subarray(start, start + size);
}
