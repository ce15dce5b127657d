import { horizontalAxis, verticalAxis, type Chart } from './chart.ts';
import type { Figure } from './figure.ts';
import { capitalised, words } from './format.ts';
import type { RunReport } from '../../runs/report-inputs.ts';
import {
  finite,
  groupByRule,
  horizontalOf,
  seedsNote,
  seriesOf,
  type RuleGroup,
  type Trace,
} from './series.ts';

/** The metrics to draw for control tasks, from progress or evaluation records. */
const PANELS = [
  { metric: 'return', kind: 'evaluation', word: 'Evaluation', colour: 0 },
  { metric: 'return', kind: 'progress', word: 'Training', colour: 1 },
] as const;

const SIZE = [440, 270] as const;

/**
 * Returns the figure of return against epochs; undefined without returns. For one rule, evaluation and training share a
 * panel; for several rules, each has a panel.
 */
export function metricCurves(runs: readonly RunReport[]): Figure | undefined {
  const groups = groupByRule(runs);
  const unitOfTime = horizontalOf(runs);
  const traces = (group: RuleGroup, { metric, kind }: (typeof PANELS)[number]): Trace[] =>
    group.runs.map(({ run, metrics }) => ({
      seed: run.seed,
      points: metrics.flatMap((record) =>
        record.kind === kind && record.metrics?.[metric] !== undefined
          ? [{ x: record[unitOfTime], y: finite(record.metrics[metric]) }]
          : [],
      ),
    }));
  const panels =
    groups.length === 1
      ? groups.map((group) => ({
          title: 'Return per episode',
          series: PANELS.map((panel) => seriesOf(panel.word, panel.colour, traces(group, panel))),
        }))
      : PANELS.map((panel) => ({
          title: `${panel.word} return`,
          series: groups.map((group, index) => seriesOf(group.title, index, traces(group, panel))),
        }));
  const drawn = panels
    .map(({ title, series }) => ({ title, series: series.filter((line) => line !== undefined) }))
    .filter(({ series }) => series.length > 0);
  if (drawn.length === 0) return undefined;
  const all = drawn.flatMap(({ series }) => series);
  const solvedAt = runs.find((run) => run.solvedAt !== undefined)?.solvedAt;
  const axes = {
    horizontal: horizontalAxis(all, unitOfTime),
    vertical: verticalAxis(all, 'plain', solvedAt === undefined ? {} : { from: 0, reference: solvedAt }),
    size: SIZE,
  };
  const charts: Chart[] = drawn.map((panel) => ({ ...panel, ...axes }));
  const dashed = solvedAt === undefined ? '' : ' Dashed line: the return at which the task counts as solved.';
  return {
    id: 'curves',
    title: 'Learning curves',
    caption:
      'Evaluation: mean return over new episodes. Training: mean return over the episodes that ended since the previous ' +
      `point, with sampled actions.${dashed}${seedsNote(groups)}`,
    charts,
    columns: Math.min(2, charts.length),
  };
}

/** Returns the figure of the metrics that rules report on held-out examples; undefined without any. */
export function ownMetricCurves(runs: readonly RunReport[]): Figure | undefined {
  const groups = groupByRule(runs);
  const unitOfTime = horizontalOf(runs);
  const evaluations = runs.flatMap(({ metrics }) => metrics.filter(({ kind }) => kind === 'evaluation'));
  const names = new Set(
    evaluations.flatMap((record) => ('metrics' in record ? Object.keys(record.metrics ?? {}) : [])),
  );
  const charts = [...names].flatMap((name): Chart[] => {
    const series = groups.flatMap((group, index) => {
      const traces = group.runs.map(({ run, metrics }): Trace => ({
        seed: run.seed,
        points: metrics.flatMap((record) =>
          record.kind === 'evaluation' && record.metrics?.[name] !== undefined
            ? [{ x: record[unitOfTime], y: finite(record.metrics[name]) }]
            : [],
        ),
      }));
      return seriesOf(group.title, index, traces) ?? [];
    });
    if (series.length === 0) return [];
    const horizontal = horizontalAxis(series, unitOfTime);
    const vertical = verticalAxis(series, 'plain', {});
    return [{ title: capitalised(words(name)), series, horizontal, vertical, size: SIZE }];
  });
  if (charts.length === 0) return undefined;
  return {
    id: 'curves',
    title: 'Learning curves',
    caption: `Metrics that the rule reports, at the end of each epoch.${seedsNote(groups)}`,
    charts,
    columns: Math.min(2, charts.length),
  };
}
