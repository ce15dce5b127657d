import type { Trace as Values } from '../analysis/index.ts';
import type { SettlingDocument } from '../studies/settling.ts';
import {
  horizontalAxis,
  verticalAxis,
  type Chart,
  type HorizontalAxis,
  type VerticalAxis,
} from './charts/chart.ts';
import { figureMarkup } from './charts/figures.ts';
import { type Figure } from './charts/figure.ts';
import { number } from './charts/format.ts';
import { html, type Markup } from './markup.ts';
import { facts, page, section, table } from './page.ts';
import type { Series } from './charts/series.ts';
import { sourcesSection } from './study.ts';

const SIZE = [440, 270] as const;
const SOURCES = ['scellier2017', 'ernoult2019', 'pineda1987', 'bengio2016'];

/** The report of how one network settles: one HTML file that needs no script, no network and no other file. */
export function renderSettlingReport(study: SettlingDocument, apical: string): string {
  const { rule, task, batch, freeSteps, nudgedSteps, stepSize, nudge, run, seed } = study;
  const title = `How a network of ${rule} settles on ${task}`;
  const body = html`<header>
      <p class="kind">Apical, report of a network that settles</p>
      <h1>${title}</h1>
      <p class="lead">
        ${batch} examples, ${freeSteps} free steps from silence and ${nudgedSteps} nudged ones of
        ${number(stepSize)} time constants, β = ${number(nudge)},
        ${run ? `weights of ${run.folder} at step ${run.step}` : `initial weights of seed ${seed}`},
        ${study.backend}.
      </p>
    </header>
    ${settlingFigures(study).map((figure) => section(figure.id, figure.title, figureMarkup(figure)))}
    ${section('slopes', 'The theorem in numbers', theorem(study))}
    ${section('arrival', 'Early inference', inference(study))}
    ${section('starts', 'Where to begin', starts(study))} ${sourcesSection(SOURCES)}`;
  return page(title, `Apical ${apical}`, body);
}

/** The figures of a study. */
export function settlingFigures(study: SettlingDocument): Figure[] {
  return [energyFigure(study), updateFigure(study), inferenceFigure(study), lineFigure(study)].filter(
    (figure) => figure !== undefined,
  );
}

/** One line; x from 1 unless given. */
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
    chart('Speed, root mean square of ds/dt', [series('all units', 0, speed.values)], 'step', {
      logarithmic: true,
    }),
    ...terms.map(({ name, values }: Values) => chart(`Term: ${name}`, [series('all units', 0, values)])),
  ];
  return {
    id: 'energy',
    title: 'Energy and speed',
    caption: `Mean over the examples after every step: ${freeSteps} free ones, then the nudged ones. The energy is without the nudge's cost, so it may rise once outputs are pulled.`,
    charts,
    columns: 2,
  };
}

function updateFigure({ updates }: SettlingDocument): Figure | undefined {
  if (updates.length === 0) return undefined;
  return {
    id: 'updates',
    title: 'What is learned in the nudged phase, beside backpropagation through time',
    caption:
      'Sum over the steps so far, along the gradient of as many steps back, as a share of it: what synapses change while the outputs are nudged, and what backpropagation finds that many steps before the end of the free phase. From a fixed point, with a small β and symmetric weights, the two are one curve.',
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
    title: 'How the nudge spreads',
    caption:
      'Norm of the way from the free state over β, by area: the error arrives one area farther down in each step.',
    charts: [
      chart(
        'Way from the free state',
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
  const middle = points[(points.length - 1) / 2]?.[1] ?? NaN;
  return {
    id: 'theorem',
    title: 'The settled cost along the gradient',
    caption:
      'Cost of the batch once settled, with all parameters moved along the gradient, and the straight line whose slope is what the rule’s terms say.',
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
            xs.map((x) => middle + slopes.rule * x),
            xs,
          ),
        ],
        'way along the gradient',
      ),
    ],
    columns: 1,
  };
}

function theorem({ costLine }: SettlingDocument): Markup | undefined {
  if (!costLine) return undefined;
  const { rule, reference, difference } = costLine.slopes;
  return facts('Slope of the settled cost along its gradient', [
    ['By the terms of the rule', number(rule, 5)],
    ['By the exact gradient', number(reference, 5)],
    ['By the difference of two costs', number(difference, 5)],
  ]);
}

function inference({ earlyInference }: SettlingDocument): Markup {
  return table(
    'The first move of each area after the nudge, against −∂C/∂h',
    [
      { heading: 'Area' },
      { heading: 'Arrives at step', numeric: true },
      { heading: 'Cosine', numeric: true },
    ],
    earlyInference.map(({ area, arrival, cosine }) => [area, String(arrival), number(cosine, 5)]),
  );
}

function starts({ starts: distances }: SettlingDocument): Markup {
  return table(
    'Distance of rates from where the free phase ends, relative to their norm there',
    [
      { heading: 'Area' },
      { heading: 'Feedforward pass', numeric: true },
      { heading: 'Pass, from below twice', numeric: true },
      { heading: 'Silence', numeric: true },
    ],
    distances.map(({ area, feedforward, doubled, silence }) => [
      area,
      ...[feedforward, doubled, silence].map((its) => number(its, 3)),
    ]),
  );
}
