import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { OPERATIONS } from '../../src/tensor/index.ts';
import { readsFirstArgument } from '../../src/tensor/operations.ts';
import type { Compute } from '../../src/tensor/index.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

describe('a tensor', () => {
  test('shares its values with reshaped views and views of rows', () => {
    const tensor = compute.allocate([4, 6]).set(Array.from({ length: 24 }, (_, i) => i));
    expect(tensor.reshape([2, 3, 4]).rowRange(1, 1).toArray()).toEqual([
      12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    ]);
    tensor.rowRange(2, 2).set(new Array<number>(12).fill(-1));
    expect(
      tensor
        .toArray()
        .slice(12)
        .every((value) => value === -1),
    ).toBe(true);
    expect(tensor.rowRange(1, 2).reshape([12]).base).toBe(tensor);
  });

  test('names the shapes that do not match', () => {
    const tensor = compute.allocate([4, 6]);
    expect(() => tensor.set([1, 2])).toThrow(/\(4, 6\) takes 24 values, got 2/);
    expect(() => tensor.reshape([5, 5])).toThrow(/\(4, 6\) to \(5, 5\)/);
    expect(() => tensor.rowRange(3, 2)).toThrow(/Rows 3 to 4 .* 4 rows/);
    expect(() => compute.matmul(compute.allocate([4, 4]), tensor, tensor)).toThrow(
      /matmul.*\(4, 4\), \(4, 6\), \(4, 6\)/,
    );
    expect(() => compute.activate(tensor, tensor, compute.allocate([4]), 'relu')).toThrow(/activate.*\(4\)/);
  });

  test('is one row if it is a vector', () => {
    const vector = compute.allocate([5]).set([1, 2, 3, 4, 5]);
    expect(vector.rows).toBe(1);
    expect(vector.columns).toBe(5);
    expect(vector.rowRange(0, 1).toArray()).toEqual([1, 2, 3, 4, 5]);
  });

  test('keeps its values when the heap grows', () => {
    const small = compute.allocate([3]).set([1, 2, 3]);
    const before = compute.heap.memory.buffer.byteLength;
    const large = compute.allocate([before / 8]);
    expect(compute.heap.memory.buffer.byteLength).toBeGreaterThan(before);
    expect(small.toArray()).toEqual([1, 2, 3]);
    compute.free(large);
  });
});

describe('operations refuse operands of the wrong element type', () => {
  const floats = () => compute.allocate([2, 3]);
  const vector = () => compute.allocate([2]);
  test.each<[string, () => void]>([
    ['copy', () => compute.copy(compute.allocate([6], 'i32'), floats())],
    ['oneHot', () => compute.oneHot(floats(), vector())],
    [
      'softmaxCrossEntropy',
      () => compute.softmaxCrossEntropy(floats(), compute.allocate([4], 'f64'), floats(), vector()),
    ],
    ['gatherRows', () => compute.gatherRows(floats(), floats(), vector(), 1)],
  ])('%s', (_, call) => {
    expect(call).toThrow(RangeError);
  });
});

describe('the table of operations', () => {
  test('counts the multiply–accumulates of products of every form', () => {
    const [m, n, k] = [3, 5, 7];
    const out = compute.allocate([m, n]);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = compute.allocate(transposeA ? [k, m] : [m, k]);
        const b = compute.allocate(transposeB ? [n, k] : [k, n]);
        expect(OPERATIONS.matmul.multiplyAccumulates?.([out, a, b, { transposeA, transposeB }])).toBe(
          m * n * k,
        );
      }
    }
    const pre = compute.allocate([k, m]);
    const post = compute.allocate([k, n]);
    expect(OPERATIONS.momentumStep.multiplyAccumulates?.([out, out, pre, post, 0.1, 0.9, 0, false])).toBe(
      m * n * k,
    );
  });

  test('says whether a call reads the old values of its first argument', () => {
    const [a, b, c] = [compute.allocate([2, 2]), compute.allocate([2, 2]), compute.allocate([2])];
    const nan = [NaN, NaN, NaN, NaN];
    const calls: [Parameters<typeof readsFirstArgument>[0], (beta: number) => unknown[]][] = [
      ['matmul', (beta) => [a, b, b, { beta }]],
      ['scaleColumns', (beta) => [a, b, c, 1, beta]],
      ['scaleRows', (beta) => [a, b, c, 1, beta]],
      ['sumRows', (beta) => [c, b, 1, beta]],
      ['sumColumns', (beta) => [c, b, 1, beta]],
    ];
    for (const [name, args] of calls) {
      for (const beta of [0, 0.5]) {
        const target = args(beta)[0] as typeof a;
        c.set([1, 1]);
        target.set(nan.slice(0, target.size));
        (compute[name] as (...args: unknown[]) => void).call(compute, ...args(beta));
        expect(target.toArray().some(Number.isNaN)).toBe(readsFirstArgument(name, args(beta)));
      }
    }
    // The default of beta is 0.
    expect(readsFirstArgument('matmul', [a, b, b])).toBe(false);
    expect(readsFirstArgument('scaleRows', [a, b, c])).toBe(false);
    expect(readsFirstArgument('sumColumns', [c, b])).toBe(false);
    expect(readsFirstArgument('addScaled', [a, b, 1])).toBe(true);
    expect(readsFirstArgument('momentumStep', [])).toBe(true);
    expect(readsFirstArgument('copy', [a, b])).toBe(false);
  });
});
