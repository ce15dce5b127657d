import type { ConfigInput } from '../config/config.ts';
import type { MetricsRecord, RunDocument } from '../training/records.ts';
import type { Compute } from '../tensor/compute.ts';

/**
 * How long a claim takes: `exact` takes seconds, so that the test suite runs it; `quick` up to a minute or two on two
 * cores; `full` has the size of the source.
 */
export const TIERS = ['exact', 'quick', 'full'] as const;
export type Tier = (typeof TIERS)[number];

/** Where an expected figure comes from. */
export type Provenance =
  /** Printed in the source, or in its authors' code or logs. */
  | 'published'
  /** From a third party's reproduction. */
  | 'reproduction'
  /** Derived for this project from the source's equations; the source gives it at most in words or in a plot. */
  | 'derived'
  /** Not known at this size: measured here over several seeds, then fixed. */
  | 'calibrated';

/** A closed interval; without a bound it is open on that side. */
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
  /** What the figure is, and over what it is taken ("largest over the seeds"). */
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
  /** Systems that the claim is about, such as "S08", and checks that it answers; docs/systems.md explains both. */
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
   * Declared as data, so that `apical claims check` can repeat the first steps of each without running the claim.
   */
  readonly trainings?: (seeds: readonly number[]) => readonly ConfigInput[];
  /** The first is the deciding figure, which lists show. The claim is reproduced when all hold. */
  readonly conditions: readonly [Condition, ...Condition[]];
  run(context: ClaimContext): Promise<Measurement>;
}

/** What a claim is given to run with. */
export interface ClaimContext {
  /** The backend that the claim asks for. The runner disposes of it. */
  readonly compute: Compute;
  readonly seeds: readonly number[];
  /**
   * Reports the share of the work that is done, and lets the rest of the program run. Call it at least a few times a
   * second. Rejects with the signal's reason when the run is cancelled.
   */
  progress(share: number): Promise<void>;
  /**
   * Trains one of the claim's `trainings` to its end, as `apical run` does, in a folder of its own in runs/claims. A
   * run that the claim left there, with the same config and fingerprint, is resumed or read back. `share` receives the
   * share done. Rejects with `claim.training` for a config that the claim does not declare, with the signal's reason when the
   * run is cancelled, and with the error of a run that fails.
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
  /** Values by seed; under a condition's id where the condition has a value for each seed. */
  readonly perSeed: readonly SeedValues[];
  /** Figures that explain the others. */
  readonly details?: Readonly<Record<string, number>>;
  readonly curves?: readonly Curve[];
  /** What a reader should know about this outcome: cause, limits, what else was tried. */
  readonly note?: string;
}

export interface SeedValues {
  readonly seed: number;
  readonly values: Readonly<Record<string, number>>;
}
