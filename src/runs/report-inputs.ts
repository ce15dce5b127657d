import type { PairedRow, SummaryRow } from './documents.ts';
import type { Cost, LocalityRow, MetricsRecord, Mistake, PictureGrid, RunDocument } from '../training/records.ts';

export type { PairedRow, SummaryRow } from './documents.ts';

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
   * held-out scores, where regression counts no wrong answers. Of no meaning where there are no errors.
   */
  readonly taskKind?: 'classification' | 'regression';
  /** Mean return from which a task that answers actions counts as solved. */
  readonly solvedAt?: number;
  readonly citations: readonly string[];
  readonly locality: readonly LocalityRow[];
  /** Null when no step was measured. */
  readonly cost: Cost | null;
  readonly mistakes: readonly Mistake[];
  /** Inputs that the network made of itself. */
  readonly fantasies?: PictureGrid;
  /** Height and width of a mistake's pixels; a square when absent. */
  readonly imageShape?: readonly [height: number, width: number];
  readonly classNames?: readonly string[];
  /** The exact command line that repeats the run. */
  readonly command: string;
  readonly environment: RunEnvironment;
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

/** How reports are rendered. A session is handed it: reports are made of what sessions leave, so a session imports none. */
export interface Reports {
  renderRunReport(report: RunReport): string;
  renderComparisonReport(report: ComparisonReport): string;
  renderComparisonTable(report: ComparisonReport): string;
  /** Writes the figures as SVG and PNG into a folder, and returns their paths. */
  writeFigures(folder: string, report: RunReport | ComparisonReport): Promise<string[]>;
}
