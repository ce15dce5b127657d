export interface LineFit {
  readonly slope: number;
  readonly intercept: number;
  /** Standard error of the slope; 0 when the line passes through all points. */
  readonly standardError: number;
  readonly degreesOfFreedom: number;
}

/** Fits a line by least squares through points (x, y) with at least two different x. */
export function lineFit(points: readonly (readonly [x: number, y: number])[]): LineFit {
  const count = points.length;
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / count;
  const [x0, y0] = [mean(0), mean(1)];
  let xx = 0;
  let xy = 0;
  for (const [x, y] of points) {
    xx += (x - x0) ** 2;
    xy += (x - x0) * (y - y0);
  }
  const slope = xy / xx;
  const residual = points.reduce((sum, [x, y]) => sum + (y - y0 - slope * (x - x0)) ** 2, 0);
  const degreesOfFreedom = count - 2;
  return {
    slope,
    intercept: y0 - slope * x0,
    standardError: degreesOfFreedom > 0 ? Math.sqrt(residual / degreesOfFreedom / xx) : 0,
    degreesOfFreedom,
  };
}
