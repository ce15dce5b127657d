import type { Kernels } from '../kernels.ts';
import { mismatch, requireType } from '../shapes.ts';
import type { SynapseArguments } from './sparse-kernels.ts';
import type { Specifications } from '../specification.ts';
import { argumentsOf } from './synapses.ts';
import type { Synapses } from './synapses.ts';
import type { Tensor } from '../tensor.ts';

/** Form of a sparse product: out ← alpha · a · op(W) + beta · out, where op transposes or not. */
export interface SparseForm {
  /** Whether the product is with Wᵀ. Default false. */
  readonly transposeB?: boolean;
  /** Scale of the product. Default 1. */
  readonly alpha?: number;
  /** Scale of the old value of out. Default 0: out is overwritten and not read. */
  readonly beta?: number;
}

/**
 * Products with the synapses that exist. Weights are (values), one number for each synapse or for all synapses that
 * share it; a sum over synapses includes those that share a value. The cost is proportional to the synapses.
 */
export interface SparseOperations {
  /**
   * Multiplies by sparse weights: out(batch, postsynaptic) ← alpha · a(batch, presynaptic) · W + beta · out; with
   * `transposeB` out(batch, presynaptic) ← alpha · a(batch, postsynaptic) · Wᵀ + beta · out.
   */
  sparseMatmul(out: Tensor, a: Tensor, weights: Tensor, synapses: Synapses, form?: SparseForm): void;
  /**
   * Sums outer products at existing synapses: out(values) ← alpha · Σ a(batch, presynaptic) · b(batch, postsynaptic) +
   * beta · out, over the batch and the synapses that share a value.
   */
  sparseOuter(out: Tensor, a: Tensor, b: Tensor, synapses: Synapses, alpha?: number, beta?: number): void;
  /**
   * Scales synapses by a number of their unit: out(values) ← alpha · a(values) · Σ unit + beta · out, where the sum is
   * over the synapses that share a value. `side` says whether unit is (presynaptic) or (postsynaptic). out may be a unless
   * synapses share values.
   */
  sparseScale(
    out: Tensor,
    a: Tensor,
    unit: Tensor,
    synapses: Synapses,
    side: 'presynaptic' | 'postsynaptic',
    alpha?: number,
    beta?: number,
  ): void;
  /**
   * Scales the incoming or outgoing weights of every unit whose Euclidean norm exceeds the limit down to it. Throws a
   * RangeError if synapses share values, because the norm of one unit would change with that of another.
   */
  limitSparseNorms(weights: Tensor, synapses: Synapses, side: 'incoming' | 'outgoing', limit: number): void;
  /**
   * Lists the units that fired: indices ← the columns where a(rows, columns) is not 0, row after row, and starts(rows +
   * 1) ← where each row begins in the list. Both are i32; indices has room for every element of a.
   */
  listEvents(indices: Tensor, starts: Tensor, a: Tensor): void;
  /**
   * Adds the outgoing weights of the units that fired: out(rows, postsynaptic) ← Σ of the rows of W named by the events
   * of each row + beta · out. indices and starts are those of `listEvents`. Without synapses, weights are a matrix
   * (presynaptic, postsynaptic).
   */
  eventMatmul(
    out: Tensor,
    indices: Tensor,
    weights: Tensor,
    starts: Tensor,
    synapses?: Synapses,
    beta?: number,
  ): void;
}

export const SPARSE_OPERATIONS: Specifications<SparseOperations> = {
  sparseMatmul: {
    roles: ['out', 'in', 'in', 'value', 'value'],
    beta: (args) => (args[4] as SparseForm | undefined)?.beta,
    multiplyAccumulates: ([, a, , synapses]) => (a as Tensor).rows * (synapses as Synapses).count,
  },
  sparseOuter: {
    roles: ['inout', 'in', 'in', 'value', 'value', 'value'],
    beta: (args) => args[5],
    multiplyAccumulates: ([, a, , synapses]) => (a as Tensor).rows * (synapses as Synapses).count,
  },
  sparseScale: {
    roles: ['inout', 'in', 'in', 'value', 'value', 'value', 'value'],
    beta: (args) => args[6],
  },
  limitSparseNorms: { roles: ['inout', 'value', 'value', 'value'] },
  listEvents: { roles: ['out', 'out', 'in'] },
  eventMatmul: {
    roles: ['inout', 'in', 'in', 'in', 'value', 'value'],
    beta: (args) => args[5],
    multiplyAccumulates: ([out, indices, , starts, synapses]) =>
      synapses
        ? synapsesOfEvents(indices as Tensor, starts as Tensor, synapses as Synapses)
        : ((starts as Tensor).data.at(-1) as number) * (out as Tensor).columns,
  },
};

