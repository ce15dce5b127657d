import type { ConfigInput } from '../config/config.ts';
import type { MetricsRecord, RunDocument } from '../training/records.ts';
import type { Compute } from '../tensor/compute.ts';

/**
 * How long a claim takes: `exact` seconds, so that the test suite runs it; `quick` up to a minute or two on two
 * cores; `full` the size of the source.
 */
export const TIERS = ['exact', 'quick', 'full'] as const;
export type Tier = (typeof TIERS)[number];

/** Where an expected figure comes from. */
export type Provenance =
  /** Printed in the source, or in its authors' code or logs. */
  | 'published'
  /** From a third party's reproduction. */
  | 'reproduction'
  /** Worked out for this project from the source's equations; the source states it in words or a plot at most. */
  | 'derived'
  /** Nothing is known at this size: measured here over several seeds, then fixed. */
  | 'calibrated';

/** A closed interval, open-ended where a bound is absent. */
export interface Expected {
  readonly minimum?: number;
  readonly maximum?: number;
  /** In words, such as "below 0.001". */
  readonly text: string;
}

/** One figure of a claim that must fall into its interval. */
export interface Condition {
  /** Lower case with hyphens; the key of its values in measurements. */
  readonly id: string;
  /** What the figure is, and over what it was taken ("largest over the seeds"). */
  readonly statement: string;
  /** "degrees", "%", …; empty for a ratio. */
  readonly unit: string;
  readonly expected: Expected;
}

/** A statement from a source, and the program that puts it to the test. */
export interface Claim {
  /** Lower case with hyphens, the key of its source first. */
  readonly id: string;
  readonly title: string;
  /** Numbers of the systems it speaks of, such as "S08", and of the checks it answers. */
  readonly systems: readonly string[];
  readonly checks: readonly number[];
  /** Key of docs/bibliography.json. */
  readonly source: string;
  readonly provenance: Provenance;
  /** One sentence. */
  readonly statement: string;
  readonly tier: Tier;
  /** `auto` takes the fastest there is; an identity needs `reference`, which computes in double precision. */
  readonly backend: 'auto' | 'wasm' | 'reference';
  readonly seeds: readonly number[];
  /**
   * Every config that the claim trains by `context.train`, for these seeds; absent for a claim that does not train.
   * Declared as data, so that `apical claims check` can repeat the first steps of each without running the claim.
   */
  readonly trainings?: (seeds: readonly number[]) => readonly ConfigInput[];
  /** The first is the deciding figure, the one that lists show. The claim is reproduced when all hold. */
  readonly conditions: readonly [Condition, ...Condition[]];
  run(context: ClaimContext): Promise<Measurement>;
}

/** What a claim runs in. */
export interface ClaimContext {
  /** The backend that the claim asks for; the runner disposes of it. */
  readonly compute: Compute;
  readonly seeds: readonly number[];
  /**
   * Says which share of the work is done, and lets the rest of the program breathe. Call it at least a few times
   * a second. Rejects with the signal's reason when the run is cancelled.
   */
  progress(share: number): Promise<void>;
  /**
   * Trains one of the claim's `trainings` to its end, as `apical run` does, in a folder of its own in runs/claims. A
   * run that the claim left there, of the same config and behaviour, is resumed or read back. `share` hears the share
   * done. Rejects with `claim.training` for a config that the claim does not declare, with the signal's reason when the
   * run is cancelled, and with the error of a run that fails.
   */
  train(config: ConfigInput, share?: (done: number) => void): Promise<TrainedRun>;
}

/** What a training left. */
export interface TrainedRun {
  readonly document: RunDocument;
  readonly metrics: readonly MetricsRecord[];
}

/** A quantity over a training, for one seed: the curves behind the figures. */
export interface Curve {
  readonly name: string;
  readonly seed: number;
  readonly horizontal: string;
  readonly vertical: string;
  readonly points: readonly (readonly [number, number])[];
}

/** What a claim found. */
export interface Measurement {
  /** The figure of every condition, by its id. */
  readonly measured: Readonly<Record<string, number>>;
  /** Every seed's own values; under a condition's id where the condition has a value for each seed. */
  readonly perSeed: readonly SeedValues[];
  /** Figures that explain the others. */
  readonly details?: Readonly<Record<string, number>>;
  readonly curves?: readonly Curve[];
  /** What a reader should know of this outcome: cause, limits, what else was tried. */
  readonly note?: string;
}

export interface SeedValues {
  readonly seed: number;
  readonly values: Readonly<Record<string, number>>;
}
