import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** values(units, units) ← factor · (values + valuesᵀ). */
function addTransposed(compute: Compute, values: Tensor, factor: number): void {
  compute.scope(() => {
    const transposed = compute.temporary(values.shape);
    compute.transpose(transposed, values);
    compute.combine(values, values, transposed, factor, factor);
  });
}

/** The nearest symmetric matrix: of weights that an update has moved, or of a gradient. */
export const makeSymmetric = (compute: Compute, values: Tensor): void =>
  addTransposed(compute, values, 1 / 2);

/** Independent weights made symmetric, as large as they were drawn. */
export const drawSymmetric = (compute: Compute, weights: Tensor): void =>
  addTransposed(compute, weights, Math.SQRT1_2);

/** mask(units, units) of a symmetric projection: each pair as it was drawn above the diagonal, which is left out unless asked for. */
export function symmetricMask(mask: Tensor, selfConnections: boolean): void {
  const units = mask.columns;
  const drawn = mask.toArray();
  mask.set(
    drawn.map((_, index) => {
      const [row, column] = [Math.floor(index / units), index % units];
      if (row === column && !selfConnections) return 0;
      return drawn[Math.min(row, column) * units + Math.max(row, column)] as number;
    }),
  );
}
