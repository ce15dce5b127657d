import { horizontalAxis, verticalAxis, type Chart } from './chart.ts';
import type { Figure } from './figure.ts';
import type { RunReport } from '../../runs/report-inputs.ts';
import { finite, groupByRule, horizontalOf, seedsNote, seriesOf, type RuleGroup, type Trace } from './series.ts';

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
