/** What `apical bench` found: one row a piece of work and a tool that did it. */
export interface BenchRow {
  /** `limit/1`, `product/100x784x800/blas/1`, `step/batch-100/pytorch-autograd/2`, … */
  readonly id: string;
  readonly work: string;
  readonly subject: string;
  /** 0 in the row of a peer that is absent. */
  readonly threads: number;
  /** Median over rounds, in each of which everything that is compared took its turn; null when it failed. */
  readonly millisecondsPerStep: number | null;
  /** The fastest round: other load on the machine only adds, so on a busy one this says more than the median. */
  readonly fastestMilliseconds: number | null;
  readonly examplesPerSecond: number | null;
  /** Of the matrix products alone: two operations a multiply–accumulate. */
  readonly gflops: number | null;
  /** `gflops` over the best that a large BLAS product reached at this thread count in the same run. */
  readonly limitFraction: number | null;
  /** Another tool's row. */
  readonly peer?: string;
  /** The peer's time over Apical's, each at its best thread count: above 1, Apical is faster. */
  readonly ratio?: number;
  /** The same of the fastest rounds. */
  readonly fastestRatio?: number;
  /** This row's time over that of something else, as named. */
  readonly relative?: { readonly to: string; readonly value: number };
  readonly note?: string;
}

export interface BenchDocument {
  readonly version: 1;
  readonly kind: 'bench';
  readonly machine: {
    readonly processor: string;
    readonly processors: number;
    readonly platform: string;
    readonly node: string;
    /** Detail of the BLAS backend; null where there is none. */
    readonly blas: string | null;
    /** Processes that wanted a processor, averaged over a minute, before and after: above 1 others disturb. */
    readonly load: readonly [before: number, after: number];
  };
  /** Rounds, and seconds of each turn. */
  readonly rounds: number;
  readonly secondsPerTurn: number;
  readonly rows: readonly BenchRow[];
}
