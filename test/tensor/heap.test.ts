import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { Heap } from '../../src/tensor/index.ts';

const MEBIBYTE = 2 ** 20;

const thrownBy = (body: () => unknown): unknown => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the heap', () => {
  test('reserves disjoint blocks of zeros, and is one free block after all are released', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ reserve: fc.integer({ min: 0, max: 40_000 }) }) },
      { weight: 2, arbitrary: fc.record({ release: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 80 }), (actions) => {
        const heap = new Heap({ initialBytes: 5 * 65536, maximumBytes: 64 * MEBIBYTE });
        const first = heap.reserve(1);
        heap.release(first);
        const live: { offset: number; bytes: number; mark: number }[] = [];
        let mark = 0;
        const intact = () =>
          live.every((block) =>
            heap.u8.subarray(block.offset, block.offset + block.bytes).every((value) => value === block.mark),
          );
        for (const step of actions) {
          if ('reserve' in step) {
            const offset = heap.reserve(step.reserve);
            expect(offset % 64).toBe(0);
            const bytes = heap.u8.subarray(offset, offset + step.reserve);
            expect(bytes.length).toBe(step.reserve);
            expect(bytes.every((value) => value === 0)).toBe(true);
            mark = (mark % 255) + 1;
            bytes.fill(mark);
            live.push({ offset, bytes: step.reserve, mark });
          } else if (live.length > 0) {
            const [block] = live.splice(step.release % live.length, 1);
            if (block) heap.release(block.offset);
          }
          expect(heap.bytesInUse).toBeGreaterThanOrEqual(live.reduce((sum, block) => sum + block.bytes, 0));
          expect(heap.peakBytes).toBeGreaterThanOrEqual(heap.bytesInUse);
        }
        // If two blocks overlapped, the later would have overwritten the mark of the earlier.
        expect(intact()).toBe(true);
        for (const block of live) heap.release(block.offset);
        expect(heap.bytesInUse).toBe(0);
        const size = heap.memory.buffer.byteLength;
        expect(heap.reserve(size - first)).toBe(first);
        expect(heap.memory.buffer.byteLength).toBe(size);
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  test('fills a gap again, in whatever order its parts were released', () => {
    for (const order of [
      [1, 2, 3],
      [3, 2, 1],
      [2, 1, 3],
      [1, 3, 2],
    ]) {
      const heap = new Heap({ initialBytes: MEBIBYTE });
      const blocks = Array.from({ length: 5 }, () => heap.reserve(1024));
      for (const index of order) heap.release(blocks[index] as number);
      expect(heap.reserve(3 * 1024)).toBe(blocks[1]);
    }
  });

  test('grows without moving: old offsets keep their values', () => {
    const heap = new Heap({ initialBytes: 5 * 65536, maximumBytes: 64 * MEBIBYTE });
    const offset = heap.reserve(800);
    heap.f64.fill(Math.PI, offset / 8, offset / 8 + 100);
    const before = heap.memory.buffer.byteLength;
    const large = heap.reserve(8 * MEBIBYTE);
    expect(heap.memory.buffer.byteLength).toBeGreaterThan(before);
    for (const view of [heap.f32, heap.f64, heap.i32, heap.u8]) expect(view.buffer).toBe(heap.memory.buffer);
    expect(heap.u8.subarray(large, large + 8 * MEBIBYTE).length).toBe(8 * MEBIBYTE);
    expect(heap.f64.subarray(offset / 8, offset / 8 + 100).every((value) => value === Math.PI)).toBe(true);
  });

  test.each([true, false])('works with shared memory: %s', (shared) => {
    const heap = new Heap({ initialBytes: 5 * 65536, shared });
    expect(heap.memory.buffer instanceof SharedArrayBuffer).toBe(shared);
    const offset = heap.reserve(2 * MEBIBYTE);
    heap.u8[offset + 2 * MEBIBYTE - 1] = 9;
    expect(heap.u8[offset + 2 * MEBIBYTE - 1]).toBe(9);
  });

  test('names the request, the use and the limit when it is exhausted, and stays usable', () => {
    const heap = new Heap({ initialBytes: MEBIBYTE, maximumBytes: 4 * MEBIBYTE });
    const kept = heap.reserve(MEBIBYTE);
    const error = thrownBy(() => heap.reserve(10 * MEBIBYTE));
    expect(error).toBeInstanceOf(ApicalError);
    const { code, message, details } = error as ApicalError;
    expect(code).toBe('heap.exhausted');
    expect(message).toContain('10.0 MiB requested');
    expect(message).toContain('1.0 MiB of 4.0 MiB in use');
    expect(details).toEqual({ wanted: 10 * MEBIBYTE, inUse: MEBIBYTE, maximum: 4 * MEBIBYTE });
    expect(heap.bytesInUse).toBe(MEBIBYTE);
    heap.release(kept);
    expect(heap.reserve(3 * MEBIBYTE)).toBe(kept);
  });

  test('refuses to release a block that is not reserved, or released already', () => {
    const heap = new Heap({ initialBytes: MEBIBYTE });
    const offset = heap.reserve(128);
    heap.release(offset);
    for (const wrong of [offset, offset + 64, 0]) {
      expect((thrownBy(() => heap.release(wrong)) as ApicalError).code).toBe('heap.release');
    }
  });
});
