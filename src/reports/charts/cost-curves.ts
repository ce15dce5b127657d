import { horizontalAxis, verticalAxis, type Chart, type HorizontalAxis } from './chart.ts';
import type { Figure } from './figure.ts';
import type { RunReport } from '../../runs/report-inputs.ts';
import { errorsAreRates, finite, groupByRule, seriesOf, type Trace } from './series.ts';

const SIZE = [440, 270] as const;

/** Measures of cost, because an epoch costs some rules more than others: passes through the network, and time. */
const COSTS = [
  { unit: 'example passes', of: (record: Evaluation) => record.passes },
  { unit: 'seconds of training', of: (record: Evaluation) => record.trainedSeconds },
] as const satisfies readonly {
  unit: HorizontalAxis['unit'];
  of: (record: Evaluation) => number | undefined;
}[];

type Evaluation = Extract<RunReport['metrics'][number], { kind: 'evaluation' }>;

/** Returns the figure of held-out error against cost; undefined for a single rule or without held-out examples. */
export function costCurves(runs: readonly RunReport[]): Figure | undefined {
  const groups = groupByRule(runs);
  if (groups.length < 2) return undefined;
  const evaluations = runs.flatMap(({ metrics }) => metrics.filter((record) => record.kind === 'evaluation'));
  const split = (['test', 'validation'] as const).find((name) => evaluations.some((record) => record[name]));
  if (!split) return undefined;
  const areRates = runs.every(errorsAreRates);
  const panels = COSTS.map(({ unit, of }) => {
    const traceOf = ({ run, metrics }: RunReport): Trace => ({
      seed: run.seed,
      points: metrics.flatMap((record) => {
        if (record.kind !== 'evaluation') return [];
        const [x, score] = [of(record), record[split]];
        return x === undefined || !score ? [] : [{ x, y: finite(score.error) }];
      }),
    });
    const series = groups
      .map((group, index) => seriesOf(group.title, index, group.runs.map(traceOf)))
      .filter((line) => line !== undefined);
    return { unit, series };
  }).filter(({ series }) => series.length > 0);
  if (panels.length === 0) return undefined;
  const vertical = verticalAxis(
    panels.flatMap(({ series }) => series),
    areRates ? 'percent' : 'plain',
    { from: 0, logarithmic: true },
  );
  const word = `${split === 'test' ? 'Test' : 'Validation'} ${areRates ? 'error' : 'normalised error'}`;
  const charts: Chart[] = panels.map(({ unit, series }) => ({
    title: `${word} against ${unit}`,
    series,
    horizontal: horizontalAxis(series, unit),
    vertical,
    size: SIZE,
  }));
  return {
    id: 'cost',
    title: 'Cost of learning',
    caption:
      'Error at the end of each epoch against the cost of training so far: the number of examples sent through the network ' +
      '(a rule that measures many perturbations sends each example many times), and the training time on this machine.',
    charts,
    columns: charts.length,
  };
}
