import type { RunReport } from '../../runs/report-inputs.ts';
import { horizontalAxis, verticalAxis } from './chart.ts';
import type { Figure } from './figure.ts';
import { errorsAreRates, groupByRule, horizontalOf, readoutTrace, seedsNote, seriesOf } from './series.ts';

/** Returns the figure of the readout's error against epochs; undefined without a readout. */
export function readoutCurves(runs: readonly RunReport[]): Figure | undefined {
  const groups = groupByRule(runs);
  const unitOfTime = horizontalOf(runs);
  const series = groups.flatMap((group, index) => {
    const traces = group.runs.map((run) => readoutTrace(run, unitOfTime));
    return seriesOf(group.title, index, traces) ?? [];
  });
  if (series.length === 0) return undefined;
  const unit = runs.every(errorsAreRates) ? 'percent' : 'plain';
  return {
    id: 'readout',
    title: 'Error of the readout',
    caption:
      'Error on held-out examples of a readout that learns the targets from the activity of the network. It learns apart ' +
      `and sends nothing to the network, so it is not the network's own error.${seedsNote(groups)}`,
    charts: [
      {
        title: unit === 'percent' ? 'Readout error' : 'Normalised readout error',
        series,
        horizontal: horizontalAxis(series, unitOfTime),
        vertical: verticalAxis(series, unit, { from: 0, logarithmic: true }),
        size: [440, 270],
      },
    ],
    columns: 1,
  };
}
