import type { Heap } from './heap.ts';

export type ElementType = 'f32' | 'f64' | 'i32' | 'u8';
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;
export type Shape = readonly number[];

export const BYTES_PER_ELEMENT: Readonly<Record<ElementType, number>> = { f32: 4, f64: 8, i32: 4, u8: 1 };

export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/**
 * A row-major block of numbers in the heap. A tensor is a handle: it holds no values itself, and reading
 * them (`data`, `toArray`) is for the places that may (objectives, stopping tests, probes, set-up).
 */
export class Tensor {
  readonly heap: Heap;
  readonly type: ElementType;
  readonly shape: Shape;
  readonly size: number;
  /** Byte offset in the heap. */
  readonly offset: number;
  /** The tensor of which this one is a view, or itself: lineage and cost are kept by base. */
  readonly base: Tensor;

  constructor(heap: Heap, type: ElementType, shape: Shape, offset: number, base?: Tensor) {
    this.heap = heap;
    this.type = type;
    this.shape = shape;
    this.size = sizeOf(shape);
    this.offset = offset;
    this.base = base ?? this;
  }

  /** Rows: the first dimension; 1 for a vector. */
  get rows(): number {
    return this.shape.length > 1 ? (this.shape[0] as number) : 1;
  }

  /** Elements in a row. */
  get columns(): number {
    return this.shape.length > 1 ? this.size / (this.shape[0] as number) : this.size;
  }

  /** The live values. The view goes stale when the heap grows: use it at once, do not keep it. */
  get data(): TypedArray {
    const start = this.offset / BYTES_PER_ELEMENT[this.type];
    return this.heap[this.type].subarray(start, start + this.size);
  }

  /** A copy of the values. */
  toArray(): number[] {
    return Array.from(this.data);
  }

  /** Overwrites the values. Throws a RangeError when the lengths differ. */
  set(values: ArrayLike<number>): this {
    if (values.length !== this.size) {
      throw new RangeError(
        `A tensor of shape (${this.shape.join(', ')}) takes ${this.size} values, got ${values.length}.`,
      );
    }
    this.data.set(values);
    return this;
  }

  /** The same numbers under another shape of the same size. */
  reshape(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new RangeError(`Cannot see shape (${this.shape.join(', ')}) as (${shape.join(', ')}).`);
    }
    return new Tensor(this.heap, this.type, shape, this.offset, this.base);
  }

  /** Rows `first` to `first + count − 1`, as a view. */
  rowRange(first: number, count: number): Tensor {
    if (first < 0 || count < 0 || first + count > this.rows) {
      throw new RangeError(
        `Rows ${first} to ${first + count - 1} are outside a tensor with ${this.rows} rows.`,
      );
    }
    const offset = this.offset + first * this.columns * BYTES_PER_ELEMENT[this.type];
    const shape = this.shape.length > 1 ? [count, ...this.shape.slice(1)] : [count * this.columns];
    return new Tensor(this.heap, this.type, shape, offset, this.base);
  }
}
