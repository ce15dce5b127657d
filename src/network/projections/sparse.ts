import { ApicalError } from '../../errors.ts';
import type { Compute } from '../../tensor/compute.ts';
import { eachSynapse, freeSynapses } from '../../tensor/sparse/synapses.ts';
import type { Synapses } from '../../tensor/sparse/synapses.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Projection } from '../area.ts';
import type { Axis, BackOptions, ProjectionParts } from '../area.ts';
import { requirePresynaptic } from '../parameter.ts';
import type { EligibilityTerm } from '../terms.ts';
import { enforceSigns } from './dale.ts';
import type { Events } from './events.ts';

/**
 * A projection that stores the weights of existing synapses alone: `weights` is (synapses), in the order of their
 * postsynaptic units, and a step costs what its synapses cost. Synapses may share a value, unless their units have signs. The pairs and their initial
 * weights are those of a dense projection of the same density, seed and id.
 *
 * @example
 * ```ts
 * import { Network, openBackend, stack } from 'apical/rules';
 *
 * const compute = await openBackend();
 * const { areas, ...rest } = stack({ layers: [1000, 1000], activation: 'tanh', objective: 'squared-error' });
 * const projections = [{ from: 'input', to: 'output', density: 0.01, storage: 'sparse' as const }];
 * const network = new Network(compute, { ...rest, areas, projections }, 1);
 * network.projection('input→output').weights.shape; // about [10000]
 * ```
 */
export class SparseProjection extends Projection {
  readonly isDense = false;
  readonly synapses: Synapses;
  /** For a symmetric projection, (synapses) i32: the synapse of the same pair in the other direction. */
  readonly #partners: Tensor | undefined;
  /** For each value of the feedback that answers, (values) i32: the value of the same pair here, or −1. */
  #answered: Tensor | undefined;

  constructor(parts: ProjectionParts, synapses: Synapses, partners: Tensor | undefined) {
    super(parts);
    if (parts.signs && synapses.incoming.elements) {
      throw new ApicalError(
        'network.storage',
        `Projection "${parts.id}" has synapses that share a value, and their presynaptic units may differ in sign. Leave ` +
          '"excitatory" out, or give each synapse a value of its own.',
        { projection: parts.id },
      );
    }
    this.synapses = synapses;
    this.#partners = partners;
  }

  override get storage(): 'sparse' {
    return 'sparse';
  }

  get layout(): readonly Axis[] {
    return [
      { name: 'presynaptic', length: this.from.units },
      { name: 'postsynaptic', length: this.to.units },
    ];
  }

  /** The number of pairs that share a value, on average. */
  override get sharing(): number {
    return this.synapses.count / this.synapses.values;
  }

  override get matrixShape(): readonly [number, number] {
    return [this.from.units, this.to.units];
  }

  override matrix(values: Tensor = this.values): Float64Array {
    const { units } = this.to;
    const { data } = values;
    const matrix = new Float64Array(this.from.units * units);
    eachSynapse(this.synapses, (pre, post, _, value) => {
      matrix[pre * units + post] = data[value] as number;
    });
    return matrix;
  }

  /** Returns the values at the synapses of a matrix, the inverse of `matrix`. */
  valuesOf(matrix: ArrayLike<number>): Float64Array {
    const values = new Float64Array(this.values.size);
    eachSynapse(this.synapses, (pre, post, _, value) => {
      values[value] = matrix[pre * this.to.units + post] as number;
    });
    return values;
  }

  /** Returns a matrix with 1 where a synapse exists, else 0. Reads lists back. */
  existing(): Float64Array {
    const { units } = this.to;
    const matrix = new Float64Array(this.from.units * units);
    eachSynapse(this.synapses, (pre, post) => (matrix[pre * units + post] = 1));
    return matrix;
  }

  send(compute: Compute, out: Tensor, presynaptic: Tensor, beta = 0, weights: Tensor = this.values): void {
    compute.sparseMatmul(out, presynaptic, weights, this.synapses, beta === 0 ? {} : { beta });
  }

  sendBack(
    compute: Compute,
    out: Tensor,
    postsynaptic: Tensor,
    beta = 0,
    { weights = this.values }: BackOptions = {},
  ): void {
    compute.sparseMatmul(out, postsynaptic, weights, this.synapses, { transposeB: true, beta });
  }

  /** Sends the events of each row: out(rows, postsynaptic) ← Σ of the rows of W of the units that fired + beta · out. */
  sendEvents(compute: Compute, out: Tensor, { indices, starts }: Events, beta = 0): void {
    compute.eventMatmul(out, indices, this.values, starts, this.synapses, beta);
  }

  addOuter(
    compute: Compute,
    target: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    factor: number,
    beta: number,
  ): void {
    compute.sparseOuter(target, requirePresynaptic(this, pre), post, this.synapses, factor, beta);
  }

