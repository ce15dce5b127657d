import jstat from 'jstat';

export interface MeanInterval {
  readonly mean: number;
  /** Half-width of the 95 % confidence interval of the mean, by Student's t; null for a single value. */
  readonly interval: number | null;
}

/** Computes the mean and 95 % interval of independent values (one per seed). */
export function meanInterval(values: readonly number[]): MeanInterval {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, interval: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, interval: jstat.studentt.inv(0.975, count - 1) * Math.sqrt(variance / count) };
}

/** Computes the mean and 95 % interval of the differences between values that share a seed. */
export function pairedInterval(first: readonly number[], second: readonly number[]): MeanInterval {
  return meanInterval(first.map((value, index) => value - (second[index] as number)));
}
