import { beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import type { Compute, Tensor } from '../../src/tensor/index.ts';

const filled = (tensor: Tensor, value: number) => tensor.set(new Array<number>(tensor.size).fill(value));
const holds = (tensor: Tensor, value: number) => tensor.toArray().every((element) => element === value);

describe('temporaries', () => {
  let compute: Compute;
  beforeEach(async () => {
    compute = await openBackend({ backend: 'reference' });
  });

  test('survive scopes opened and closed after them, also when the arena has to grow', () => {
    compute.scope(() => {
      const outer = filled(compute.temporary([100]), 1);
      compute.scope(() => {
        const inner = filled(compute.temporary([100]), 2);
        compute.scope(() => filled(compute.temporary([300_000]), 3));
        filled(compute.temporary([50]), 4);
        expect(holds(inner, 2)).toBe(true);
      });
      const after = filled(compute.temporary([400_000]), 5);
      expect(holds(outer, 1)).toBe(true);
      expect(holds(after, 5)).toBe(true);
    });
  });

  test('do not overlap within a scope, whatever their sizes', () => {
    compute.scope(() => {
      const sizes = [1, 7, 8, 9, 63, 64, 65, 1000, 200_000, 3, 150_000, 1];
      const tensors = sizes.map((size, index) => filled(compute.temporary([size]), index));
      for (const [index, tensor] of tensors.entries()) expect(holds(tensor, index)).toBe(true);
    });
  });

  test('release their memory at the end of the scope, also when the body throws', () => {
    const offsetNow = () => compute.scope(() => compute.temporary([4]).offset);
    const start = offsetNow();
    compute.scope(() => {
      compute.temporary([1000]);
    });
    expect(offsetNow()).toBe(start);
    expect(() =>
      compute.scope(() => {
        compute.temporary([1000]);
        compute.scope(() => {
          compute.temporary([10]);
          throw new Error('from inside');
        });
      }),
    ).toThrow('from inside');
    expect(offsetNow()).toBe(start);
    expect(() => compute.temporary([1])).toThrow(/scope/);
  });

  test('are the same objects in every repetition of a step, and the heap stays as it is', () => {
    const step = () =>
      compute.scope(() => [
        compute.temporary([20, 30]),
        compute.temporary([5], 'i32'),
        compute.temporary([300_000]),
        compute.temporary([20, 30]),
      ]);
    step(); // overflows the first block; the next step gets one large block
    const second = step();
    const { bytesInUse } = compute.heap;
    for (let repetition = 0; repetition < 5; repetition++) {
      for (const [index, tensor] of step().entries()) expect(tensor).toBe(second[index]);
    }
    expect(compute.heap.bytesInUse).toBe(bytesInUse);
  });

  test('are the same objects too if a step opens several scopes with different shapes', () => {
    const step = () =>
      compute.scope(() => {
        const made: Tensor[] = [];
        compute.scope(() => made.push(compute.temporary([3, 4]), compute.temporary([2])));
        compute.scope(() => made.push(compute.temporary([5]), compute.temporary([7, 7])));
        made.push(compute.temporary([3, 4]));
        return made;
      });
    const first = step();
    for (const [index, tensor] of step().entries()) expect(tensor).toBe(first[index]);
  });

  test('return their memory to the heap when the backend is disposed', () => {
    const before = compute.heap.bytesInUse;
    compute.scope(() => compute.temporary([500_000]));
    expect(compute.heap.bytesInUse).toBeGreaterThan(before);
    compute.dispose();
    expect(compute.heap.bytesInUse).toBe(before);
  });
});
