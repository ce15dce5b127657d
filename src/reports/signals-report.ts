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

/** The report of what a rule teaches: one HTML file that needs no script, no network and no other file. */
export function renderSignalsReport(study: SignalsDocument, apical: string): string {
  const { rule, task, batch, run, seed, backend, varied } = study;
  const title = `What ${rule} teaches the units of a network on ${task}`;
  const body = html`<header>
      <p class="kind">Apical, report of teaching signals</p>
      <h1>${title}</h1>
      <p class="lead">
        ${batch} training examples, ${run ? `weights of ${run.folder} at step ${run.step}` : `seed ${seed}`},
        ${backend}${varied === null ? '' : `, ${varied} varied`}.
      </p>
    </header>
    ${signalsFigures(study).map((figure) => section(figure.id, figure.title, figureMarkup(figure)))}
    ${section('agreement', 'In numbers', numbers(study))}
    ${section('reconstructions', 'Reconstructions', reconstructions(study))} ${sourcesSection(SOURCES)}`;
  return page(title, `Apical ${apical}`, body);
}

/** The figures of a study. */
export const signalsFigures = (study: SignalsDocument): Figure[] =>
  [scatters(study), angles(study)].filter((figure) => figure !== undefined);

const nameOf = ({ varied, looks }: SignalsDocument, { value, updates }: SignalsLook): string =>
  [
    ...(varied === null ? [] : [`${varied.split('.').at(-1) ?? varied} ${value ?? ''}`]),
    ...(new Set(looks.map((its) => its.updates)).size > 1 ? [`${updates} updates`] : []),
  ].join(', ');

/** A panel for each area of each look; few of them, so the last ones. */
function scatters(study: SignalsDocument): Figure | undefined {
  const most = 8;
  const charts = study.looks
    .flatMap((look) => look.areas.map((its) => ({ look, its })))
    .filter(({ its }) => its.points.length > 0)
    .slice(-most)
    .map(({ look, its }) => scatter([its.area, nameOf(study, look)].filter(Boolean).join(': '), its));
  if (charts.length === 0) return undefined;
  return {
    id: 'scatter',
    title: 'What units are taught, beside what the gradient would teach them',
    caption:
      'A point is a unit and an example: across, the descent of that example’s loss along the unit’s potential; upwards, what the rule has the unit’s synapses follow. On a straight line through the middle the two are one, up to a factor. In the titles: the angle between them over all units and examples.',
    charts,
    columns: Math.min(2, charts.length),
  };
}

function scatter(title: string, { points, gradient }: AreaSignal): Chart {
  const dots: Series = {
    name: 'a unit and an example',
    index: 0,
    traces: [{ seed: 0, points: points.map(([x, y]) => ({ x, y })) }],
    mean: [],
  };
  return {
    title: gradient?.angle == null ? title : `${title}, ${number(gradient.angle, 3)}°`,
    series: [dots],
    marks: 'dots',
    horizontal: horizontalAxis([dots], 'descent of the loss along the potential'),
    vertical: verticalAxis([dots], 'plain'),
    size: SIZE,
  };
}

/** Angles of the areas over the looks that are numbers: updates, or what is varied. */
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
  ).flatMap(([what, title]) => {
    const series = groups.flatMap((group, at) =>
      areas.flatMap((area, index): Series[] => {
        const points = looks
          .filter(({ value }) => group === null || value === group)
          .flatMap((look) => {
            const its: Agreement | null | undefined = look.areas.find((one) => one.area === area)?.[what];
            return its?.angle == null ? [] : [{ x: xOf(look), y: its.angle }];
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
    title: 'Angles of what units are taught',
    caption: 'Over all units and examples of an area. At 90° it has nothing to do with the other direction.',
    charts,
    columns: Math.min(2, charts.length),
  };
}

function numbers(study: SignalsDocument) {
  const angle = (its: Agreement | null) => (its?.angle == null ? '–' : `${number(its.angle)}°`);
  return table(
    'What units are taught against the descent of the loss, the Gauss–Newton direction, and apical potentials',
    [
      { heading: 'When' },
      { heading: 'Area' },
      { heading: 'Angle to −∂L/∂a', numeric: true },
      { heading: 'Slope', numeric: true },
      { heading: 'Angle to Gauss–Newton', numeric: true },
      { heading: 'Apical to −∂L/∂a', numeric: true },
    ],
    study.looks.flatMap((look) =>
      look.areas.map((its) => [
        nameOf(study, look) || `${look.updates} updates`,
        its.area,
        angle(its.gradient),
        its.gradient?.slope == null ? '–' : number(its.gradient.slope, 3),
        angle(its.gaussNewton),
        angle(its.apical),
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
    'Share of an area’s variance that is lost in its reconstruction from above: 1 is no better than the mean',
    [{ heading: 'When' }, { heading: 'Area' }, { heading: 'Unexplained', numeric: true }],
    rows,
  );
}
