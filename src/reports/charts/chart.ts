import * as Plot from '@observablehq/plot';
import { DOMParser } from 'linkedom';
import { degrees, estimatedWidth, number, shortened } from './format.ts';
import { escape, printable } from '../markup.ts';
import type { Point, Series } from './series.ts';
import { FONT_STACK, seriesStyle, type Theme } from './theme.ts';

/** A chart: one pair of axes with its lines. */
export interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
  readonly horizontal: HorizontalAxis;
  readonly vertical: VerticalAxis;
  readonly size: readonly [width: number, height: number];
  /** Dots for a scatter plot. Default: lines. */
  readonly marks?: 'dots';
}

/** A horizontal axis; charts to be compared share it. */
export interface HorizontalAxis {
  /** Also the label of the axis. */
  readonly unit:
    | 'epoch'
    | 'step'
    | 'epochs of the budget'
    | 'example passes'
    | 'seconds of training'
    | 'distance along the gradient'
    | 'negative gradient −∂L/∂a'
    | 'updates'
    | 'value';
  readonly domain: readonly [number, number];
}

/** A vertical axis; charts to be compared share it. */
export interface VerticalAxis {
  readonly type: 'linear' | 'log';
  readonly domain: readonly [number, number];
  readonly unit: 'percent' | 'degrees' | 'plain';
  readonly ticks: readonly number[];
  /** Value of a dashed reference line, such as 90°. */
  readonly reference?: number;
}

/** Number of points per line above which markers would hide the lines. */
const MOST_MARKERS = 12;

/** Upper bound on the width of a letter of a title in pixels, because SVG does not truncate text. */
const TITLE_LETTER = 8.5;

/** Draws a chart as an SVG element with its title; it takes only colours from the surrounding page. */
export function drawChart(chart: Chart, theme: Theme): string {
  const drawing = Plot.plot({
    ...plotOf(chart),
    x: { domain: [...chart.horizontal.domain], nice: false },
    marks: [
      ...axes(chart, theme),
      ...chart.series.flatMap((series) =>
        (chart.marks === 'dots' ? scatterMarks : lineMarks)(series, chart, theme),
      ),
    ],
  });
  const name = `${chart.title}: ${chart.series.map((series) => series.name).join(', ')}`;
  return framed(drawing, chart, name, theme);
}

/** Wraps a drawing of Plot in an SVG element with a title; screen readers read `name`. */
export function framed(
  drawing: Element,
  { title, size: [width, height] }: Pick<Chart, 'title' | 'size'>,
  name: string,
  theme: Theme,
): string {
  drawing.querySelectorAll('style').forEach((style) => style.remove());
  return [
    `<svg class="chart" role="img" aria-label="${escape(name)}" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" font-family="${FONT_STACK}" font-size="11.5" text-anchor="middle"`,
    ` fill="${theme.text}" color="${theme.text}"><title>${escape(name)}</title>`,
    `<text x="2" y="15" text-anchor="start" font-size="13" font-weight="600">${escape(shortened(title, Math.floor((width - 8) / TITLE_LETTER)))}</text>`,
    `${drawing.innerHTML}</svg>`,
  ].join('');
}

/** Returns the common options of Plot: document, size, margins and vertical scale. */
export function plotOf({
  size: [width, height],
  vertical,
}: Pick<Chart, 'size' | 'vertical'>): Plot.PlotOptions {
  return {
    document: emptyDocument(),
    className: 'plot',
    width,
    height,
    marginTop: 34,
    marginRight: 14,
    marginBottom: 38,
    marginLeft: Math.max(
      48,
      ...vertical.ticks.map((tick) => 14 + estimatedWidth(tickLabel(tick, vertical.unit), 11.5)),
    ),
    y: { type: vertical.type, domain: [...vertical.domain], nice: false },
  };
}

/** Returns the horizontal grid lines with their tick labels. */
export function verticalMarks({ ticks, unit }: VerticalAxis, theme: Theme): Plot.Markish[] {
  return [
    Plot.gridY([...ticks], { stroke: theme.grid, strokeOpacity: 1 }),
    Plot.axisY([...ticks], {
      ...quietAxis(theme),
      label: null,
      tickPadding: 7,
      text: (value: number) => tickLabel(value, unit),
    }),
  ];
}

/** Returns the style of axes without tick marks, in a muted colour. */
export const quietAxis = (theme: Theme) => ({ tickSize: 0, color: theme.muted });

/** Returns a document in which Plot draws outside a browser. */
function emptyDocument(): Document {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"/>';
  return new DOMParser().parseFromString(svg, 'image/svg+xml') as unknown as Document;
}

function axes(chart: Chart, theme: Theme): Plot.Markish[] {
  const { vertical } = chart;
  return [
    ...verticalMarks(vertical, theme),
    Plot.axisX(horizontalTicks(chart), {
      ...quietAxis(theme),
      label: chart.horizontal.unit,
      labelAnchor: 'center',
      labelArrow: 'none',
      tickPadding: 8,
      text: (value: number) => (value >= 1e6 ? `${number(value / 1e6)} M` : number(value)),
    }),
    Plot.ruleY([vertical.domain[0]], { stroke: theme.muted, strokeWidth: 1 }),
    vertical.reference === undefined
      ? null
      : Plot.ruleY([vertical.reference], { stroke: theme.muted, strokeWidth: 1.2, strokeDasharray: '5 4' }),
  ];
}

