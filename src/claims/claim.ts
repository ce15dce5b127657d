import type { ConfigInput } from '../config/config.ts';
import type { MetricsRecord, RunDocument } from '../training/records.ts';
import type { Compute } from '../tensor/compute.ts';

/**
 * Duration of a claim: `exact` takes seconds, so the test suite runs it; `quick` takes up to a minute or two on two
 * cores; `full` has the size of the source.
 */
export const TIERS = ['exact', 'quick', 'full'] as const;
export type Tier = (typeof TIERS)[number];

/** Origin of an expected figure. */
export type Provenance =
  /** Printed in the source, or in its authors' code or logs. */
  | 'published'
  /** From a third party's reproduction. */
  | 'reproduction'
  /** Derived for this project from the source's equations; the source gives it at most in words or in a plot. */
  | 'derived'
  /** Not known at this size: measured here over several seeds, then fixed. */
  | 'calibrated';

/** A closed interval, unbounded on a side without a bound. */
export interface Expected {
  readonly minimum?: number;
  readonly maximum?: number;
  /** In words, such as "below 0.001". */
  readonly text: string;
}

/** One figure of a claim, which must lie in an interval. */
export interface Condition {
  /** Lower case with hyphens; the key of the figure in measurements. */
  readonly id: string;
  /** Meaning of the figure, and how seeds are combined ("largest over the seeds"). */
  readonly statement: string;
  /** "degrees", "%", …; empty for a ratio. */
  readonly unit: string;
  readonly expected: Expected;
}

/** A statement from a source, and the program that tests it. */
export interface Claim {
  /** Lower case with hyphens, beginning with the key of the source. */
  readonly id: string;
  readonly title: string;
  /** Systems that the claim concerns, such as "S08", and checks that it fulfils; docs/systems.md explains both. */
  readonly systems: readonly string[];
  readonly checks: readonly number[];
  /** Key of docs/bibliography.json. */
  readonly source: string;
  readonly provenance: Provenance;
  /** One sentence. */
  readonly statement: string;
  readonly tier: Tier;
  /** `auto` is the fastest available; an identity needs `reference`, which computes in double precision. */
  readonly backend: 'auto' | 'wasm' | 'reference';
  readonly seeds: readonly number[];
  /**
   * Every config that the claim trains by `context.train`, for these seeds; absent for a claim that does not train.
   * Declared as data, so that `apical claims check` can repeat a few steps of each without running the claim.
   */
  readonly trainings?: (seeds: readonly number[]) => readonly ConfigInput[];
  /** Conditions, of which the first has the deciding figure, shown in lists. The claim is reproduced if all hold. */
  readonly conditions: readonly [Condition, ...Condition[]];
  run(context: ClaimContext): Promise<Measurement>;
}

/** Services that the runner provides to a claim. */
export interface ClaimContext {
  /** The backend that the claim asks for. The runner disposes of it. */
  readonly compute: Compute;
  readonly seeds: readonly number[];
  /**
   * Reports the fraction of the work that is done, and lets the rest of the program run. Call it at least a few times
   * per second. Rejects with the signal's reason if the run is cancelled.
   */
  progress(share: number): Promise<void>;
  /**
   * Trains one of the claim's `trainings` to its end, as `apical run` does, in a folder of its own in runs/claims. An
   * earlier run in that folder, with the same config and fingerprint, is resumed or read back. `share` receives the
   * fraction done. Rejects with `claim.training` for a config that the claim does not declare, with the signal's reason
   * if the run is cancelled, and with the error of a run that fails.
   */
  train(config: ConfigInput, share?: (done: number) => void): Promise<TrainedRun>;
}

/** A finished training. */
export interface TrainedRun {
  readonly document: RunDocument;
  readonly metrics: readonly MetricsRecord[];
  /** Returns 1 for each test example that the trained network classifies wrongly, else 0. */
  mistakes(): Promise<readonly number[]>;
}

/** A quantity over a training, for one seed. */
export interface Curve {
  readonly name: string;
  readonly seed: number;
  readonly horizontal: string;
  readonly vertical: string;
  readonly points: readonly (readonly [number, number])[];
}

/** The outcome of a claim. */
export interface Measurement {
  /** The figure of every condition, by its id. */
  readonly measured: Readonly<Record<string, number>>;
  /** Values by seed, under a condition's id if the condition has a value for each seed. */
  readonly perSeed: readonly SeedValues[];
  /** Further figures that explain the measured ones. */
  readonly details?: Readonly<Record<string, number>>;
  readonly curves?: readonly Curve[];
  /** A note for readers on this outcome: cause, limits, other attempts. */
  readonly note?: string;
}

export interface SeedValues {
  readonly seed: number;
  readonly values: Readonly<Record<string, number>>;
}
