import type { DataTask } from '../datasets/dataset.ts';
import type { PairedRow, SummaryRow } from './documents.ts';
import type {
  Cost,
  LocalityRow,
  MetricsRecord,
  Mistake,
  PictureGrid,
  RunDocument,
} from '../training/records.ts';

export type { PairedRow, SummaryRow } from './documents.ts';

/** The machine and sources of a run, in the detail needed to assess or repeat it. */
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
  /** The complete config with all defaults. */
  readonly config: unknown;
  readonly ruleTitle: string;
  /** TeX without dollar signs; empty if the rule states no equation. */
  readonly ruleEquation: string;
  /** Title of the task, such as "MNIST"; by default its id. */
  readonly taskTitle?: string;
  /**
   * Whether `error` is a fraction of wrong answers or a normalised squared error. If absent, it follows from the
   * held-out scores, where regression counts no wrong answers. It has no meaning for tasks without errors.
   */
  readonly taskKind?: DataTask;
  /** Mean return from which an environment counts as solved. */
  readonly solvedAt?: number;
  readonly citations: readonly string[];
  readonly locality: readonly LocalityRow[];
  /** Objectives whose error reached parameters beyond the layer that they declare. */
  readonly reachViolations?: readonly string[];
  /** Null if no step was measured. */
  readonly cost: Cost | null;
  readonly mistakes: readonly Mistake[];
  /** Inputs that the network generated. */
  readonly fantasies?: PictureGrid;
  /** Height and width of a mistake's image; by default a square. */
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

/** Renders reports. A session receives it as an option, because runs must not import reports. */
export interface Reports {
  renderRunReport(report: RunReport): string;
  renderComparisonReport(report: ComparisonReport): string;
  renderComparisonTable(report: ComparisonReport): string;
  /** Writes the figures as SVG and PNG files into a folder and returns their paths. */
  writeFigures(folder: string, report: RunReport | ComparisonReport): Promise<string[]>;
}
