import { horizontalAxis, verticalAxis, type Chart } from './chart.ts';
import type { Figure } from './figure.ts';
import type { RunReport } from '../../runs/report-inputs.ts';
import { finite, groupByRule, horizontalOf, seriesOf, type RuleGroup, type Trace } from './series.ts';

/** What is drawn of runs that act: a metric of their progress or of their evaluations. */
const PANELS = [
  { metric: 'return', kind: 'evaluation', word: 'Evaluation', colour: 0 },
  { metric: 'return', kind: 'progress', word: 'Training', colour: 1 },
] as const;

const SIZE = [440, 270] as const;

/** Return against epochs: for one rule fresh and training episodes in colour, for several a panel each. */
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
          title: 'Return of an episode',
          series: PANELS.map((panel) => seriesOf(panel.word, panel.colour, traces(group, panel))),
        }))
      : PANELS.map((panel) => ({
          title: `${panel.word} return`,
          series: groups.map((group, index) => seriesOf(group.title, index, traces(group, panel))),
        }));
  const drawn = panels
    .map(({ title, series }) => ({ title, series: series.filter((one) => one !== undefined) }))
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
  const lines = groups.some((group) => group.runs.length > 1)
    ? ' Thin lines: one seed each. Bold: the mean, as far as every seed of the rule reached.'
    : '';
  return {
    id: 'curves',
    title: 'Learning curves',
    caption:
      'Mean return of the fresh episodes of each evaluation, and of the training episodes that ended since the point ' +
      `before, in which actions are drawn.${solvedAt === undefined ? '' : ' Dashed: where the task counts as solved.'}${lines}`,
    charts,
    columns: Math.min(2, charts.length),
  };
}
