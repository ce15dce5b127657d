import { list } from '../list.ts';
import { citation } from '../runs/bibliography.ts';
import type { Environment } from '../runs/folder/contents.ts';
import { rankedError } from '../search/document.ts';
import type { BestDocument, SearchDocument, TrialDocument } from '../search/document.ts';
import { SEARCH_SOURCES } from '../search/halving.ts';
import { showRange } from '../search/space.ts';
import { drawChart, horizontalAxis, verticalAxis } from './charts/chart.ts';
import { swatch } from './charts/figures.ts';
import { capitalised, count, duration, number, percent, plural } from './charts/format.ts';
import { html, trusted, type Markup } from './markup.ts';
import { code, details, facts, page, section, table } from './page.ts';
import { bestSoFar, drawScatter, errorAxis, labelOf, type Trials } from './charts/search-charts.ts';
import { linked } from './sections.ts';
import { PAGE } from './charts/theme.ts';

const SIZE = [440, 270] as const;

/** Returns the report of a search as one HTML file without scripts and without references to other files. */
export function renderSearchReport(search: SearchDocument, environment: Environment): string {
  const rules = Object.keys(search.configs);
  const title = `Search of ${plural(rules.length, 'rule')} on ${search.task}`;
  const groups = rules.map((name, index): Trials => ({
    name,
    index,
    trials: search.trials.filter(({ rule }) => rule === name),
  }));
  const { budget, seeds } = search;
  const lead = `${plural(budget.rungs[0]?.trials ?? 0, 'trial')} and ${plural(budget.planned, 'epoch')} per rule on ${plural(seeds.length, 'seed')}, ${search.status}.`;
  const body = html`<header>
      <p class="kind">Apical · Search report</p>
      <h1>${title}</h1>
      <p class="lead">${lead}</p>
    </header>
    ${[
      section('results', 'Best trial of each rule', results(search)),
      section('parameters', 'Validation error against each parameter', scatters(search, groups)),
      section('progress', 'Best error so far', progress(search, groups)),
      section('method', 'Search method', method(search)),
      section('trials', 'All trials', allTrials(search)),
      section('environment', 'Hardware and software', environmentFacts(search, environment)),
      section('repeat', 'How to reproduce', howToReproduce(search)),
      section('sources', 'Sources', sources()),
    ]}`;
  return page(title, `Apical ${environment.apical}`, body);
}

const unitOf = ({ taskKind }: SearchDocument) => (taskKind === 'regression' ? 'plain' : 'percent');
const shown = (search: SearchDocument, error: number | null) =>
  error === null ? '–' : search.taskKind === 'regression' ? number(error) : percent(error);

function results(search: SearchDocument): Markup {
  const rows = Object.keys(search.configs).map((rule) => {
    const best = search.best.find((entry) => entry.rule === rule);
    const spent = search.spent.find((entry) => entry.rule === rule);
    const trials = search.trials.filter((trial) => trial.rule === rule);
    return [
      rule,
      best ? shown(search, best.error) : 'none',
      best ? best.values.map((value) => shown(search, value)).join(', ') : '–',
      best ? pointText(best.point) : '–',
      best ? best.file : '–',
      count(trials.filter(({ status }) => status === 'diverged' || status === 'failed').length),
      count(spent?.epochs ?? 0),
      duration(spent?.trainedSeconds ?? 0),
    ];
  });
  const headings = [
    'Rule',
    capitalised(rankedError(search)),
    'By seed',
    'Values',
    'Config',
    'Failed trials',
    'Epochs',
    'Time',
  ];
  return html`${table(
      `Lowest ${rankedError(search)} among the trials that ran to the last rung`,
      headings.map((heading, index) => ({ heading, numeric: [1, 5, 6, 7].includes(index) })),
      rows,
    )}
    <p class="kind">
      The lowest of many errors on the same validation examples is biased downward by selection. Before
      concluding which rule is better, run the configs on new seeds and on test examples.
    </p>
    ${search.best.flatMap(edgeWarnings)}`;
}

/** Warns of best values near a bound of their range, which was then too narrow to contain the optimum for certain. */
function edgeWarnings({ rule, point, atEdge }: BestDocument): Markup[] {
  const values = atEdge.map((path) => `${path} ${labelOf(point[path])}`);
  return values.length === 0
    ? []
    : [
        html`<p class="alarm">
          ${rule}: ${list(values)} ${values.length > 1 ? 'are' : 'is'} near a bound of the range, and better
          values may lie beyond it.
        </p> `,
      ];
}

function scatters(search: SearchDocument, groups: readonly Trials[]): Markup | undefined {
  const vertical = errorAxis(groups, unitOf(search));
  if (search.trials.every(({ error }) => error === null)) return undefined;
  const charts = search.space.map((dimension) => {
    const has = (rule: string) =>
      dimension.rule === rule ||
      (dimension.rule === undefined &&
        !search.space.some((other) => other.rule === rule && other.path === dimension.path));
    const rules = groups.filter(({ name }) => has(name));
    return trusted(drawScatter({ dimension, rules, vertical, size: SIZE }, PAGE));
  });
  return figure(
    groups,
    charts,
    'Filled symbols: trials that ran to the last rung. Hollow symbols: trials stopped at an earlier rung, with their error there. Crosses on the upper edge: trials that diverged or failed.',
  );
}

