import { Network, Optimiser } from '../../src/network/index.ts';
import type { OptimiserSpecification, Parameter, Term } from '../../src/network/index.ts';
import type { Sequence } from '../../src/random/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { at, map } from './plain-optimiser.ts';
import type { Matrix, PlainTerm } from './plain-optimiser.ts';

export const KINDS = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const;
export const BACKENDS = ['reference', 'wasm', 'blas'] as const;

export const plain: OptimiserSpecification = {
  kind: 'sgd',
  rate: 0.05,
  momentum: 0.8,
  meanSquareDecay: 0.9,
  epsilon: 1e-3,
  decay: 0,
  maximumNorm: 0,
};

/** A projection with weights (n, m) and an optimiser, updated with plain terms. */
export class Synapses {
  readonly compute: Compute;
  readonly network: Network;
  readonly parameter: Parameter;
  readonly optimiser: Optimiser;
  #updates = 0;

  constructor(
    compute: Compute,
    specification: OptimiserSpecification,
    shape: readonly [number, number],
    density = 1,
  ) {
    this.compute = compute;
    this.network = new Network(
      compute,
      {
        areas: [
          { id: 'a', shape: [shape[0]] },
          { id: 'b', shape: [shape[1]] },
        ],
        projections: [{ from: 'a', to: 'b', density }],
        input: 'a',
        objectives: [],
      },
      4,
    );
    this.parameter = this.network.projection('a→b');
    this.optimiser = new Optimiser(compute, this.network.parameters, () => specification, 10);
  }

  get weights(): Matrix {
    return this.#matrix(this.parameter.values.toArray());
  }

  get mask(): Matrix {
    return this.#matrix(this.parameter.mask?.toArray() ?? this.parameter.values.toArray().map(() => 1));
  }

  update(terms: readonly PlainTerm[], parameter = this.parameter): void {
    this.#updates += 1;
    this.compute.scope(() =>
      this.optimiser.apply(
        parameter,
        terms.map((term) => this.term(term)),
        this.#updates,
        0,
      ),
    );
  }

  /** Converts a plain term; call it within a scope. */
  term(term: PlainTerm): Term {
    const tensor = (matrix: Matrix) =>
      this.compute.temporary([matrix.length, matrix[0]?.length ?? 0]).set(matrix.flat());
    const { kind, factor } = term;
    switch (kind) {
      case 'outer':
        return { kind, factor, pre: tensor(term.pre), post: tensor(term.post) };
      case 'direction':
        return { kind, factor, direction: tensor(term.direction) };
      case 'weight-decay':
        return { kind, factor, perUnit: tensor([term.perUnit]).reshape([term.perUnit.length]) };
      case 'mixing':
        return { kind, factor, mixing: tensor(term.mixing) };
    }
  }

  dispose(): void {
    this.optimiser.dispose();
    this.network.dispose();
  }

  #matrix(values: readonly number[]): Matrix {
    const { rows, columns } = this.parameter.values;
    return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
  }
}

const random = (draws: Sequence, rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => Math.fround(2 * draws.uniform() - 1)),
  );

/** Returns a term with random operands for weights (n, m). */
export const termOf = (
  kind: Exclude<Term['kind'], 'eligibility'>,
  draws: Sequence,
  [n, m]: readonly [number, number],
  batch: number,
): PlainTerm => {
  const factor = draws.uniform() * 2 - 0.5;
  switch (kind) {
    case 'outer':
      return { kind, factor, pre: random(draws, batch, n), post: random(draws, batch, m) };
    case 'direction':
      return { kind, factor, direction: random(draws, n, m) };
    case 'weight-decay':
      return { kind, factor, perUnit: random(draws, 1, m)[0] ?? [] };
    case 'mixing':
      return { kind, factor, mixing: random(draws, m, m) };
  }
};

/** Returns the largest difference between two matrices, relative to 1 + the magnitude. */
export const distance = (a: Matrix, b: Matrix): number =>
  Math.max(...map(a, (value, i, j) => Math.abs(value - at(b, i, j)) / (1 + Math.abs(at(b, i, j)))).flat());
