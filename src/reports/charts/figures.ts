import { drawChart, horizontalAxis, verticalAxis } from './chart.ts';
import type { Figure } from './figure.ts';
import { estimatedWidth } from './format.ts';
import type { ComparisonReport, RunReport } from '../../runs/report-inputs.ts';
import { escape, html, trusted, type Markup } from '../markup.ts';
import {
  alignmentTrace,
  errorsAreRates,
  groupByRule,
  horizontalOf,
  projectionsOf,
  scoreTrace,
  seedsNote,
  seriesOf,
  trainingRecordsOf,
  type RuleGroup,
  type Series,
  type Split,
} from './series.ts';
import { costCurves } from './cost-curves.ts';
import { metricCurves, ownMetricCurves } from './metric-curves.ts';
import { readoutCurves } from './readout-curves.ts';
import { FONT_STACK, PAPER, PAGE, seriesStyle, type Theme } from './theme.ts';

/** Returns every figure of curves that the records allow, in the order of a report. */
export function figuresOf(report: RunReport | ComparisonReport): Figure[] {
  const runs = 'runs' in report ? report.runs : [report];
  return [
    learningCurves(runs) ?? metricCurves(runs) ?? ownMetricCurves(runs),
    readoutCurves(runs),
    costCurves(runs),
    gradientAngles(runs),
    feedbackAngles(runs),
  ].filter((figure) => figure !== undefined);
}

/**
 * Returns the figure of error and loss against epochs; undefined without scores. For one rule, colours show the splits;
 * for several rules, each split has a panel and colours show the rules.
 */
export function learningCurves(runs: readonly RunReport[]): Figure | undefined {
  const groups = groupByRule(runs);
  const unitOfTime = horizontalOf(runs);
  const training = trainingRecordsOf(runs);
  const areRates = runs.every(errorsAreRates);
  const rows = (['error', 'loss'] as const).map((quantity) => {
    const unit = quantity === 'error' && areRates ? 'percent' : 'plain';
    const name = quantity === 'error' && !areRates ? 'normalised error' : quantity;
    const trace = (group: RuleGroup, split: Split) =>
      group.runs.map((run) => scoreTrace(run, split, quantity, unitOfTime, training));
    const panels =
      groups.length === 1
        ? groups.map((group) => ({
            title: name.slice(0, 1).toUpperCase() + name.slice(1),
            series: present(SPLITS.map(({ id, word, colour }) => seriesOf(word, colour, trace(group, id)))),
          }))
        : SPLITS.map(({ id, word }) => ({
            title: `${word} ${name}`,
            series: present(groups.map((group, index) => seriesOf(group.title, index, trace(group, id)))),
          }));
    return { unit, panels: panels.filter((panel) => panel.series.length > 0) } as const;
  });
  const horizontal = horizontalAxis(
    rows.flatMap((row) => row.panels.flatMap((panel) => panel.series)),
    unitOfTime,
  );
  const charts = rows.flatMap(({ unit, panels }) => {
    const series = panels.flatMap((panel) => panel.series);
    const vertical = verticalAxis(series, unit, { from: 0, logarithmic: true });
    const size = panels.length === 3 ? NARROW : WIDE;
    return panels.map((panel) => ({ ...panel, horizontal, vertical, size }));
  });
  if (charts.length === 0) return undefined;
  const axes = charts.some((chart) => chart.vertical.type === 'log')
    ? ' Axes with unevenly spaced ticks are logarithmic.'
    : '';
  return {
    id: 'curves',
    title: 'Learning curves',
    caption:
      `Training scores are averages over the examples ${training === 'evaluation' ? 'of an epoch' : 'since the previous point'}, ` +
      'measured during training, so they lag behind the held-out scores, which are measured at the end of an epoch.' +
      `${seedsNote(groups)}${axes}`,
    charts,
    columns: charts.length === 6 ? 3 : Math.min(2, charts.length),
  };
}

/** Returns the figure of angles between updates and the exact gradient, with one panel per projection. */
export function gradientAngles(runs: readonly RunReport[]): Figure | undefined {
  return angles(runs, 'angle', {
    id: 'angles',
    title: 'Angle to the exact gradient',
    caption:
      'Angle between the update of the rule and the exact gradient on a fixed probe batch, for each projection. ' +
      'Below 90° (dashed) a small step reduces the loss; 0° is the direction of the gradient.',
  });
}

/** Returns the figure of angles between feedback weights and transposed forward weights, one panel per projection. */
export function feedbackAngles(runs: readonly RunReport[]): Figure | undefined {
  return angles(runs, 'feedbackAngle', {
    id: 'feedback',
    title: 'Angle of the feedback weights',
    caption:
      'Angle between the feedback weights and the transpose of the forward weights that they answer. ' +
      'Random weights start near 90° (dashed); 0° is the exact transpose.',
  });
}

/** Renders a figure for a page: it takes its colours from the page and wraps on narrow screens. */
export function figureMarkup(figure: Figure): Markup {
  const legend = legendOf(figure);
  const entries = legend.map(
    ({ name, index }) => html`<li>${trusted(swatch(index, PAGE, 'aria-hidden="true" '))}${name}</li>`,
  );
  return html`<figure class="charts columns-${figure.columns}" id="figure-${figure.id}">
    ${
      entries.length > 0 &&
      html`<ul class="legend" aria-label="Legend">
        ${entries}
      </ul>`
    }
    <div class="grid">${figure.charts.map((chart) => trusted(drawChart(chart, PAGE)))}</div>
    <figcaption>${figure.caption}</figcaption>
  </figure>`;
}

