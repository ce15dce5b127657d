import type { Heap } from './heap.ts';
import type { ElementType, Shape } from './tensor.ts';
import { BYTES_PER_ELEMENT, sizeOf, Tensor } from './tensor.ts';

const ALIGNMENT = 64;

/**
 * Memory for the temporaries of a step. Allocation moves a pointer forward; the end of a scope moves it back. Tensor
 * handles are kept: a step that asks for the same shapes in the same order gets the same objects. A training step
 * therefore leaves nothing to the garbage collector.
 */
export class Arena {
  readonly #heap: Heap;
  #blocks: { offset: number; bytes: number }[] = [];
  #block = 0;
  #used = 0;
  readonly #handles = new Map<number, Tensor[]>();
  #depth = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Runs `body` and returns its result. Temporaries made inside are released, also when `body` throws. */
  scope<Result>(body: () => Result): Result {
    const block = this.#block;
    const used = this.#used;
    this.#depth += 1;
    try {
      return body();
    } finally {
      this.#depth -= 1;
      this.#block = block;
      this.#used = used;
      if (this.#depth === 0 && this.#blocks.length > 1) this.#consolidate();
    }
  }

  /**
   * Returns a temporary with undefined contents. Throws an Error outside of a scope, and `heap.exhausted` if memory
   * runs out.
   */
  allocate(type: ElementType, shape: Shape): Tensor {
    if (this.#depth === 0)
      throw new Error(
        'A temporary was requested outside of compute.scope(() => …). Open a scope around the call.',
      );
    const bytes = Math.ceil((sizeOf(shape) * BYTES_PER_ELEMENT[type]) / ALIGNMENT) * ALIGNMENT;
    const offset = this.#advance(bytes);
    let handles = this.#handles.get(offset);
    if (!handles) this.#handles.set(offset, (handles = []));
    for (const known of handles) if (known.type === type && sameShape(known.shape, shape)) return known;
    const handle = new Tensor(this.#heap, type, [...shape], offset);
    handles.push(handle);
    return handle;
  }

  /** Bytes that temporaries hold now. */
  get bytesInUse(): number {
    const before = this.#blocks.slice(0, this.#block);
    return before.reduce((sum, { bytes }) => sum + bytes, this.#used);
  }

  /** Returns all memory to the heap. */
  dispose(): void {
    for (const block of this.#blocks) this.#heap.release(block.offset);
    this.#blocks = [];
    this.#block = 0;
    this.#used = 0;
    this.#handles.clear();
  }

  #advance(bytes: number): number {
    for (;;) {
      const block = this.#blocks[this.#block];
      if (block === undefined) {
        const size = Math.max(bytes, 2 ** 20);
        this.#blocks.push({ offset: this.#heap.reserve(size), bytes: size });
      } else if (this.#used + bytes <= block.bytes) {
        const offset = block.offset + this.#used;
        this.#used += bytes;
        return offset;
      } else {
        this.#block += 1;
        this.#used = 0;
      }
    }
  }

  /** Replaces the blocks of a step that overflowed by one block that is large enough. */
  #consolidate(): void {
    const bytes = this.#blocks.reduce((sum, block) => sum + block.bytes, 0);
    this.dispose();
    this.#blocks.push({ offset: this.#heap.reserve(bytes), bytes });
  }
}

function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}
