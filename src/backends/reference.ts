import type { Heap } from '../tensor/heap.ts';
import type { Kernels } from '../tensor/kernels.ts';
import { batchKernels } from './reference/batches.ts';
import { drawKernels } from './reference/draws.ts';
import { elementwiseKernels } from './reference/elementwise.ts';
import { objectiveKernels } from './reference/objectives.ts';
import { productKernels } from './reference/products.ts';
import { rowAndColumnKernels } from './reference/rows-and-columns.ts';
import { sparseKernels } from './reference/sparse.ts';
import { spatialKernels } from './reference/spatial.ts';
import { unitKernels } from './reference/units.ts';

/**
 * Returns the reference kernels: plain JavaScript in f64, written to be read and not tuned. Every other backend is
 * tested against them.
 */
export const referenceKernels = (heap: Heap): Kernels => ({
  ...productKernels(heap),
  ...elementwiseKernels(heap),
  ...rowAndColumnKernels(heap),
  ...unitKernels(heap),
  ...batchKernels(heap),
  ...objectiveKernels(heap),
  ...drawKernels(heap),
  ...spatialKernels(heap),
  ...sparseKernels(heap),
});