function progress(search: SearchDocument, groups: readonly Trials[]): Markup | undefined {
  const series = groups.flatMap((group) => bestSoFar(group, search.budget.rungs.length) ?? []);
  if (series.length === 0) return undefined;
  const vertical = verticalAxis(series, unitOf(search), { from: 0, logarithmic: true });
  const horizontal = horizontalAxis(series, 'epochs of the budget');
  const chart = {
    title: `Lowest ${rankedError(search)} so far`,
    series,
    horizontal,
    vertical,
    size: [640, 300],
  } as const;
  return figure(
    groups,
    [trusted(drawChart(chart, PAGE))],
    'Trials are ordered by rung and then by number. Errors at early rungs are measured after few epochs.',
  );
}

function figure(groups: readonly Trials[], charts: readonly Markup[], caption: string): Markup {
  const entries = groups.map(
    ({ name, index }) => html`<li>${trusted(swatch(index, PAGE, 'aria-hidden="true" '))}${name}</li>`,
  );
  return html`<figure class="charts columns-${Math.min(2, charts.length)}">
    ${
      groups.length > 1 &&
      html`<ul class="legend" aria-label="Legend">
        ${entries}
      </ul>`
    }
    <div class="grid">${charts}</div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

function method(search: SearchDocument): Markup {
  const { budget, space, seeds, searchSeed, validation } = search;
  const rungs = budget.rungs.map(({ epochs, trials }, index) => [
    String(index + 1),
    count(epochs),
    count(trials),
  ]);
  return html`<p>
      Random search with successive halving. All rules have the same budget, and the same sampled values for
      ranges that they share. At each rung, the best 1 of ${budget.eta} trials continues from its current
      state; schedules always span the full length. Trials are ranked by their mean ${rankedError(search)}
      over seeds, and test examples are not used.
    </p>
    ${table(
      'Rungs of each rule',
      [{ heading: 'Rung' }, { heading: 'Epochs', numeric: true }, { heading: 'Trials', numeric: true }],
      rungs,
    )}
    ${table(
      'Search space',
      [{ heading: 'Parameter' }, { heading: 'Rules' }, { heading: 'Range' }],
      space.map(({ path, rule, range }) => [path, rule ?? 'all', showRange(range)]),
    )}
    ${facts('Common settings', [
      ['Seeds of the runs', seeds.join(', ')],
      ['Seed of the search', String(searchSeed)],
      ['Held out for validation', percent(validation)],
      ['Budget per rule', `${count(budget.epochs)} epochs requested, ${count(budget.planned)} planned`],
    ])}`;
}

function allTrials(search: SearchDocument): Markup {
  const tables = Object.keys(search.configs).map((rule) => {
    const trials = search.trials.filter((trial) => trial.rule === rule);
    const rows = trials.map((trial) => [
      String(trial.trial),
      pointText(trial.point),
      trial.status,
      count(trial.epochs),
      ...search.budget.rungs.map((_, rung) => errorAt(search, trial, rung)),
      trial.seeds.flatMap(({ rungs }) => rungs.flatMap((score) => score.failure?.message ?? []))[0] ?? '',
    ]);
    const columns = [
      { heading: 'Trial' },
      { heading: 'Values' },
      { heading: 'Status' },
      { heading: 'Epochs', numeric: true },
      ...search.budget.rungs.map(({ epochs }) => ({
        heading: `After ${plural(epochs, 'epoch')}`,
        numeric: true,
      })),
      { heading: 'Failure' },
    ];
    return details(
      `${rule}: ${plural(trials.length, 'trial')}`,
      table(`Mean ${rankedError(search)} over seeds`, columns, rows),
    );
  });
  return html`${tables}`;
}

function errorAt(search: SearchDocument, { seeds }: TrialDocument, rung: number): string {
  const errors = seeds.map(({ rungs }) => rungs[rung]?.error ?? null);
  if (errors.some((error) => error === null)) return '–';
  return shown(search, errors.reduce<number>((sum, error) => sum + (error ?? 0), 0) / errors.length);
}

const pointText = (point: TrialDocument['point']) =>
  Object.entries(point)
    .map(([path, value]) => `${path} ${labelOf(value)}`)
    .join(', ');

function environmentFacts(search: SearchDocument, environment: Environment): Markup | undefined {
  return facts('Machine, backend and versions', [
    ['Backend', `${search.backend}, 1 thread per trial`],
    ['Hardware', environment.hardware],
    ['Apical', environment.apical],
    ['Commit', environment.commit ?? 'none: not in a repository'],
    ['Node', environment.node],
    ['Date', environment.date],
  ]);
}

function howToReproduce(search: SearchDocument): Markup {
  return html`${code(`${search.command}\napical compare --from-search ${search.folder} --seeds 100..104`)}
  ${search.best.map(({ rule, config }) =>
    details(`Best config of ${rule}`, code(JSON.stringify(config, null, 2))),
  )}`;
}

function sources(): Markup {
  return html`<ol class="sources">
    ${SEARCH_SOURCES.map((key) => html`<li>${linked(citation(key))}</li> `)}
  </ol> `;
}