  override addDecay(
    compute: Compute,
    target: Tensor,
    weights: Tensor,
    perUnit: Tensor,
    factor: number,
    beta: number,
  ): void {
    let source = weights;
    if (target === weights && this.synapses.incoming.elements) {
      source = compute.temporary(weights.shape);
      compute.copy(source, weights);
    }
    compute.sparseScale(target, source, perUnit, this.synapses, 'postsynaptic', factor, beta);
  }

  override addEligibility(
    compute: Compute,
    target: Tensor,
    { trace, signal, pre, post, decay }: EligibilityTerm,
    accumulates: boolean,
    factor: number,
    beta: number,
  ): void {
    const { synapses } = this;
    if (accumulates && post) {
      const source = requirePresynaptic(this, pre);
      compute.eligibility(target, trace, source, post, decay ?? 0, signal, factor, beta, synapses);
    } else compute.contractTrace(target, trace, signal, factor, beta, synapses);
  }

  override addMixing(): never {
    throw new ApicalError(
      'network.storage',
      `Projection "${this.id}" is stored sparsely, so it takes no mixing term, which needs all weights of a unit at ` +
        'once. Set its storage to "dense".',
      { projection: this.id },
    );
  }

  override project(compute: Compute, values: Tensor): void {
    const partners = this.#partners;
    if (!partners) return;
    compute.scope(() => {
      const mirrored = compute.temporary([1, values.size]);
      compute.gatherColumns(mirrored, values.reshape([1, values.size]), partners);
      compute.combine(values, values, mirrored, 1 / 2, 1 / 2);
    });
  }

  override enforceSigns(compute: Compute): void {
    const { signs, values, synapses } = this;
    if (!signs) return;
    enforceSigns(compute, values, () => compute.sparseScale(values, values, signs, synapses, 'presynaptic'));
  }

  override limitNorms(compute: Compute, side: 'incoming' | 'outgoing', limit: number): void {
    compute.limitSparseNorms(this.values, this.synapses, side, limit);
  }

  override sumByUnit(
    compute: Compute,
    out: Tensor,
    values: Tensor,
    side: 'incoming' | 'outgoing',
    alpha = 1,
    beta = 0,
  ): void {
    const { synapses } = this;
    const { preUnits, postUnits } = synapses;
    const isOutgoing = side === 'outgoing';
    compute.scope(() => {
      const ones = compute.temporary([1, isOutgoing ? postUnits : preUnits]);
      compute.fill(ones, 1);
      const form = { transposeB: isOutgoing, alpha, beta };
      compute.sparseMatmul(out.reshape([1, out.size]), ones, values, synapses, form);
    });
  }

  override scaleByUnit(
    compute: Compute,
    out: Tensor,
    values: Tensor,
    unit: Tensor,
    side: 'incoming' | 'outgoing',
    alpha = 1,
    beta = 0,
  ): void {
    const end = side === 'incoming' ? 'postsynaptic' : 'presynaptic';
    compute.sparseScale(out, values, unit, this.synapses, end, alpha, beta);
  }

  /** Computes out ← Wᵀ at the synapses of the feedback that answers, 0 where this projection has none. */
  override exactFeedback(compute: Compute, out: Tensor): void {
    this.#answered ??= this.#synapsesAnswered(compute);
    const { size } = this.values;
    compute.gatherColumns(out.reshape([1, out.size]), this.values.reshape([1, size]), this.#answered);
  }

  override free(compute: Compute): void {
    super.free(compute);
    freeSynapses(compute, this.synapses);
    for (const tensor of [this.#partners, this.#answered]) if (tensor) compute.free(tensor);
  }

  #synapsesAnswered(compute: Compute): Tensor {
    const { feedback, to, synapses } = this;
    if (!(feedback instanceof SparseProjection)) {
      throw new Error(`Projection "${this.id}" has no sparse feedback that answers it.`);
    }
    const own = synapses.incoming.starts.data;
    const sources = synapses.incoming.sources.data;
    const elements = synapses.incoming.elements?.data;
    const here = new Int32Array(feedback.synapses.values);
    const at = own.slice(0, to.units);
    // Feedback synapses come by their target, which is a presynaptic unit here, in ascending order: one walk is enough.
    eachSynapse(feedback.synapses, (post, pre, _, value) => {
      let next = at[post] as number;
      const end = own[post + 1] as number;
      while (next < end && (sources[next] as number) < 4 * pre) next += 1;
      at[post] = next;
      here[value] = next < end && sources[next] === 4 * pre ? (elements?.[next] ?? next) : -1;
    });
    return compute.allocate([here.length], 'i32').set(here);
  }
}
