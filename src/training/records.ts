import type { Alignment } from '../analysis/alignment.ts';

export type { Alignment } from '../analysis/alignment.ts';
export type { Cost, LocalityRow } from '../analysis/audit.ts';

/**
 * What a run leaves behind, line by line in `metrics.jsonl` and as one `RunDocument`. Errors are fractions of
 * 1, losses means over examples (nats for cross-entropy, ½‖y − d‖² for squared error), angles degrees.
 */

/** A mean over a set of examples. `error` is the share of wrong answers, or for regression the normalised squared error. */
export interface Score {
  readonly loss: number;
  readonly error: number;
}

/** A score on held-out examples: how many answers were wrong (0 for regression), out of how many. */
export interface HeldOutScore extends Score {
  readonly errors: number;
  readonly count: number;
}

/** Metrics by name: of an environment, the mean `return` of its episodes, how many there were, and so on. */
export type Metrics = Readonly<Record<string, number>>;

/** Means over the training steps since the last progress record, measured on the batches as they were learned. */
export interface ProgressRecord {
  readonly kind: 'progress';
  readonly step: number;
  /** Passes through the training set, with its fraction. */
  readonly epoch: number;
  /** Of a data set. */
  readonly train?: Score;
  /** Of an environment: episodes that ended since then, as they were learned from. */
  readonly metrics?: Metrics;
  readonly rate: number;
}

/**
 * At the end of an epoch. Of a data set: the training examples of that epoch as they were learned, and the held-out
 * sets. Of an environment: metrics of fresh episodes.
 */
export interface EvaluationRecord {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly epoch: number;
  readonly train?: Score;
  readonly metrics?: Metrics;
  readonly validation?: HeldOutScore;
  readonly test?: HeldOutScore;
  /** Time spent in training steps until here. */
  readonly trainedSeconds: number;
  /** Examples sent through networks by training until here, over all phases of all updates. */
  readonly passes?: number;
}

export interface ProbeRecord {
  readonly kind: 'probe';
  readonly step: number;
  readonly epoch: number;
  /** By projection id. */
  readonly projections: Readonly<Record<string, Alignment>>;
}

export type MetricsRecord = ProgressRecord | EvaluationRecord | ProbeRecord;

export type RunStatus = 'running' | 'done' | 'failed' | 'interrupted';

/** The `--json` document of one run, also kept in `run.json`. */
export interface RunDocument {
  readonly version: 1;
  readonly kind: 'run';
  readonly id: string;
  readonly rule: string;
  /** What it is called in a comparison where its rule takes part more than once; absent elsewhere. */
  readonly variant?: string;
  readonly task: string;
  readonly backend: string;
  readonly threads: number;
  /** How many workers still shared the samples of its rule at the end; absent where it had one. */
  readonly workers?: number;
  readonly seed: number;
  readonly epochs: number;
  readonly train: Score | null;
  readonly validation?: HeldOutScore;
  readonly test: HeldOutScore | null;
  /** By projection: degrees of the rule's last update to the exact gradient. */
  readonly alignment: Readonly<Record<string, number | null>>;
  /** Named metrics beyond these. */
  readonly metrics: Metrics;
  readonly examplesPerSecond: number;
  readonly wallSeconds: number;
  readonly peakMemoryBytes: number;
  readonly folder: string | null;
  readonly status: RunStatus;
  /** Why it failed. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** What tells the runs of a comparison apart, seeds aside. */
export const nameOf = ({ rule, variant }: Pick<RunDocument, 'rule' | 'variant'>): string => variant ?? rule;

/** Inputs that a network made, for the report: bytes of pixels each, and in words how they came about. */
export interface PictureGrid {
  readonly caption: string;
  readonly pictures: readonly (readonly number[])[];
}

/** A test example that the trained network got wrong, for the report. Pixels are bytes. */
export interface Mistake {
  readonly index: number;
  readonly label: number;
  readonly answer: number;
  /** Probability (or output) given to the answer. */
  readonly confidence: number;
  readonly pixels: readonly number[];
}
