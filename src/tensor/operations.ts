import { BATCH_OPERATIONS } from './batches.ts';
import type { BatchOperations } from './batches.ts';
import { DRAW_OPERATIONS } from './draws.ts';
import type { DrawOperations } from './draws.ts';
import { ELIGIBILITY_OPERATIONS } from './sparse/eligibility.ts';
import type { EligibilityOperations } from './sparse/eligibility.ts';
import { ELEMENTWISE_OPERATIONS } from './elementwise.ts';
import type { ElementwiseOperations } from './elementwise.ts';
import { OBJECTIVE_OPERATIONS } from './objectives.ts';
import type { ObjectiveOperations } from './objectives.ts';
import { PRODUCT_OPERATIONS } from './products.ts';
import type { ProductOperations } from './products.ts';
import { ROW_AND_COLUMN_OPERATIONS } from './rows-and-columns.ts';
import type { RowAndColumnOperations } from './rows-and-columns.ts';
import { SPARSE_OPERATIONS } from './sparse/sparse.ts';
import type { SparseOperations } from './sparse/sparse.ts';
import { SPATIAL_OPERATIONS } from './spatial/spatial.ts';
import type { SpatialOperations } from './spatial/spatial.ts';
import type { Specifications } from './specification.ts';
import { UNIT_OPERATIONS } from './units.ts';
import type { UnitOperations } from './units.ts';

/**
 * The operations in which rules, dynamics and optimisers are written. They are few and eager, and none reads a value
 * back or consumes an input. Matrices are row-major; a batch holds one example per row. Operands are floats of the
 * backend's type unless an operation says otherwise. An operation throws a RangeError that names itself and the shapes
 * when operands do not match.
 */
export interface Operations
  extends
    ProductOperations,
    ElementwiseOperations,
    RowAndColumnOperations,
    UnitOperations,
    BatchOperations,
    ObjectiveOperations,
    DrawOperations,
    SpatialOperations,
    SparseOperations,
    EligibilityOperations {}

/**
 * The operations as data: the inputs, outputs and cost of each. The audit of lineage, the cost meter and the tests of
 * every backend are written once over this table.
 */
export const OPERATIONS: Specifications<Operations> = {
  ...PRODUCT_OPERATIONS,
  ...ELEMENTWISE_OPERATIONS,
  ...ROW_AND_COLUMN_OPERATIONS,
  ...UNIT_OPERATIONS,
  ...BATCH_OPERATIONS,
  ...OBJECTIVE_OPERATIONS,
  ...DRAW_OPERATIONS,
  ...SPATIAL_OPERATIONS,
  ...SPARSE_OPERATIONS,
  ...ELIGIBILITY_OPERATIONS,
};

/** Returns whether a call reads the old value of its first argument. */
export function readsFirstArgument(name: keyof Operations, args: readonly unknown[]): boolean {
  const { roles, beta } = OPERATIONS[name];
  return beta ? (beta(args) ?? 0) !== 0 : roles[0] === 'inout';
}
