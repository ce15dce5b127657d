import type { Alignment, NoAngle } from '../analysis/alignment.ts';

export type { Alignment, NoAngle } from '../analysis/alignment.ts';
export type { Cost, LocalityRow } from '../analysis/audit/audit.ts';

/*
 * The records of a run, kept as lines of `metrics.jsonl` and as one `RunDocument`. Errors are fractions of 1, losses are
 * means over examples (nats for cross-entropy, ½‖y − d‖² for squared error), angles are in degrees.
 */

/**
 * A mean over examples. `error` is the fraction of wrong answers or, for regression, the normalised squared error; it is
 * absent if no objective compares an answer with a target. A network without objectives has no score.
 */
export interface Score {
  readonly loss: number;
  readonly error?: number;
}

/** A score on held-out examples, with the number of wrong answers (0 for regression) and of examples. */
export interface HeldOutScore extends Score {
  readonly errors: number;
  readonly count: number;
}

/** The scores of a readout on held-out examples. It learns apart from the network, so they are not the network's own. */
export interface ReadoutScores {
  readonly validation?: Required<HeldOutScore>;
  readonly test?: Required<HeldOutScore>;
}

/** Metrics by name; for an environment, the mean `return` of its episodes, their number, and so on. */
export type Metrics = Readonly<Record<string, number>>;

/** Means over the training steps since the last progress record, measured on the training batches. */
export interface ProgressRecord {
  readonly kind: 'progress';
  readonly step: number;
  /** Passes through the training set, including fractions. */
  readonly epoch: number;
  /** For a data set, if the rule computes errors or losses. */
  readonly train?: Score;
  /** For an environment: the training episodes that ended since then. */
  readonly metrics?: Metrics;
  readonly rate: number;
}

/**
 * Scores at the end of an epoch. For a data set: the training examples of that epoch, measured as they were learned, and
 * the held-out examples. For an environment: metrics of new episodes.
 */
export interface EvaluationRecord {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly epoch: number;
  readonly train?: Score;
  readonly metrics?: Metrics;
  readonly validation?: HeldOutScore;
  readonly test?: HeldOutScore;
  /** Scores of the readout, at the epochs at which it is learned. */
  readonly readout?: ReadoutScores;
  /** Seconds spent in training steps so far. */
  readonly trainedSeconds: number;
  /** Number of examples that training has passed through networks so far, over all phases of all updates. */
  readonly passes?: number;
}

/** A comparison of one update with the exact gradient. */
export interface ProbeRecord {
  readonly kind: 'probe';
  readonly step: number;
  readonly epoch: number;
  /** By projection id. */
  readonly projections: Readonly<Record<string, Alignment>>;
}

/** A record of a run: progress, an evaluation or a probe. */
export type MetricsRecord = ProgressRecord | EvaluationRecord | ProbeRecord;

/** Whether a run goes on, and how it has ended. */
export type RunStatus = 'running' | 'done' | 'failed' | 'interrupted';

/** The document of one run, as printed by `--json` and kept in `run.json`. */
export interface RunDocument {
  readonly version: 1;
  readonly kind: 'run';
  readonly id: string;
  readonly rule: string;
  /** Name of the run in a comparison in which its rule takes part more than once; absent elsewhere. */
  readonly variant?: string;
  readonly task: string;
  readonly backend: string;
  readonly threads: number;
  /** Number of workers that shared the samples of the rule at the end; absent for a run with one. */
  readonly workers?: number;
  readonly seed: number;
  readonly epochs: number;
  readonly train: Score | null;
  readonly validation?: HeldOutScore;
  readonly test: HeldOutScore | null;
  /** The last scores of the readout; absent without one. */
  readonly readout?: ReadoutScores;
  /** By projection: the angle in degrees between the last probed update and the exact gradient; null if there is none. */
  readonly alignment: Readonly<Record<string, number | null>>;
  /** By projection without an angle: why. Absent if each has one, and in documents of earlier versions. */
  readonly withoutAngle?: Readonly<Record<string, NoAngle>>;
  /** By projection, the storage of weights; absent for dense storage. */
  readonly storage?: Readonly<Record<string, 'dense' | 'sparse'>>;
  /** Further metrics by name. */
  readonly metrics: Metrics;
  readonly examplesPerSecond: number;
  readonly wallSeconds: number;
  readonly peakMemoryBytes: number;
  readonly folder: string | null;
  readonly status: RunStatus;
  /** The error of a failed run. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** Returns the name that tells the runs of a comparison apart, apart from their seeds. */
export const nameOf = ({ rule, variant }: Pick<RunDocument, 'rule' | 'variant'>): string => variant ?? rule;

/** Inputs that a network generated, for the report: bytes of pixels, and a caption that says how they arose. */
export interface PictureGrid {
  readonly caption: string;
  readonly pictures: readonly (readonly number[])[];
}

/** A test example that the trained network misclassified, for the report. Pixels are bytes. */
export interface Mistake {
  readonly index: number;
  readonly label: number;
  readonly answer: number;
  /** Probability (or output) of the answer. */
  readonly confidence: number;
  readonly pixels: readonly number[];
}
