/** A row of the results of `apical bench`: one work done by one tool. */
export interface BenchRow {
  /** `limit/1`, `product/100x784x800/blas/1`, `step/batch-100/pytorch-autograd/2`, … */
  readonly id: string;
  /** Name of the work. */
  readonly work: string;
  /** Name of the tool. */
  readonly subject: string;
  /** 0 in the row of an absent peer. */
  readonly threads: number;
  /** Median over rounds, in each of which every compared tool took its turn; null after a failure. */
  readonly millisecondsPerStep: number | null;
  /** The fastest round. Other load on a machine can only slow a round, so this is more robust on a busy machine. */
  readonly fastestMilliseconds: number | null;
  readonly examplesPerSecond: number | null;
  /** Rate of the matrix products alone, with two operations per multiply–accumulate. */
  readonly gflops: number | null;
  /** `gflops` relative to the best rate of a large BLAS product with this number of threads in the same run. */
  readonly limitFraction: number | null;
  /** Id of the peer, if this is the row of a peer. */
  readonly peer?: string;
  /** Time of the peer over that of Apical, each with its best number of threads; above 1, Apical is faster. */
  readonly ratio?: number;
  /** The same ratio for the fastest rounds. */
  readonly fastestRatio?: number;
  /** Time relative to another row, which `to` names. */
  readonly relative?: { readonly to: string; readonly value: number };
  readonly note?: string;
}

/** The results of `apical bench`. */
export interface BenchDocument {
  readonly version: 1;
  readonly kind: 'bench';
  readonly machine: {
    readonly processor: string;
    readonly processors: number;
    readonly platform: string;
    readonly node: string;
    /** Detail of the BLAS backend; null without one. */
    readonly blas: string | null;
    /** Load average over one minute, before and after: above 1, other processes disturb the measurement. */
    readonly load: readonly [before: number, after: number];
  };
  /** Number of counted rounds. */
  readonly rounds: number;
  /** Seconds per turn. */
  readonly secondsPerTurn: number;
  readonly rows: readonly BenchRow[];
}