/** Returns small translucent dots, so that many can overlap. */
function scatterMarks({ name, index, traces }: Series, _: Chart, theme: Theme): Plot.Markish[] {
  const { colour } = seriesStyle(theme, index);
  return traces.map(({ points }) =>
    Plot.dot(points, {
      x: 'x',
      y: 'y',
      r: 1.8,
      fill: colour,
      fillOpacity: 0.45,
      ariaLabel: () => printable(name),
    }),
  );
}

function lineMarks(series: Series, chart: Chart, theme: Theme): Plot.Markish[] {
  const { colour, dash, symbol } = seriesStyle(theme, series.index);
  const position = { x: 'x', y: 'y' } as const;
  const isSingle = series.traces.length === 1;
  const seeds = isSingle
    ? []
    : series.traces.flatMap((trace) => {
        const title = () => printable(`${series.name}, seed ${trace.seed}`);
        const faint = {
          ...position,
          title,
          ariaLabel: title,
          stroke: colour,
          strokeOpacity: 0.38,
          strokeWidth: 1.1,
        };
        const dots = trace.points.length === 1 ? Plot.dot(trace.points, { ...faint, r: 2 }) : null;
        return [Plot.line(trace.points, { ...faint, strokeDasharray: dash }), dots];
      });
  const bold = isSingle ? (series.traces[0]?.points ?? []) : series.mean;
  const hasMarkers = chart.series.every(({ traces }) =>
    traces.every((trace) => trace.points.length <= MOST_MARKERS),
  );
  const name = printable(`${series.name}, ${isSingle ? `seed ${series.traces[0]?.seed ?? ''}` : 'mean'}`);
  return [
    ...seeds,
    Plot.line(bold, {
      ...position,
      title: () => name,
      ariaLabel: () => name,
      stroke: colour,
      strokeWidth: 2.3,
      strokeDasharray: dash,
    }),
    !hasMarkers
      ? null
      : Plot.dot(bold, {
          ...position,
          symbol,
          r: 3.3,
          fill: colour,
          stroke: theme.background,
          title: (point: Point) =>
            `${name}: ${tickLabel(point.y, chart.vertical.unit)} at ${chart.horizontal.unit} ${number(point.x)}`,
        }),
  ];
}

/**
 * Returns a linear axis from `from` (or the smallest value). If `logarithmic` is set, all values are positive and they
 * span a factor of at least 6, returns a logarithmic axis instead.
 */
export function verticalAxis(
  series: readonly Series[],
  unit: VerticalAxis['unit'],
  choice: { readonly from?: number; readonly reference?: number; readonly logarithmic?: boolean } = {},
): VerticalAxis {
  const values = series
    .flatMap(({ traces, mean }) => [...traces.map((trace) => trace.points), mean].flat())
    .map((point) => point.y)
    .filter(Number.isFinite);
  const reference = choice.reference === undefined ? {} : { reference: choice.reference };
  const low = values.reduce((least, value) => Math.min(least, value), values[0] ?? 0);
  const high = values.reduce((most, value) => Math.max(most, value), choice.reference ?? values[0] ?? 1);
  if (choice.logarithmic && low > 0 && high / low >= 6) {
    const domain = [low / 1.15, high * 1.15] as const;
    return { type: 'log', domain, unit, ticks: logarithmicTicks(...domain), ...reference };
  }
  const start = Math.min(choice.from ?? low, low);
  const room = (high - start || Math.abs(high) || 1) * 0.06;
  const domain = [
    start < (choice.from ?? Number.POSITIVE_INFINITY) ? start - room : start,
    high + room,
  ] as const;
  return { type: 'linear', domain, unit, ticks: linearTicks(...domain, unit), ...reference };
}

/** Returns an axis that covers all points, with a little room for markers. */
export function horizontalAxis(series: readonly Series[], unit: HorizontalAxis['unit']): HorizontalAxis {
  const xs = series.flatMap(({ traces }) => traces.flatMap(({ points }) => points.map((point) => point.x)));
  const low = xs.reduce((least, x) => Math.min(least, x), xs[0] ?? 0);
  const high = xs.reduce((most, x) => Math.max(most, x), xs[0] ?? 1);
  const room = low === high ? 0.5 : (high - low) * 0.02;
  return { unit, domain: [low - room, high + room] };
}

/** Returns round ticks within a range. */
export function linearTicks(low: number, high: number, unit: VerticalAxis['unit']): number[] {
  if (unit === 'degrees' && high - low > 45) return multiples(low, high, 30);
  return multiples(low, high, niceStep((high - low) / 5));
}

function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** Returns ticks at 1, 2 and 5 times the powers of ten, or only at the powers if these are many. */
export function logarithmicTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, index) => first + index);
  const factors = powers.length > 5 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(12))))
    .filter((tick) => tick >= low && tick <= high);
}

const CONTINUOUS: ReadonlySet<HorizontalAxis['unit']> = new Set([
  'distance along the gradient',
  'negative gradient −∂L/∂a',
  'value',
]);

/** Returns the ticks of the horizontal axis: whole steps, and fractions of epochs only if the range is short. */
function horizontalTicks(chart: Chart): number[] {
  const { unit, domain } = chart.horizontal;
  const span = domain[1] - domain[0];
  const isWhole = unit !== 'epoch' && !CONTINUOUS.has(unit);
  const least = isWhole || (unit === 'epoch' && span >= 2.5) ? 1 : 0;
  return multiples(...domain, Math.max(least, niceStep(span / (chart.size[0] / 75))));
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
}

/** Formats a value of the vertical axis. */
export function tickLabel(value: number, unit: VerticalAxis['unit']): string {
  if (unit === 'degrees') return Number.isInteger(value) ? `${number(value)}°` : degrees(value);
  return unit === 'percent' ? `${number(value * 100, 3)} %` : number(value, 3);
}
