import { nameOf } from '../../training/records.ts';
import type { Alignment, MetricsRecord, Score } from '../../training/records.ts';
import type { RunReport } from '../../runs/report-inputs.ts';

/** A point of a line. y is NaN where the run measured nothing or diverged; the line breaks there. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The line of one seed. */
export interface Trace {
  readonly seed: number;
  readonly points: readonly Point[];
}

/** A series of a chart: the line of every seed, and their mean. */
export interface Series {
  readonly name: string;
  /** Selects the style, the same for a rule in every figure. */
  readonly index: number;
  readonly traces: readonly Trace[];
  readonly mean: readonly Point[];
}

/** The runs of a rule, or of a variant of it, sorted by seed. */
export interface RuleGroup {
  /** Id of the rule, or name of the variant. */
  readonly rule: string;
  /** Title of the rule, with its name if several share the title. */
  readonly title: string;
  readonly runs: readonly RunReport[];
}

/** Groups runs by rule or variant, in the order of their first run. */
export function groupByRule(runs: readonly RunReport[]): RuleGroup[] {
  const groups = new Map<string, RunReport[]>();
  for (const report of runs) {
    const name = nameOf(report.run);
    const group = groups.get(name);
    if (group) group.push(report);
    else groups.set(name, [report]);
  }
  const titles = [...groups.values()].map((group) => group[0]?.ruleTitle);
  return [...groups].map(([rule, group]) => {
    const title = group[0]?.ruleTitle || rule;
    const shared = titles.filter((other) => other === title).length > 1;
    return {
      rule,
      title: shared ? `${title} (${rule})` : title,
      runs: group.toSorted((a, b) => a.run.seed - b.run.seed),
    };
  });
}

/**
 * Returns whether the errors of a run are rates of wrong predictions. They are not in a regression task, or if a held-out
 * score has an error without a count of wrong predictions.
 */
export function errorsAreRates(report: RunReport): boolean {
  if (report.taskKind !== undefined) return report.taskKind === 'classification';
  const evaluation = report.metrics.findLast((record) => record.kind === 'evaluation');
  const scores = [report.run.test, report.run.validation, evaluation?.test, evaluation?.validation];
  return !scores.some((score) => score?.errors === 0 && (score.error ?? 0) > 0);
}

/** Returns the unit of the horizontal axis: epochs, or steps if no run completed an epoch. */
export function horizontalOf(runs: readonly RunReport[]): 'epoch' | 'step' {
  return runs.some((report) => report.metrics.some((record) => record.epoch >= 1)) ? 'epoch' : 'step';
}

/** The parts of a data set that are scored. */
export type Split = 'train' | 'validation' | 'test';

/** Returns the records that training curves use: progress records if there are too few evaluations for a curve. */
export function trainingRecordsOf(runs: readonly RunReport[]): 'progress' | 'evaluation' {
  const most = (kind: MetricsRecord['kind']) =>
    Math.max(0, ...runs.map((report) => report.metrics.filter((record) => record.kind === kind).length));
  return most('evaluation') < 3 && most('progress') > most('evaluation') ? 'progress' : 'evaluation';
}

/** Returns the error or loss of a run on a split. */
export function scoreTrace(
  report: RunReport,
  split: Split,
  quantity: 'error' | 'loss',
  horizontal: 'epoch' | 'step',
  training: 'progress' | 'evaluation',
): Trace {
  const points: Point[] = [];
  for (const record of report.metrics) {
    const score = scoreOf(record, split, training);
    if (score) points.push({ x: record[horizontal], y: finite(score[quantity]) });
  }
  return { seed: report.run.seed, points };
}

function scoreOf(
  record: MetricsRecord,
  split: Split,
  training: 'progress' | 'evaluation',
): Score | undefined {
  if (record.kind === 'probe') return undefined;
  if (split === 'train') return record.kind === training ? record.train : undefined;
  return record.kind === 'evaluation' ? record[split] : undefined;
}

/** Returns the error of the readout of a run on its test examples, or on those for validation. */
export function readoutTrace(report: RunReport, horizontal: 'epoch' | 'step'): Trace {
  const points = report.metrics.flatMap((record) => {
    const scores = record.kind === 'evaluation' ? record.readout : undefined;
    const score = scores?.test ?? scores?.validation;
    return score ? [{ x: record[horizontal], y: finite(score.error) }] : [];
  });
  return { seed: report.run.seed, points };
}

/** Returns a measure of alignment of a projection, from the probe records of a run. */
export function alignmentTrace(
  report: RunReport,
  projection: string,
  field: Exclude<keyof Alignment, 'reason'>,
  horizontal: 'epoch' | 'step',
): Trace {
  const points: Point[] = [];
  for (const record of report.metrics) {
    if (record.kind !== 'probe') continue;
    const alignment = ownValue(record.projections, projection);
    if (alignment) points.push({ x: record[horizontal], y: finite(alignment[field]) });
  }
  return { seed: report.run.seed, points };
}

/** Returns every projection that a run probed, in the order of occurrence. */
export function projectionsOf(runs: readonly RunReport[]): string[] {
  const names = new Set<string>();
  for (const report of runs) {
    for (const record of report.metrics) {
      if (record.kind === 'probe') Object.keys(record.projections).forEach((name) => names.add(name));
    }
  }
  return [...names];
}

/** Returns the last probe of a run. */
export function lastProbe(report: RunReport): Readonly<Record<string, Alignment>> {
  return report.metrics.findLast((record) => record.kind === 'probe')?.projections ?? {};
}

/**
 * Returns the series of the traces that have a finite point; undefined if none has. The mean covers only points for which
 * every run has a value, because beyond the failure of a run it would be a mean over survivors.
 */
export function seriesOf(name: string, index: number, traces: readonly Trace[]): Series | undefined {
  const drawn = traces.filter((trace) => trace.points.some((point) => Number.isFinite(point.y)));
  if (drawn.length === 0) return undefined;
  return {
    name,
    index,
    traces: drawn.map(thinned),
    mean: thinned({ seed: 0, points: meanOf(traces) }).points,
  };
}

function meanOf(traces: readonly Trace[]): Point[] {
  const sums = new Map<number, { total: number; seen: number }>();
  for (const trace of traces) {
    for (const { x, y } of trace.points) {
      const sum = sums.get(x) ?? { total: 0, seen: 0 };
      sums.set(x, { total: sum.total + y, seen: sum.seen + 1 });
    }
  }
  return [...sums]
    .filter(([, sum]) => sum.seen === traces.length)
    .map(([x, sum]) => ({ x, y: sum.total / sum.seen }))
    .sort((a, b) => a.x - b.x);
}

/** Thins a trace to at most 400 points, because more points than pixels only enlarge the file. Keeps both ends. */
function thinned(trace: Trace): Trace {
  const most = 400;
  const { points } = trace;
  if (points.length <= most) return trace;
  const kept = Array.from(
    { length: most },
    (_, index) => points[Math.round((index * (points.length - 1)) / (most - 1))],
  );
  return { seed: trace.seed, points: kept.filter((point) => point !== undefined) };
}

/** Returns the note of a caption on the lines of seeds; '' if every rule has a single run. */
export function seedsNote(groups: readonly RuleGroup[]): string {
  return groups.some((group) => group.runs.length > 1)
    ? ' Thin lines: single seeds. Bold lines: the mean over seeds, as far as every seed has values.'
    : '';
}

/** Returns a number if it is finite, else NaN. */
export function finite(value: number | null | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
}

function ownValue<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
