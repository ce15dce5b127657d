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

/** Means over the training steps since the last progress record, measured on the batches as they were learned. */
export interface ProgressRecord {
  readonly kind: 'progress';
  readonly step: number;
  /** Passes through the training set, with its fraction. */
  readonly epoch: number;
  readonly train: Score;
  readonly rate: number;
}

/** At the end of an epoch: the training examples of that epoch as they were learned, and the held-out sets. */
export interface EvaluationRecord {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly epoch: number;
  readonly train: Score;
  readonly validation?: HeldOutScore;
  readonly test?: HeldOutScore;
  readonly wallSeconds: number;
}

/** How a rule's update compares with the exact gradient on the fixed probe batch, for one projection. */
export interface Alignment {
  /** Degrees between the update and the exact gradient; null when either is zero. */
  readonly angle: number | null;
  /** Norm of the update over the norm of the gradient. */
  readonly normRatio: number | null;
  /** Degrees between the feedback weights that answer this projection and its transpose. */
  readonly feedbackAngle?: number | null;
  /** Degrees between those feedback weights and its pseudo-inverse, and their relative distance at the best scale. */
  readonly pseudoInverseAngle?: number | null;
  readonly pseudoInverseDistance?: number | null;
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
  readonly task: string;
  readonly backend: string;
  readonly threads: number;
  readonly seed: number;
  readonly epochs: number;
  readonly train: Score | null;
  readonly validation?: HeldOutScore;
  readonly test: HeldOutScore | null;
  /** By projection: degrees of the rule's last update to the exact gradient. */
  readonly alignment: Readonly<Record<string, number | null>>;
  /** Named metrics beyond these. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly examplesPerSecond: number;
  readonly wallSeconds: number;
  readonly peakMemoryBytes: number;
  readonly folder: string | null;
  readonly status: RunStatus;
  /** Why it failed. */
  readonly failure?: { readonly code: string; readonly message: string };
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

/** What the audit of one real step saw cross to the synapses of one projection. */
export interface LocalityRow {
  readonly projection: string;
  /** Projections whose weights were used transposed, or read other than by transmission. */
  readonly transposedWeights: readonly string[];
  readonly otherWeights: readonly string[];
  /** Whether a signed error signal apart from activity reached the synapse, and by which way. */
  readonly signedError: boolean;
  readonly globalScalars: readonly string[];
  /** Phases of activity that one update needs. */
  readonly phases: number;
  /** Projections that an error had to cross, one after the other, before this synapse could change. */
  readonly waitsForProjections: number;
  /** Everything the update was computed from, in words: "activity of hidden1", "error of output". */
  readonly sources: readonly string[];
}

/** Per example of a batch, measured in a real step. */
export interface Cost {
  readonly forwardMacs: number;
  readonly feedbackMacs: number;
  readonly updateMacs: number;
  /** Bytes sent from area to area. */
  readonly bytesBetweenAreas: number;
}
