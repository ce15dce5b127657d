import * as Plot from '@observablehq/plot';
import type { TrialDocument } from '../../search/document.ts';
import type { Dimension } from '../../search/space.ts';
import { plotOf, quietAxis, verticalMarks, framed, linearTicks, logarithmicTicks, tickLabel, verticalAxis, type VerticalAxis } from './chart.ts';
import { number } from './format.ts';
import { printable } from '../markup.ts';
import type { Series } from './series.ts';
import { seriesStyle, type Theme } from './theme.ts';

/** The trials of a rule in a chart. */
export interface Trials {
  readonly name: string;
  /** Selects the colour and the symbol. */
  readonly index: number;
  readonly trials: readonly TrialDocument[];
}

/** A chart of validation error against one searched parameter. */
export interface ScatterChart {
  readonly dimension: Dimension;
  readonly rules: readonly Trials[];
  readonly vertical: VerticalAxis;
  readonly size: readonly [width: number, height: number];
}

interface Dot {
  readonly x: number | string;
  readonly y: number;
  readonly trial: TrialDocument;
}

/**
 * Draws validation error against a parameter. Finished trials are filled, trials stopped at a rung are hollow, and trials
 * without a score are crosses on the upper edge.
 */
export function drawScatter(chart: ScatterChart, theme: Theme): string {
  const { dimension, rules, vertical, size } = chart;
  const horizontal = horizontalOf(dimension);
  const drawing = Plot.plot({
    ...plotOf(chart),
    x: horizontal.scale,
    marks: [
      ...verticalMarks(vertical, theme),
      Plot.axisX(horizontal.ticks, {
        ...quietAxis(theme),
        label: null,
        tickPadding: 8,
        text: (value: number | string) => (typeof value === 'number' ? number(value) : value),
      }),
      Plot.ruleY([vertical.domain[0]], { stroke: theme.muted, strokeWidth: 1 }),
      ...rules.flatMap((group) => dots(group, chart, theme)),
    ],
  });
  const title = `${dimension.rule === undefined ? '' : `${dimension.rule}: `}${dimension.path}`;
  const name = `Validation error against ${title}: ${rules.map((group) => group.name).join(', ')}`;
  return framed(drawing, { title, size }, name, theme);
}

/** Returns a vertical axis for the errors of all trials, which the charts share. */
export function errorAxis(rules: readonly Trials[], unit: VerticalAxis['unit']): VerticalAxis {
  const series = rules.map(({ name, index, trials }): Series => {
    const points = trials.flatMap(({ error }) => (error === null ? [] : [{ x: 0, y: error }]));
    return { name, index, traces: [{ seed: 0, points }], mean: [] };
  });
  return verticalAxis(series, unit, { from: 0, logarithmic: true });
}

function horizontalOf({ range }: Dimension): { scale: Plot.ScaleOptions; ticks: (number | string)[] } {
  if (range.kind === 'choice') {
    const domain = range.values.map(labelOf);
    return { scale: { type: 'point', domain, padding: 0.5 }, ticks: domain };
  }
  const { kind, from, to } = range;
  if (kind === 'log') {
    return {
      scale: { type: 'log', domain: [from, to], nice: false, insetLeft: 8, insetRight: 8 },
      ticks: wholePowers(logarithmicTicks(from, to)),
    };
  }
  return {
    scale: { type: 'linear', domain: [from, to], nice: false, insetLeft: 8, insetRight: 8 },
    ticks: linearTicks(from, to, 'plain'),
  };
}

/** Reduces many ticks to those at powers of ten. */
function wholePowers(ticks: number[]): number[] {
  const powers = ticks.filter((tick) => Number.isInteger(Number(Math.log10(tick).toFixed(9))));
  return ticks.length > 7 && powers.length > 1 ? powers : ticks;
}

function dots(group: Trials, { dimension, vertical }: ScatterChart, theme: Theme): Plot.Markish[] {
  const { colour, symbol } = seriesStyle(theme, group.index);
  const { path, range } = dimension;
  const all = group.trials.flatMap((trial): Dot[] => {
    const value = trial.point[path];
    if (value === undefined) return [];
    const x = range.kind === 'choice' ? labelOf(value) : (value as number);
    // A trial that diverged has no error and lies on the upper edge.
    return [{ x, y: trial.error ?? vertical.domain[1], trial }];
  });
  const title = ({ trial, y }: Dot) =>
    printable(
      `${group.name}, trial ${trial.trial}: ${trial.error === null ? trial.status : tickLabel(y, vertical.unit)} after ${trial.epochs} epochs at ${labelOf(trial.point[path])}`,
    );
  const style = { x: 'x', y: 'y', title, ariaLabel: title } as const;
  const failed = all.filter(({ trial }) => trial.error === null && trial.rung !== null);
  const stopped = all.filter(({ trial }) => trial.error !== null && trial.status !== 'finished');
  const finished = all.filter(({ trial }) => trial.error !== null && trial.status === 'finished');
  return [
    Plot.dot(failed, { ...style, symbol: 'times', r: 3.6, stroke: colour, strokeWidth: 1.6 }),
    Plot.dot(stopped, { ...style, symbol, r: 3, stroke: colour, strokeOpacity: 0.75, strokeWidth: 1.2 }),
    Plot.dot(finished, { ...style, symbol, r: 4, fill: colour, stroke: theme.background }),
  ];
}

/** Formats the value of a parameter. */
export const labelOf = (value: unknown): string =>
  typeof value === 'number' ? number(value) : typeof value === 'string' ? value : JSON.stringify(value);

/** Returns the best error so far against the epochs spent, by rung and then by trial, whatever the order of the workers. */
export function bestSoFar({ name, index, trials }: Trials, rungs: number): Series | undefined {
  const points: { x: number; y: number }[] = [];
  let spent = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let rung = 0; rung < rungs; rung++) {
    for (const trial of trials) {
      if (trial.rung === null || trial.rung < rung) continue;
      const scores = trial.seeds.map((seed) => seed.rungs[rung]);
      spent += trial.seeds.reduce((sum, seed) => {
        const before = rung === 0 ? 0 : (seed.rungs[rung - 1]?.epochs ?? 0);
        return sum + (seed.rungs[rung]?.epochs ?? 0) - before;
      }, 0);
      const error =
        scores.reduce((sum, score) => sum + (score?.error ?? Number.POSITIVE_INFINITY), 0) / scores.length;
      if (error < best) {
        if (points.length > 0) points.push({ x: spent, y: best });
        best = error;
        points.push({ x: spent, y: best });
      }
    }
  }
  if (points.length === 0) return undefined;
  points.push({ x: spent, y: best });
  return { name, index, traces: [{ seed: 0, points }], mean: [] };
}
