import type { Cost, LocalityRow, MetricsRecord, Mistake, RunDocument } from '../records.ts';

/** Where a run was computed, as far as a reader needs it to judge or repeat the run. */
export interface RunEnvironment {
  readonly apical: string;
  readonly node: string;
  /** Null outside a repository. */
  readonly commit: string | null;
  /** Whether the sources differed from that commit. */
  readonly dirty: boolean;
  readonly hardware: string;
  readonly backendDetail: string;
  /** ISO 8601. */
  readonly date: string;
}

/** Everything that the report of one run shows. */
export interface RunReport {
  readonly run: RunDocument;
  readonly metrics: readonly MetricsRecord[];
  /** The complete config, every default spelled out. */
  readonly config: unknown;
  readonly ruleTitle: string;
  /** TeX, without dollar signs. Empty when the rule states none. */
  readonly ruleEquation: string;
  /** The task in words ("MNIST"); its id when absent. */
  readonly taskTitle?: string;
  /**
   * Whether `error` is a share of wrong answers or a normalised squared error. When absent it is read from the
   * held-out scores, where regression counts no wrong answers.
   */
  readonly taskKind?: 'classification' | 'regression';
  readonly citations: readonly string[];
  readonly locality: readonly LocalityRow[];
  /** Null when no step was measured. */
  readonly cost: Cost | null;
  readonly mistakes: readonly Mistake[];
  /** Height and width of a mistake's pixels; a square when absent. */
  readonly imageShape?: readonly [height: number, width: number];
  readonly classNames?: readonly string[];
  /** The exact command line that repeats the run. */
  readonly command: string;
  readonly environment: RunEnvironment;
}

/** One metric of one rule over its seeds. */
export interface SummaryRow {
  readonly rule: string;
  readonly metric: string;
  readonly mean: number;
  /** Half the width of the 95 % interval of the mean; null with one seed. */
  readonly interval: number | null;
  readonly seeds: readonly number[];
  /** In the order of `seeds`. */
  readonly values: readonly number[];
}

/** One metric of two rules, compared on the seeds that both ran. */
export interface PairedRow {
  readonly first: string;
  readonly second: string;
  readonly metric: string;
  /** Mean over seeds of first − second. */
  readonly mean: number;
  /** Half the width of its 95 % interval; null with one seed. */
  readonly interval: number | null;
  readonly seeds: readonly number[];
}

/** Everything that the report of a comparison shows. */
export interface ComparisonReport {
  readonly title: string;
  /** One for each rule and seed. */
  readonly runs: readonly RunReport[];
  readonly summary: readonly SummaryRow[];
  readonly paired: readonly PairedRow[];
  readonly command: string;
}