/** Renders a figure as a stand-alone SVG file: black on white, with title and legend. */
export function figureSvg(figure: Figure): string {
  const margin = 16;
  const [chartWidth, chartHeight] = figure.charts[0]?.size ?? WIDE;
  const columns = Math.min(figure.columns, figure.charts.length);
  const gap = 18;
  const width = columns * chartWidth + (columns - 1) * gap + 2 * margin;
  const legend = legendRows(legendOf(figure), width - 2 * margin);
  const top = margin + 30 + legend.height;
  const rows = Math.ceil(figure.charts.length / columns);
  const height = top + rows * chartHeight + (rows - 1) * gap + margin;
  const charts = figure.charts.map((chart, index) => {
    const x = margin + (index % columns) * (chartWidth + gap);
    const y = top + Math.floor(index / columns) * (chartHeight + gap);
    return `<g transform="translate(${x},${y})">${drawChart(chart, PAPER)}</g>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}"` +
    ` viewBox="0 0 ${width} ${height}" font-family="${FONT_STACK}" fill="${PAPER.text}" color="${PAPER.text}">` +
    `<title>${escape(figure.title)}</title><desc>${escape(figure.caption)}</desc>` +
    `<rect width="${width}" height="${height}" fill="${PAPER.background}"/>` +
    `<text x="${margin}" y="${margin + 14}" font-size="16" font-weight="600">${escape(figure.title)}</text>` +
    `<g transform="translate(${margin},${margin + 26})" font-size="12.5">${legend.svg}</g>${charts.join('')}</svg>\n`
  );
}

const WIDE = [440, 270] as const;
const NARROW = [320, 230] as const;

const SPLITS = [
  { id: 'train', word: 'Training', colour: 1 },
  { id: 'validation', word: 'Validation', colour: 2 },
  { id: 'test', word: 'Test', colour: 0 },
] as const satisfies readonly { id: Split; word: string; colour: number }[];

function angles(
  runs: readonly RunReport[],
  field: 'angle' | 'feedbackAngle',
  text: Pick<Figure, 'id' | 'title' | 'caption'>,
): Figure | undefined {
  const groups = groupByRule(runs);
  const unitOfTime = horizontalOf(runs);
  const panels = projectionsOf(runs)
    .map((projection) => ({
      title: projection,
      series: present(
        groups.map((group, index) =>
          seriesOf(
            group.title,
            index,
            group.runs.map((run) => alignmentTrace(run, projection, field, unitOfTime)),
          ),
        ),
      ),
    }))
    .filter((panel) => panel.series.length > 0);
  if (panels.length === 0) return undefined;
  const series = panels.flatMap((panel) => panel.series);
  const horizontal = horizontalAxis(series, unitOfTime);
  const vertical = verticalAxis(series, 'degrees', { from: 0, reference: 90 });
  const many = panels.length === 3 || panels.length > 4;
  return {
    ...text,
    caption: text.caption + seedsNote(groups),
    charts: panels.map((panel) => ({ ...panel, horizontal, vertical, size: many ? NARROW : WIDE })),
    columns: many ? 3 : Math.min(2, panels.length),
  };
}

function present(series: readonly (Series | undefined)[]): Series[] {
  return series.filter((line) => line !== undefined);
}

interface LegendEntry {
  readonly name: string;
  readonly index: number;
}

/** Returns the entries of the legend. A single series needs none, because the page and the titles name it. */
function legendOf(figure: Figure): LegendEntry[] {
  const entries = new Map<string, LegendEntry>();
  for (const series of figure.charts.flatMap((chart) => chart.series)) {
    if (!entries.has(series.name)) entries.set(series.name, { name: series.name, index: series.index });
  }
  return entries.size < 2 && figure.charts.length > 0 && figure.id !== 'curves' ? [] : [...entries.values()];
}

/** Draws a sample of the line with its marker, 34 by 14 pixels. */
export function swatch(index: number, theme: Theme, attributes: string): string {
  const { colour, dash, symbol } = seriesStyle(theme, index);
  const markers = {
    circle: '<circle cx="17" cy="7" r="3.6"/>',
    square: '<rect x="13.8" y="3.8" width="6.4" height="6.4"/>',
    triangle: '<path d="M17 2.6L21.2 10H12.8Z"/>',
    diamond: '<path d="M17 1.8L20.8 7L17 12.2L13.2 7Z"/>',
  };
  return (
    `<svg ${attributes}width="34" height="14" viewBox="0 0 34 14"><path d="M2 7H32" stroke="${colour}"` +
    ` stroke-width="2.3" stroke-dasharray="${dash}" fill="none"/><g fill="${colour}">${markers[symbol]}</g></svg>`
  );
}

/** Arranges legend entries in rows that fit the width. */
function legendRows(entries: readonly LegendEntry[], width: number): { svg: string; height: number } {
  let x = 0;
  let y = 0;
  const parts = entries.map(({ name, index }) => {
    const entryWidth = 42 + estimatedWidth(name, 7) + 18;
    if (x > 0 && x + entryWidth > width) {
      x = 0;
      y += 20;
    }
    const part = `<g transform="translate(${x},${y})">${swatch(index, PAPER, '')}<text x="41" y="11.5">${escape(name)}</text></g>`;
    x += entryWidth;
    return part;
  });
  return { svg: parts.join(''), height: entries.length === 0 ? 0 : y + 26 };
}
