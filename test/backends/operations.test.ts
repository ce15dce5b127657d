import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend, provideBlas } from '../../src/backends/open.ts';
import { blasBackend } from '../../src/backends/blas/index.ts';
import { stream } from '../../src/random/index.ts';
import { OPERATIONS } from '../../src/tensor/index.ts';
import type { Compute, Operations, Tensor } from '../../src/tensor/index.ts';
import { batchCases } from './cases/batches.ts';
import { drawCases } from './cases/draws.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { objectiveCases } from './cases/objectives.ts';
import { operandsOf } from './cases/operands.ts';
import type { Cases } from './cases/operands.ts';
import { productCases } from './cases/products.ts';
import { rowAndColumnCases } from './cases/rows-and-columns.ts';
import { eligibilityCases, sparseCases } from './cases/sparse.ts';
import { spatialCases } from './cases/spatial.ts';
import { unitCases } from './cases/units.ts';

provideBlas(blasBackend);

const BACKENDS = ['wasm', 'blas'] as const;
const SIZES = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33];

const cases: Cases<Operations> = {
  ...productCases,
  ...elementwiseCases,
  ...rowAndColumnCases,
  ...unitCases,
  ...batchCases,
  ...objectiveCases,
  ...drawCases,
  ...spatialCases,
  ...sparseCases,
  ...eligibilityCases,
};

let reference: Compute;
beforeAll(async () => {
  reference = await openBackend({ backend: 'reference' });
});
afterAll(() => reference.dispose());

describe.each(BACKENDS)('%s agrees with the reference backend', (name) => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openBackend({ backend: name });
  });

  test.each(Object.keys(OPERATIONS) as (keyof Operations)[])('%s, at odd and even sizes', (operation) => {
    // Draws are equal to the bit; sums in float32 differ by rounding that grows with their length.
    const exact = operation.startsWith('draw');
    const tolerance = exact ? 0 : operation === 'matmul' ? 24e-6 : 4e-6;
    for (const run of cases[operation]) {
      for (const m of operation === 'matmul' ? [1, 2, 5, 16, 33] : SIZES) {
        for (const n of operation === 'matmul' ? [1, 3, 10, 17, 64] : SIZES) {
          const expected = run(reference, operandsOf(reference, m * 100 + n), m, n);
          const actual = run(compute, operandsOf(compute, m * 100 + n), m, n);
          for (const [index, tensor] of actual.entries()) {
            const targets = (expected[index] as Tensor).toArray();
            for (const [i, value] of tensor.toArray().entries()) {
              const target = targets[i] as number;
              if (Math.abs(value - target) <= tolerance * (1 + Math.abs(target))) continue;
              expect.fail(
                `${operation} (${m}, ${n}) output ${index} element ${i}: ${value}, reference ${target}`,
              );
            }
          }
        }
      }
    }
  });

  test('a product with beta 0 does not read the old output', () => {
    const out = compute.allocate([3, 5]).set(new Array<number>(15).fill(NaN));
    compute.matmul(out, operandsOf(compute, 1).float([3, 4]), operandsOf(compute, 2).float([4, 5]));
    expect(out.toArray().every(Number.isFinite)).toBe(true);
  });

  test('an operation on a view of rows leaves the other rows as they were', () => {
    for (const columns of [1, 3, 5, 9]) {
      const whole = compute.allocate([4, columns]);
      compute.activate(
        whole.rowRange(1, 2),
        operandsOf(compute, 3).float([2, columns], 1, 2),
        undefined,
        'relu',
      );
      compute.drawNormal(whole.rowRange(2, 1), 0, 1, stream(1, 'x'), 0);
      expect([...whole.rowRange(0, 1).data, ...whole.rowRange(3, 1).data].every((value) => value === 0)).toBe(
        true,
      );
    }
  });
});
