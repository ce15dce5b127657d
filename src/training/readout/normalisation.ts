import type { ReadoutSettings } from '../../config/config.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Changes features (examples, units) in place. */
export type Normalise = (features: Tensor) => void;

/** Returns the normalisation of features, whose statistics are those of the training examples. */
export function normalisationOf(kind: ReadoutSettings['normalise'], training: Tensor): Normalise {
  if (kind === 'none') return () => undefined;
  if (kind === 'unit-norm') return unitNorm;
  const means = meansOf(training);
  const { data, rows, columns } = training;
  const squares = new Float64Array(columns);
  for (let index = 0; index < data.length; index++) {
    const unit = index % columns;
    squares[unit] = (squares[unit] as number) + ((data[index] as number) - (means[unit] as number)) ** 2;
  }
  // A unit that is constant over the training examples is only centred.
  const scales = squares.map((sum) => (sum > 0 ? 1 / Math.sqrt(sum / rows) : 1));
  return ({ data: features }) => {
    for (let index = 0; index < features.length; index++) {
      const unit = index % columns;
      features[index] = ((features[index] as number) - (means[unit] as number)) * (scales[unit] as number);
    }
  };
}

/** Returns the mean of each column. */
export function meansOf({ data, rows, columns }: Tensor): Float64Array {
  const means = new Float64Array(columns);
  for (let index = 0; index < data.length; index++) {
    const unit = index % columns;
    means[unit] = (means[unit] as number) + (data[index] as number) / rows;
  }
  return means;
}

/** Divides each row by its Euclidean norm; a row of zeros stays. */
function unitNorm({ data, rows, columns }: Tensor): void {
  for (let row = 0; row < rows; row++) {
    const part = data.subarray(row * columns, (row + 1) * columns);
    let sum = 0;
    for (const value of part) sum += value * value;
    if (sum === 0) continue;
    const norm = Math.sqrt(sum);
    for (let unit = 0; unit < columns; unit++) part[unit] = (part[unit] as number) / norm;
  }
}
