/** The kernels of sparse projections and of eligibility traces, with the conventions of `Kernels`. */
export interface SparseKernels {
  /** out(batch, post) ← alpha · a(batch, pre) · W + beta · out, or from post to pre with Wᵀ where `transposed`. */
  sparseMatmul(
    out: number,
    a: number,
    values: number,
    batch: number,
    transposed: boolean,
    alpha: number,
    beta: number,
    ...synapses: SynapseArguments
  ): void;
  /** out(value) ← alpha · Σ a(r, pre) · b(r, post), over the batch and the synapses of the value, + beta · out. */
  sparseOuter(
    out: number,
    a: number,
    b: number,
    batch: number,
    alpha: number,
    beta: number,
    ...synapses: SynapseArguments
  ): void;
  /** out(value) ← alpha · a(value) · Σ unit + beta · out, over the synapses of the value; unit is (pre) or (post). */
  sparseScale(
    out: number,
    a: number,
    unit: number,
    presynaptic: boolean,
    alpha: number,
    beta: number,
    ...synapses: SynapseArguments
  ): void;
  /** Scales the synapses of every unit whose Euclidean norm exceeds the limit: outgoing or incoming ones. */
  limitSparseNorms(values: number, outgoing: boolean, limit: number, ...synapses: SynapseArguments): void;
  /** Lists the columns of a(rows, columns) that are not 0; starts(rows + 1) says where each row begins. Both are i32. */
  listEvents(indices: number, starts: number, a: number, rows: number, columns: number): void;
  /** out(rows, post) ← Σ of the rows of W named by the events of each row + beta · out. Without lists, W is a matrix. */
  eventMatmul(
    out: number,
    indices: number,
    values: number,
    eventStarts: number,
    rows: number,
    beta: number,
    ...synapses: SynapseArguments
  ): void;

  /**
   * trace(r, i, j) ← decay · trace + pre(r, i) · post(r, j); decay is a number, or a row (post) at `decays` unless that
   * is 0. pre is 0 for none: then i takes one value and pre is 1.
   */
  decayOuter(...trace: TraceArguments): void;
  /** target(i, j) ← alpha · Σ_r trace(r, i, j) · signal(r, j) + beta · target. */
  contractTrace(
    target: number,
    trace: number,
    signal: number,
    rows: number,
    pre: number,
    post: number,
    alpha: number,
    beta: number,
  ): void;
  /** `decayOuter`, then `contractTrace`, in one pass over the trace. */
  eligibility(target: number, signal: number, alpha: number, beta: number, ...trace: TraceArguments): void;
  /** As `decayOuter`, for trace(rows, synapses). */
  sparseDecayOuter(
    trace: number,
    pre: number,
    post: number,
    decay: number,
    decays: number,
    rows: number,
    ...synapses: SynapseArguments
  ): void;
  /** As `contractTrace`, for trace(rows, synapses) and target(values). */
  sparseContractTrace(
    target: number,
    trace: number,
    signal: number,
    rows: number,
    alpha: number,
    beta: number,
    ...synapses: SynapseArguments
  ): void;
  /** `sparseDecayOuter`, then `sparseContractTrace`, in one pass over the trace. */
  sparseEligibility(
    target: number,
    signal: number,
    alpha: number,
    beta: number,
    trace: number,
    pre: number,
    post: number,
    decay: number,
    decays: number,
    rows: number,
    ...synapses: SynapseArguments
  ): void;
}

/** A dense trace (rows, preUnits, postUnits) and what changes it. */
export type TraceArguments = [
  trace: number,
  pre: number,
  post: number,
  decay: number,
  decays: number,
  rows: number,
  preUnits: number,
  postUnits: number,
];

/**
 * Synapses as a kernel takes them: addresses of i32 lists, and sizes. Units are given as 4 · unit. `elements` is 0 if
 * synapse s has value s.
 */
export type SynapseArguments = [
  incomingStarts: number,
  sources: number,
  elements: number,
  outgoingStarts: number,
  targets: number,
  outgoingElements: number,
  preUnits: number,
  postUnits: number,
  synapses: number,
  values: number,
];
