import type { Kernels } from '../kernels.ts';
import { mismatch } from '../shapes.ts';
import type { TraceArguments } from './sparse-kernels.ts';
import type { Specifications } from '../specification.ts';
import { argumentsOf } from './synapses.ts';
import type { Synapses } from './synapses.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Eligibility traces: a number at each synapse for each row of a batch, which decays, grows with the product of the
 * activity on both sides, and is read by a learning signal that arrives later. Traces are (rows, presynaptic,
 * postsynaptic), (rows, postsynaptic) for biases, whose presynaptic side is 1, and (rows, synapses) with `synapses`.
 */
export interface EligibilityOperations {
  /**
   * Accumulates: trace(r, i, j) ← decay · trace + pre(r, i) · post(r, j). decay is a number or a tensor (postsynaptic);
   * pre is undefined for a bias.
   */
  decayOuter(
    trace: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    decay: Tensor | number,
    synapses?: Synapses,
  ): void;
  /**
   * Contracts with a signal(rows, postsynaptic): target(i, j) ← alpha · Σ_r trace(r, i, j) · signal(r, j) + beta ·
   * target. alpha is 1 and beta 0 by default.
   */
  contractTrace(
    target: Tensor,
    trace: Tensor,
    signal: Tensor,
    alpha?: number,
    beta?: number,
    synapses?: Synapses,
  ): void;
  /** Performs `decayOuter`, then `contractTrace`, in one pass over the trace. */
  eligibility(
    target: Tensor,
    trace: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    decay: Tensor | number,
    signal: Tensor,
    alpha?: number,
    beta?: number,
    synapses?: Synapses,
  ): void;
}

const sizeAt =
  (trace: number) =>
  (args: readonly unknown[]): number =>
    (args[trace] as Tensor).size;

export const ELIGIBILITY_OPERATIONS: Specifications<EligibilityOperations> = {
  decayOuter: { roles: ['inout', 'in', 'in', 'in', 'value'], multiplyAccumulates: sizeAt(0) },
  contractTrace: {
    roles: ['inout', 'in', 'in', 'value', 'value', 'value'],
    beta: (args) => args[4],
    multiplyAccumulates: sizeAt(1),
  },
  eligibility: {
    roles: ['inout', 'inout', 'in', 'in', 'in', 'in', 'value', 'value', 'value'],
    beta: (args) => args[7],
    multiplyAccumulates: (args) => 2 * sizeAt(1)(args),
  },
};

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedEligibility implements EligibilityOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  decayOuter(
    trace: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    decay: Tensor | number,
    synapses?: Synapses,
  ): void {
    const dense = traceOf('decayOuter', trace, pre, post, decay, synapses);
    if (!synapses) {
      this.#kernels.decayOuter(...dense);
      return;
    }
    const [at, preAt, postAt, factor, decays, rows] = dense;
    this.#kernels.sparseDecayOuter(at, preAt, postAt, factor, decays, rows, ...argumentsOf(synapses));
  }

  contractTrace(
    target: Tensor,
    trace: Tensor,
    signal: Tensor,
    alpha = 1,
    beta = 0,
    synapses?: Synapses,
  ): void {
    const { rows, columns: post } = signal;
    const fits = synapses
      ? target.size === synapses.values && trace.size === rows * synapses.count && post === synapses.postUnits
      : trace.size === rows * target.size && target.size % post === 0;
    if (!fits)
      mismatch('contractTrace', expectedTrace(synapses, 'target, trace, signal'), target, trace, signal);
    if (synapses) {
      this.#kernels.sparseContractTrace(
        ...([target.offset, trace.offset, signal.offset, rows, alpha, beta] as const),
        ...argumentsOf(synapses),
      );
      return;
    }
    this.#kernels.contractTrace(
      ...([target.offset, trace.offset, signal.offset, rows] as const),
      ...([target.size / post, post, alpha, beta] as const),
    );
  }

  eligibility(
    target: Tensor,
    trace: Tensor,
    pre: Tensor | undefined,
    post: Tensor,
    decay: Tensor | number,
    signal: Tensor,
    alpha = 1,
    beta = 0,
    synapses?: Synapses,
  ): void {
    const dense = traceOf('eligibility', trace, pre, post, decay, synapses);
    const { rows, columns } = post;
    const size = synapses?.values ?? trace.size / rows;
    if (signal.rows !== rows || signal.columns !== columns || target.size !== size) {
      mismatch('eligibility', expectedTrace(synapses, 'target, trace, signal'), target, trace, signal);
    }
    const common = [target.offset, signal.offset, alpha, beta] as const;
    if (!synapses) {
      this.#kernels.eligibility(...common, ...dense);
      return;
    }
    const [at, preAt, postAt, factor, decays] = dense;
    this.#kernels.sparseEligibility(
      ...([...common, at, preAt, postAt, factor, decays, rows] as const),
      ...argumentsOf(synapses),
    );
  }
}

/** Returns a trace as a kernel takes it, after a check of the shapes. */
function traceOf(
  operation: string,
  trace: Tensor,
  pre: Tensor | undefined,
  post: Tensor,
  decay: Tensor | number,
  synapses: Synapses | undefined,
): TraceArguments {
  const { rows, columns } = post;
  const preUnits = pre?.columns ?? 1;
  const fits = synapses
    ? pre !== undefined &&
      preUnits === synapses.preUnits &&
      columns === synapses.postUnits &&
      trace.size === rows * synapses.count
    : trace.size === rows * preUnits * columns;
  const decays = typeof decay === 'number' ? undefined : decay;
  if (!fits || (pre && pre.rows !== rows) || (decays && decays.size !== columns)) {
    const given = [trace, pre, post, decays].filter((tensor) => tensor !== undefined);
    mismatch(operation, expectedTrace(synapses, 'trace, pre, post and decay(postsynaptic)'), ...given);
  }
  const factor = typeof decay === 'number' ? decay : 0;
  return [
    ...([trace.offset, pre?.offset ?? 0, post.offset, factor, decays?.offset ?? 0] as const),
    ...([rows, preUnits, columns] as const),
  ];
}

const expectedTrace = (synapses: Synapses | undefined, names: string): string =>
  `${names} of ${synapses ? `trace(rows, ${synapses.count})` : 'trace(rows, presynaptic, postsynaptic)'}`;
