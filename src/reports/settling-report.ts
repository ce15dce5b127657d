import type { Trace as Values } from '../analysis/index.ts';
import type { SettlingDocument } from '../studies/settling.ts';
import { horizontalAxis, verticalAxis, type Chart, type HorizontalAxis, type VerticalAxis } from './charts/chart.ts';
import { figureMarkup } from './charts/figures.ts';
import { type Figure } from './charts/figure.ts';
import { number } from './charts/format.ts';
import { html, type Markup } from './markup.ts';
import { facts, page, section, table } from './page.ts';
import type { Series } from './charts/series.ts';
import { sourcesSection } from './study.ts';

const SIZE = [440, 270] as const;
const SOURCES = ['scellier2017', 'ernoult2019', 'pineda1987', 'bengio2016'];

/** Returns the report of a settling network as one HTML file without scripts and without references to other files. */
export function renderSettlingReport(study: SettlingDocument, apical: string): string {
  const { rule, task, batch, freeSteps, nudgedSteps, stepSize, nudge, run, seed } = study;
  const title = `Settling of ${rule} on ${task}`;
  const body = html`<header>
      <p class="kind">Apical · Settling report</p>
      <h1>${title}</h1>
      <p class="lead">
        ${batch} examples; ${freeSteps} free steps from zero activity, then ${nudgedSteps} nudged steps, of
        ${number(stepSize)} time constants each; β = ${number(nudge)};
        ${run ? `weights of ${run.folder} at step ${run.step}` : `initial weights of seed ${seed}`}; backend
        ${study.backend}.
      </p>
    </header>
    ${settlingFigures(study).map((figure) => section(figure.id, figure.title, figureMarkup(figure)))}
    ${section('slopes', 'Slopes of the settled cost', theorem(study))}
    ${section('arrival', 'Early inference', inference(study))}
    ${section('starts', 'Distance of initial states', starts(study))} ${sourcesSection(SOURCES)}`;
  return page(title, `Apical ${apical}`, body);
}

/** Returns the figures of the study. */
export function settlingFigures(study: SettlingDocument): Figure[] {
  return [energyFigure(study), updateFigure(study), inferenceFigure(study), lineFigure(study)].filter(
    (figure) => figure !== undefined,
  );
}

/** Returns a series of one line; x counts from 1 unless given. */
const series = (name: string, index: number, values: readonly number[], xs?: readonly number[]): Series => ({
  name,
  index,
  traces: [{ seed: 0, points: values.map((y, at) => ({ x: xs?.[at] ?? at + 1, y })) }],
  mean: [],
});

function chart(
  title: string,
  lines: readonly Series[],
  unit: HorizontalAxis['unit'] = 'step',
  choice: Parameters<typeof verticalAxis>[2] = {},
): Chart {
  const vertical: VerticalAxis = verticalAxis(lines, 'plain', choice);
  return { title, series: lines, horizontal: horizontalAxis(lines, unit), vertical, size: SIZE };
}

function energyFigure({ energy, speed, freeSteps }: SettlingDocument): Figure | undefined {
  const total = energy.find(({ name }) => name === 'energy');
  const terms = energy.filter(({ name }) => name !== 'energy');
  const charts = [
    ...(total ? [chart('Energy', [series('all units', 0, total.values)])] : []),
    chart('Speed: root mean square of ds/dt', [series('all units', 0, speed.values)], 'step', {
      logarithmic: true,
    }),
    ...terms.map(({ name, values }: Values) => chart(`Term: ${name}`, [series('all units', 0, values)])),
  ];
  return {
    id: 'energy',
    title: 'Energy and speed',
    caption: `Average over the examples after each step: ${freeSteps} free steps, then the nudged steps. The energy excludes the cost of the nudge, so it may rise in the nudged phase.`,
    charts,
    columns: 2,
  };
}

function updateFigure({ updates }: SettlingDocument): Figure | undefined {
  if (updates.length === 0) return undefined;
  return {
    id: 'updates',
    title: 'Updates in the nudged phase and backpropagation through time',
    caption:
      'Cumulative sums, projected onto the full gradient and relative to it. Nudged: the change of the synapses over the nudged steps so far. Through time: the contribution of as many last steps of the free phase to backpropagation through time. At a fixed point, for small β and symmetric weights, the two curves coincide.',
    charts: updates.map(({ projection, nudged, unrolled }) =>
      chart(projection, [series('nudged', 0, nudged), series('through time', 1, unrolled)], 'step', {
        from: 0,
      }),
    ),
    columns: Math.min(2, updates.length),
  };
}

function inferenceFigure({ earlyInference }: SettlingDocument): Figure | undefined {
  if (earlyInference.length === 0) return undefined;
  return {
    id: 'inference',
    title: 'Propagation of the nudge',
    caption:
      'Norm of the displacement from the free state, divided by β, for each area. The error reaches one more area in each step.',
    charts: [
      chart(
        'Displacement from the free state',
        earlyInference.map(({ area, moved }, index) =>
          series(
            area,
            index,
            moved.map((value) => (value > 0 ? value : NaN)),
          ),
        ),
        'step',
        { logarithmic: true },
      ),
    ],
    columns: 1,
  };
}

function lineFigure({ costLine }: SettlingDocument): Figure | undefined {
  if (!costLine) return undefined;
  const { points, slopes } = costLine;
  const xs = points.map(([distance]) => distance);
  const costAtZero = points[(points.length - 1) / 2]?.[1] ?? NaN;
  return {
    id: 'theorem',
    title: 'Settled cost along the gradient',
    caption:
      'Cost of the batch after settling, as a function of the distance that all parameters are moved along the gradient. The straight line has the slope that the terms of the rule predict.',
    charts: [
      chart(
        'Cost',
        [
          series(
            'settled cost',
            0,
            points.map(([, cost]) => cost),
            xs,
          ),
          series(
            'slope by the rule',
            1,
            xs.map((x) => costAtZero + slopes.rule * x),
            xs,
          ),
        ],
        'distance along the gradient',
      ),
    ],
    columns: 1,
  };
}

function theorem({ costLine }: SettlingDocument): Markup | undefined {
  if (!costLine) return undefined;
  const { rule, reference, difference } = costLine.slopes;
  return facts('Slope of the settled cost along its gradient', [
    ['From the terms of the rule', number(rule, 5)],
    ['From the exact gradient', number(reference, 5)],
    ['From the difference of two costs', number(difference, 5)],
  ]);
}

function inference({ earlyInference }: SettlingDocument): Markup {
  return table(
    'First displacement of each area after the nudge, compared with −∂C/∂h',
    [
      { heading: 'Area' },
      { heading: 'Step of arrival', numeric: true },
      { heading: 'Cosine', numeric: true },
    ],
    earlyInference.map(({ area, arrival, cosine }) => [area, String(arrival), number(cosine, 5)]),
  );
}

function starts({ starts: distances }: SettlingDocument): Markup {
  return table(
    'Distance of initial rates from the rates at the end of the free phase, relative to the norm of the latter',
    [
      { heading: 'Area' },
      { heading: 'Feedforward pass', numeric: true },
      { heading: 'Pass with doubled bottom-up input', numeric: true },
      { heading: 'Zero activity', numeric: true },
    ],
    distances.map(({ area, feedforward, doubled, silence }) => [
      area,
      ...[feedforward, doubled, silence].map((distance) => number(distance, 3)),
    ]),
  );
}
