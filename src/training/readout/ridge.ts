import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { ApicalError } from '../../errors.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Features } from './activity.ts';
import type { Model } from './model.ts';
import { meansOf } from './normalisation.ts';

/** Rows of a product; the sum over blocks is taken in f64. */
const BLOCK = 512;

/**
 * Fits ridge regression with a bias in closed form. It minimises the mean of ½‖xW + b − d‖² over examples plus ½λ‖W‖²:
 *
 *   (CᵀC / n + λI) W = Cᵀ(D − d̄) / n,   b = d̄ − x̄W
 *
 * with C the features minus their mean x̄. Class labels are one-hot targets. The products run on the backend, the solution
 * by Cholesky decomposition in f64. Throws `readout.singular`.
 *
 * Source: Hoerl & Kennard (1970), Technometrics 12.
 *
 * @param outputs - Number of classes or of target values.
 */
export function fitRidge(
  compute: Compute,
  { features, targets }: Features,
  { outputs, regularisation }: { readonly outputs: number; readonly regularisation: number },
): Model {
  const { rows, columns: units } = features;
  const values = compute.scope(() => Float64Array.from(valuesOf(compute, targets, outputs).data));
  const [mean, meanTarget] = [meansOf(features), columnMeans(values, outputs)];
  const gram = new Float64Array(units * units);
  const cross = new Float64Array(units * outputs);
  for (let first = 0; first < rows; first += BLOCK) {
    compute.scope(() => {
      const size = Math.min(BLOCK, rows - first);
      const centred = compute.temporary([size, units]);
      const [block, { data }] = [features.rowRange(first, size).data, centred];
      for (let index = 0; index < data.length; index++) {
        data[index] = (block[index] as number) - (mean[index % units] as number);
      }
      const wanted = compute.temporary([size, outputs]);
      wanted.set(
        values
          .subarray(first * outputs, (first + size) * outputs)
          .map((value, index) => value - (meanTarget[index % outputs] as number)),
      );
      addProduct(compute, gram, centred, centred);
      addProduct(compute, cross, centred, wanted);
    });
  }
  // A product by BLAS need not be symmetric to the last bit, which the decomposition asks for.
  for (let row = 0; row < units; row++) {
    for (let column = 0; column <= row; column++) {
      const [at, across] = [row * units + column, column * units + row];
      const mean = ((gram[at] as number) + (gram[across] as number)) / (2 * rows);
      gram[at] = mean;
      gram[across] = mean;
    }
  }
  for (let index = 0; index < cross.length; index++) cross[index] = (cross[index] as number) / rows;
  for (let unit = 0; unit < units; unit++) {
    const at = unit * units + unit;
    gram[at] = (gram[at] as number) + regularisation;
  }
  const solved = solve(gram, cross, units, outputs);
  if (!solved) {
    throw new ApicalError(
      'readout.singular',
      `The ridge readout has no unique solution: with readout.regularisation ${regularisation}, its ${units} units are linearly dependent over ${rows} examples. Raise it, for example to 0.001.`,
      { regularisation, units, examples: rows },
    );
  }
  const weights = compute.allocate([units, outputs]).set(solved);
  const bias = compute
    .allocate([outputs])
    .set(
      meanTarget.map((value, output) =>
        mean.reduce((sum, x, unit) => sum - x * (solved[unit * outputs + output] as number), value),
      ),
    );
  return {
    tally(given, wanted, tally) {
      compute.scope(() => {
        const output = compute.temporary([given.rows, outputs]);
        compute.matmul(output, given, weights);
        compute.addRow(output, output, bias);
        const error = compute.temporary(output.shape);
        compute.squaredError(error, tally, output, valuesOf(compute, wanted, outputs));
      });
    },
    dispose() {
      compute.free(weights);
      compute.free(bias);
    },
  };
}

/** Solves gram · W = cross for a positive definite matrix; undefined if it is not, or the solution is not finite. */
function solve(
  gram: Float64Array,
  cross: Float64Array,
  units: number,
  outputs: number,
): readonly number[] | undefined {
  const factors = new CholeskyDecomposition(Matrix.from1DArray(units, units, gram));
  if (!factors.isPositiveDefinite()) return undefined;
  const solution = factors.solve(Matrix.from1DArray(units, outputs, cross)).to1DArray();
  return solution.every(Number.isFinite) ? solution : undefined;
}

/** Returns targets as values, (rows, outputs); class labels become one-hot rows. */
function valuesOf(compute: Compute, targets: Tensor, outputs: number): Tensor {
  if (targets.type !== 'i32') return targets;
  const values = compute.temporary([targets.size, outputs]);
  compute.oneHot(values, targets);
  return values;
}

/** sums ← sums + aᵀ · b */
function addProduct(compute: Compute, sums: Float64Array, a: Tensor, b: Tensor): void {
  const product = compute.temporary([a.columns, b.columns]);
  compute.matmul(product, a, b, { transposeA: true });
  const { data } = product;
  for (let index = 0; index < sums.length; index++) {
    sums[index] = (sums[index] as number) + (data[index] as number);
  }
}

function columnMeans(values: Float64Array, columns: number): Float64Array {
  const means = new Float64Array(columns);
  for (let index = 0; index < values.length; index++) {
    const column = index % columns;
    means[column] = (means[column] as number) + ((values[index] as number) * columns) / values.length;
  }
  return means;
}
