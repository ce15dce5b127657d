import type { OptimiserSpecification } from '../../src/network/index.ts';

/** A matrix as rows of plain numbers, to write the formulas of textbooks. */
export type Matrix = readonly (readonly number[])[];

export const map = (a: Matrix, f: (value: number, row: number, column: number) => number): Matrix =>
  a.map((row, i) => row.map((value, j) => f(value, i, j)));
export const at = (a: Matrix, row: number, column: number): number => a[row]?.[column] ?? NaN;
export const transposed = (a: Matrix): Matrix => (a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? NaN));
export const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((sum, value, k) => sum + value * at(b, k, j), 0)));
export const add = (a: Matrix, b: Matrix, factor = 1): Matrix =>
  map(a, (value, i, j) => value + factor * at(b, i, j));

/** A term in plain numbers. */
export type PlainTerm =
  | { kind: 'outer'; pre: Matrix; post: Matrix; factor: number }
  | { kind: 'direction'; direction: Matrix; factor: number }
  | { kind: 'weight-decay'; perUnit: readonly number[]; factor: number }
  | { kind: 'mixing'; mixing: Matrix; factor: number };

/** Returns the masked gradient that terms stand for. */
export function gradientOf(weights: Matrix, terms: readonly PlainTerm[], mask: Matrix): Matrix {
  let gradient = map(weights, () => 0);
  for (const term of terms) {
    const matrix =
      term.kind === 'outer'
        ? product(transposed(term.pre), term.post)
        : term.kind === 'direction'
          ? term.direction
          : term.kind === 'weight-decay'
            ? map(weights, (value, _, j) => value * (term.perUnit[j] ?? NaN))
            : product(weights, term.mixing);
    gradient = add(gradient, matrix, term.factor);
  }
  return map(gradient, (value, i, j) => value * at(mask, i, j));
}

/** The update formulas of the publications, written as matrix operations. */
export class PlainOptimiser {
  weights: Matrix;
  readonly #specification: OptimiserSpecification;
  readonly #mask: Matrix;
  #velocity: Matrix;
  #square: Matrix;
  #updates = 0;

  constructor(specification: OptimiserSpecification, weights: Matrix, mask: Matrix) {
    this.#specification = specification;
    this.#mask = mask;
    this.weights = weights;
    this.#velocity = map(weights, () => 0);
    this.#square = map(weights, () => 0);
  }

  update(terms: readonly PlainTerm[]): void {
    const { kind, decay, epsilon, meanSquareDecay: rho, maximumNorm } = this.#specification;
    const rate = this.#specification.rate as number;
    const mu = this.#specification.momentum as number;
    const gradient = add(gradientOf(this.weights, terms, this.#mask), this.weights, decay);
    this.#updates += 1;
    const previous = this.#velocity;
    switch (kind) {
      case 'sgd':
        this.weights = add(this.weights, gradient, -rate);
        break;
      case 'momentum':
        this.#velocity = add(
          map(previous, (v) => mu * v),
          gradient,
          -rate,
        );
        this.weights = add(this.weights, this.#velocity);
        break;
      case 'nesterov':
        // Sutskever et al. (2013): return from the look-ahead point, take one step, and look ahead again.
        this.#velocity = add(
          map(previous, (v) => mu * v),
          gradient,
          -rate,
        );
        this.weights = add(add(add(this.weights, previous, -mu), this.#velocity), this.#velocity, mu);
        break;
      case 'rmsprop':
        this.#square = map(this.#square, (s, i, j) => rho * s + (1 - rho) * at(gradient, i, j) ** 2);
        this.weights = map(
          this.weights,
          (w, i, j) => w - (rate * at(gradient, i, j)) / (Math.sqrt(at(this.#square, i, j)) + epsilon),
        );
        break;
      case 'adam': {
        this.#velocity = map(previous, (m, i, j) => mu * m + (1 - mu) * at(gradient, i, j));
        this.#square = map(this.#square, (s, i, j) => rho * s + (1 - rho) * at(gradient, i, j) ** 2);
        const mean = map(this.#velocity, (m) => m / (1 - mu ** this.#updates));
        const square = map(this.#square, (s) => s / (1 - rho ** this.#updates));
        this.weights = map(
          this.weights,
          (w, i, j) => w - (rate * at(mean, i, j)) / (Math.sqrt(at(square, i, j)) + epsilon),
        );
      }
    }
    if (maximumNorm > 0) {
      const norms = transposed(this.weights).map((column) => Math.hypot(...column));
      this.weights = map(this.weights, (w, _, j) => w * Math.min(1, maximumNorm / (norms[j] ?? NaN)));
    }
  }
}