/** Returns the number of synapses that a list of events reaches. Reads the list back. */
function synapsesOfEvents(indices: Tensor, { data: starts }: Tensor, { outgoing }: Synapses): number {
  const first = outgoing.starts.data;
  let sum = 0;
  for (const unit of indices.data.subarray(0, starts.at(-1))) {
    sum += (first[unit + 1] as number) - (first[unit] as number);
  }
  return sum;
}

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedSparse implements SparseOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  sparseMatmul(out: Tensor, a: Tensor, weights: Tensor, synapses: Synapses, form: SparseForm = {}): void {
    const { transposeB = false, alpha = 1, beta = 0 } = form;
    const { preUnits, postUnits, values } = synapses;
    const [from, to] = transposeB ? [postUnits, preUnits] : [preUnits, postUnits];
    if (a.columns !== from || out.columns !== to || a.rows !== out.rows || weights.size !== values) {
      const expected = `out(batch, ${to}), a(batch, ${from}), weights(${values})`;
      mismatch('sparseMatmul', expected, out, a, weights);
    }
    const { offset } = out;
    this.#kernels.sparseMatmul(
      ...([offset, a.offset, weights.offset, a.rows, transposeB, alpha, beta] as const),
      ...argumentsOf(synapses),
    );
  }

  sparseOuter(out: Tensor, a: Tensor, b: Tensor, synapses: Synapses, alpha = 1, beta = 0): void {
    const { preUnits, postUnits, values } = synapses;
    if (out.size !== values || a.columns !== preUnits || b.columns !== postUnits || a.rows !== b.rows) {
      const expected = `out(${values}), a(batch, ${preUnits}), b(batch, ${postUnits})`;
      mismatch('sparseOuter', expected, out, a, b);
    }
    const { offset } = out;
    this.#kernels.sparseOuter(
      ...([offset, a.offset, b.offset, a.rows, alpha, beta] as const),
      ...argumentsOf(synapses),
    );
  }

  sparseScale(
    out: Tensor,
    a: Tensor,
    unit: Tensor,
    synapses: Synapses,
    side: 'presynaptic' | 'postsynaptic',
    alpha = 1,
    beta = 0,
  ): void {
    const units = side === 'presynaptic' ? synapses.preUnits : synapses.postUnits;
    if (out.size !== synapses.values || a.size !== synapses.values || unit.size !== units) {
      mismatch('sparseScale', `out(${synapses.values}), a(${synapses.values}), unit(${units})`, out, a, unit);
    }
    const { offset } = out;
    this.#kernels.sparseScale(
      ...([offset, a.offset, unit.offset, side === 'presynaptic', alpha, beta] as const),
      ...argumentsOf(synapses),
    );
  }

  limitSparseNorms(weights: Tensor, synapses: Synapses, side: 'incoming' | 'outgoing', limit: number): void {
    if (weights.size !== synapses.values) {
      mismatch('limitSparseNorms', `weights(${synapses.values})`, weights);
    }
    if (synapses.incoming.elements) {
      throw new RangeError(
        'limitSparseNorms: synapses share values, so the norm of one unit would change with that of another. ' +
          'Leave out the norm bound.',
      );
    }
    this.#kernels.limitSparseNorms(weights.offset, side === 'outgoing', limit, ...argumentsOf(synapses));
  }

  listEvents(indices: Tensor, starts: Tensor, a: Tensor): void {
    requireType('listEvents', 'indices', indices, 'i32');
    requireType('listEvents', 'starts', starts, 'i32');
    if (indices.size < a.size || starts.size !== a.rows + 1) {
      mismatch(
        'listEvents',
        'indices(rows · columns), starts(rows + 1), a(rows, columns)',
        indices,
        starts,
        a,
      );
    }
    this.#kernels.listEvents(indices.offset, starts.offset, a.offset, a.rows, a.columns);
  }

  eventMatmul(
    out: Tensor,
    indices: Tensor,
    weights: Tensor,
    starts: Tensor,
    synapses?: Synapses,
    beta = 0,
  ): void {
    requireType('eventMatmul', 'indices', indices, 'i32');
    requireType('eventMatmul', 'starts', starts, 'i32');
    const { postUnits, values } = synapses ?? { postUnits: weights.columns, values: weights.size };
    if (out.columns !== postUnits || starts.size !== out.rows + 1 || weights.size !== values) {
      const expected = `out(rows, ${postUnits}), starts(rows + 1), weights(${values})`;
      mismatch('eventMatmul', expected, out, starts, weights);
    }
    this.#kernels.eventMatmul(
      ...([out.offset, indices.offset, weights.offset, starts.offset, out.rows, beta] as const),
      ...(synapses ? argumentsOf(synapses) : matrixArguments(weights)),
    );
  }
}

/** Returns a matrix as `eventMatmul` takes it: without lists. */
const matrixArguments = ({ rows, columns, size }: Tensor): SynapseArguments => [
  ...([0, 0, 0, 0, 0, 0] as const),
  ...([rows, columns, size, size] as const),
];
