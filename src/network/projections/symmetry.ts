import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Computes values(units, units) ← factor · (values + valuesᵀ). */
function addTransposed(compute: Compute, values: Tensor, factor: number): void {
  compute.scope(() => {
    const transposed = compute.temporary(values.shape);
    compute.transpose(transposed, values);
    compute.combine(values, values, transposed, factor, factor);
  });
}

/** Replaces updated weights or a gradient by the nearest symmetric matrix. */
export const makeSymmetric = (compute: Compute, values: Tensor): void =>
  addTransposed(compute, values, 1 / 2);

/** Makes independently drawn weights symmetric and keeps their variance. */
export const makeInitialSymmetric = (compute: Compute, weights: Tensor): void =>
  addTransposed(compute, weights, Math.SQRT1_2);

/** Mirrors the upper triangle of a mask(units, units); clears the diagonal unless there are self-connections. */
export function makeMaskSymmetric(mask: Tensor, selfConnections: boolean): void {
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
