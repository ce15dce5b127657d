import { nameOf } from '../training/records.ts';
import type { RunDocument, RunStatus } from '../training/records.ts';
import { meanInterval, pairedInterval } from '../analysis/statistics.ts';

/** One metric of one rule over its seeds. */
export interface SummaryRow {
  /** Id of the rule, or the name of a variant if a rule takes part more than once. */
  readonly rule: string;
  readonly metric: string;
  readonly mean: number;
  /** Half-width of the 95 % interval of the mean; null with one seed. */
  readonly interval: number | null;
  readonly seeds: readonly number[];
  /** In the order of `seeds`. */
  readonly values: readonly number[];
}

/** One metric of two rules, compared on the seeds that both finished. */
export interface PairedRow {
  readonly first: string;
  readonly second: string;
  readonly metric: string;
  /** Mean of first − second over seeds. */
  readonly mean: number;
  /** Half-width of the 95 % interval of that mean; null with one seed. */
  readonly interval: number | null;
  readonly seeds: readonly number[];
}

/** The `--json` document of a comparison. */
export interface CompareDocument {
  readonly version: 1;
  readonly kind: 'compare';
  readonly runs: readonly RunDocument[];
  readonly summary: readonly SummaryRow[];
  readonly paired: readonly PairedRow[];
  readonly folder: string | null;
  readonly status: RunStatus;
}

/** Returns the document of a comparison. */
export function compareDocument(
  runs: readonly RunDocument[],
  folder: string | null,
  status: RunStatus,
): CompareDocument {
  return { version: 1, kind: 'compare', runs, ...summarise(runs), folder, status };
}

type Metric = (run: RunDocument) => number | undefined;

const METRICS: Readonly<Record<string, Metric>> = {
  'test error': (run) => run.test?.error,
  'validation error': (run) => run.validation?.error,
  'train error': (run) => run.train?.error,
  'readout test error': (run) => run.readout?.test?.error,
  'readout validation error': (run) => run.readout?.validation?.error,
  'test loss': (run) => run.test?.loss,
  'validation loss': (run) => (run.validation?.error === undefined ? run.validation?.loss : undefined),
  'train loss': (run) => (run.train?.error === undefined ? run.train?.loss : undefined),
  return: (run) => run.metrics['return'],
  solved: (run) => run.metrics['solved'],
  'examples per second': (run) => run.examplesPerSecond,
};

/** Metrics of a run that describe its course, or that are compared under a name of their own. */
const GENERAL: readonly string[] = ['passes', 'episodes', 'steps'];

/** Returns the names of the metrics that the rules of finished runs report, if no network has an error. */
export function ownMetricsOf(runs: readonly RunDocument[]): string[] {
  const hasError = ({ train, test, validation }: RunDocument) =>
    [train, test, validation].some((score) => score?.error !== undefined);
  if (runs.some((run) => hasError(run) || run.metrics['return'] !== undefined)) return [];
  return [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))].filter(
    (name) => !GENERAL.includes(name),
  );
}

const ownMetrics = (runs: readonly RunDocument[]): Record<string, Metric> =>
  Object.fromEntries(ownMetricsOf(runs).map((name) => [name, ({ metrics }: RunDocument) => metrics[name]]));

/**
 * Returns metrics for the last angle of each projection to the exact gradient. They describe a rule and are not
 * compared.
 */
const angleMetrics = (runs: readonly RunDocument[]): Record<string, Metric> =>
  Object.fromEntries(
    [...new Set(runs.flatMap(({ alignment }) => Object.keys(alignment)))].map((projection) => [
      `angle ${projection}`,
      ({ alignment }: RunDocument) => alignment[projection] ?? undefined,
    ]),
  );

/** Computes means by rule and differences between rules on shared seeds, over finished runs. */
export function summarise(runs: readonly RunDocument[]): { summary: SummaryRow[]; paired: PairedRow[] } {
  const finished = runs.filter(({ status }) => status === 'done');
  const rules = [...new Set(finished.map(nameOf))];
  const summary: SummaryRow[] = [];
  const paired: PairedRow[] = [];
  for (const [metric, read] of Object.entries({
    ...METRICS,
    ...ownMetrics(finished),
    ...angleMetrics(finished),
  })) {
    const bySeed = (rule: string) =>
      new Map(
        finished.flatMap((run) => {
          const value = read(run);
          return nameOf(run) === rule && value !== undefined ? [[run.seed, value] as const] : [];
        }),
      );
    for (const [index, rule] of rules.entries()) {
      const values = bySeed(rule);
      if (values.size === 0) continue;
      const seeds = [...values.keys()];
      summary.push({
        rule,
        metric,
        ...meanInterval([...values.values()]),
        seeds,
        values: [...values.values()],
      });
      if (!Object.hasOwn(METRICS, metric)) continue;
      for (const other of rules.slice(index + 1)) {
        const others = bySeed(other);
        const shared = seeds.filter((seed) => others.has(seed));
        if (shared.length === 0) continue;
        const pick = (from: Map<number, number>) => shared.map((seed) => from.get(seed) as number);
        paired.push({
          first: rule,
          second: other,
          metric,
          ...pairedInterval(pick(values), pick(others)),
          seeds: shared,
        });
      }
    }
  }
  return { summary, paired };
}
