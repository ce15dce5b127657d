import type { Agreement, AreaSignal } from '../analysis/index.ts';
import type { SignalsDocument, SignalsLook } from '../studies/signals.ts';
import { horizontalAxis, verticalAxis, type Chart } from './charts/chart.ts';
import { figureMarkup } from './charts/figures.ts';
import { type Figure } from './charts/figure.ts';
import { number } from './charts/format.ts';
import { html } from './markup.ts';
import { page, section, table } from './page.ts';
import type { Series } from './charts/series.ts';
import { sourcesSection } from './study.ts';

const SIZE = [440, 270] as const;
const SOURCES = ['hinton2007', 'meulemans2020'];

/** Returns the report of teaching signals as one HTML file without scripts and without references to other files. */
export function renderSignalsReport(study: SignalsDocument, apical: string): string {
  const { rule, task, batch, run, seed, backend, varied } = study;
  const title = `Teaching signals of ${rule} on ${task}`;
  const body = html`<header>
      <p class="kind">Apical · Report of teaching signals</p>
      <h1>${title}</h1>
      <p class="lead">
        ${batch} training examples; ${run ? `weights of ${run.folder} at step ${run.step}` : `seed ${seed}`};
        backend ${backend}${varied === null ? '' : `; ${varied} varied`}.
      </p>
    </header>
    ${signalsFigures(study).map((figure) => section(figure.id, figure.title, figureMarkup(figure)))}
    ${section('agreement', 'Agreement with exact directions', numbers(study))}
    ${section('reconstructions', 'Reconstructions', reconstructions(study))} ${sourcesSection(SOURCES)}`;
  return page(title, `Apical ${apical}`, body);
}

/** Returns the figures of the study. */
export const signalsFigures = (study: SignalsDocument): Figure[] =>
  [scatters(study), angles(study)].filter((figure) => figure !== undefined);

const nameOf = ({ varied, looks }: SignalsDocument, { value, updates }: SignalsLook): string =>
  [
    ...(varied === null ? [] : [`${varied.split('.').at(-1) ?? varied} ${value ?? ''}`]),
    ...(new Set(looks.map((look) => look.updates)).size > 1 ? [`${updates} updates`] : []),
  ].join(', ');

/** Draws a panel for each area of the last looks, eight panels at most. */
function scatters(study: SignalsDocument): Figure | undefined {
  const most = 8;
  const charts = study.looks
    .flatMap((look) => look.areas.map((signal) => ({ look, signal })))
    .filter(({ signal }) => signal.points.length > 0)
    .slice(-most)
    .map(({ look, signal }) =>
      scatter([signal.area, nameOf(study, look)].filter(Boolean).join(': '), signal),
    );
  if (charts.length === 0) return undefined;
  return {
    id: 'scatter',
    title: 'Teaching signals and the negative gradient',
    caption:
      'Each point is one unit and one example. Horizontal: the negative gradient of the loss with respect to the potential of the unit, −∂L/∂a. Vertical: the teaching signal that the rule gives to the synapses of the unit. On a straight line through the origin, the two agree up to a factor. The titles show the angle between them over all units and examples.',
    charts,
    columns: Math.min(2, charts.length),
  };
}

function scatter(title: string, { points, gradient }: AreaSignal): Chart {
  const dots: Series = {
    name: 'one unit and one example',
    index: 0,
    traces: [{ seed: 0, points: points.map(([x, y]) => ({ x, y })) }],
    mean: [],
  };
  return {
    title: gradient?.angle == null ? title : `${title}, ${number(gradient.angle, 3)}°`,
    series: [dots],
    marks: 'dots',
    horizontal: horizontalAxis([dots], 'negative gradient −∂L/∂a'),
    vertical: verticalAxis([dots], 'plain'),
    size: SIZE,
  };
}

/** Draws the angles of the areas against the number of updates, or against the varied value if it is a number. */
function angles(study: SignalsDocument): Figure | undefined {
  const { looks, varied } = study;
  const overUpdates = new Set(looks.map(({ updates }) => updates)).size > 1;
  const xOf = ({ updates, value }: SignalsLook) => (overUpdates ? updates : Number(value));
  if (looks.length < 2 || looks.some((look) => !Number.isFinite(xOf(look)))) return undefined;
  const groups = overUpdates ? [...new Set(looks.map(({ value }) => value))] : [null];
  const areas = looks[0]?.areas.map(({ area }) => area) ?? [];
  const charts = (
    [
      ['gradient', 'Angle to the gradient'],
      ['gaussNewton', 'Angle to the Gauss–Newton direction'],
      ['apical', 'Angle of apical potentials to the gradient'],
    ] as const
  ).flatMap(([direction, title]) => {
    const series = groups.flatMap((group, at) =>
      areas.flatMap((area, index): Series[] => {
        const points = looks
          .filter(({ value }) => group === null || value === group)
          .flatMap((look) => {
            const signal = look.areas.find((candidate) => candidate.area === area);
            const agreement: Agreement | null | undefined = signal?.[direction];
            return agreement?.angle == null ? [] : [{ x: xOf(look), y: agreement.angle }];
          });
        const name = group === null || groups.length === 1 ? area : `${area}, ${group}`;
        return points.length < 2
          ? []
          : [{ name, index: at * areas.length + index, traces: [{ seed: 0, points }], mean: [] }];
      }),
    );
    if (series.length === 0) return [];
    const unit = overUpdates ? ('updates' as const) : ('value' as const);
    const chart: Chart = {
      title: overUpdates ? title : `${title} against ${varied ?? ''}`,
      series,
      horizontal: horizontalAxis(series, unit),
      vertical: verticalAxis(series, 'degrees', { from: 0, reference: 90 }),
      size: SIZE,
    };
    return [chart];
  });
  if (charts.length === 0) return undefined;
  return {
    id: 'signal-angles',
    title: 'Angles of the teaching signals',
    caption: 'Over all units and examples of an area. At 90° (dashed) the two directions are orthogonal.',
    charts,
    columns: Math.min(2, charts.length),
  };
}

function numbers(study: SignalsDocument) {
  const angle = (agreement: Agreement | null) =>
    agreement?.angle == null ? '–' : `${number(agreement.angle)}°`;
  return table(
    'Teaching signals compared with the negative gradient and the Gauss–Newton direction, and apical potentials compared with the negative gradient',
    [
      { heading: 'Condition' },
      { heading: 'Area' },
      { heading: 'Angle to −∂L/∂a', numeric: true },
      { heading: 'Slope', numeric: true },
      { heading: 'Angle to Gauss–Newton', numeric: true },
      { heading: 'Apical to −∂L/∂a', numeric: true },
    ],
    study.looks.flatMap((look) =>
      look.areas.map((signal) => [
        nameOf(study, look) || `${look.updates} updates`,
        signal.area,
        angle(signal.gradient),
        signal.gradient?.slope == null ? '–' : number(signal.gradient.slope, 3),
        angle(signal.gaussNewton),
        angle(signal.apical),
      ]),
    ),
  );
}

function reconstructions(study: SignalsDocument) {
  const rows = study.looks.flatMap((look) =>
    look.reconstructions.map(({ area, unexplained }) => [
      nameOf(study, look) || `${look.updates} updates`,
      area,
      number(unexplained, 3),
    ]),
  );
  if (rows.length === 0) return undefined;
  return table(
    'Share of the variance of an area that its top-down reconstruction does not explain; 1 is no better than the mean',
    [{ heading: 'Condition' }, { heading: 'Area' }, { heading: 'Unexplained', numeric: true }],
    rows,
  );
}
