import { citation } from '../runs/bibliography.ts';
import type { Environment } from '../runs/folder/contents.ts';
import type { BestDocument, SearchDocument, TrialDocument } from '../search/document.ts';
import { SEARCH_SOURCES } from '../search/halving.ts';
import { showRange } from '../search/space.ts';
import { drawChart, horizontalAxis, verticalAxis } from './charts/chart.ts';
import { swatch } from './charts/figures.ts';
import { count, duration, list, number, percent, plural } from './charts/format.ts';
import { html, trusted, type Markup } from './markup.ts';
import { code, details, facts, page, section, table } from './page.ts';
import { bestSoFar, drawScatter, errorAxis, labelOf, type Trials } from './charts/search-charts.ts';
import { linked } from './sections.ts';
import { PAGE } from './charts/theme.ts';

const SIZE = [440, 270] as const;

/** The report of a search: one HTML file that needs no script, no network and no other file. */
export function renderSearchReport(search: SearchDocument, environment: Environment): string {
  const rules = Object.keys(search.configs);
  const title = `Search of ${plural(rules.length, 'rule')} on ${search.task}`;
  const groups = rules.map((name, index): Trials => ({
    name,
    index,
    trials: search.trials.filter(({ rule }) => rule === name),
  }));
  const { budget, seeds } = search;
  const lead = `${plural(budget.rungs[0]?.trials ?? 0, 'trial')} and ${plural(budget.planned, 'epoch')} for each rule on ${plural(seeds.length, 'seed')}, ${search.status}.`;
  const body = html`<header>
      <p class="kind">Apical, report of a search</p>
      <h1>${title}</h1>
      <p class="lead">${lead}</p>
    </header>
    ${[
      section('results', 'Best of each rule', results(search)),
      section('parameters', 'Validation error by parameter', scatters(search, groups)),
      section('progress', 'Best so far', progress(search, groups)),
      section('method', 'How it searched', method(search)),
      section('trials', 'Every trial', everyTrial(search)),
      section('environment', 'Where it ran', place(search, environment)),
      section('repeat', 'How to repeat it', repeat(search)),
      section('sources', 'Sources', sources()),
    ]}`;
  return page(title, `Apical ${environment.apical}`, body);
}

const unitOf = ({ taskKind }: SearchDocument) => (taskKind === 'regression' ? 'plain' : 'percent');
const shown = (search: SearchDocument, error: number | null) =>
  error === null ? '–' : search.taskKind === 'regression' ? number(error) : percent(error);

function results(search: SearchDocument): Markup {
  const rows = Object.keys(search.configs).map((rule) => {
    const best = search.best.find((its) => its.rule === rule);
    const spent = search.spent.find((its) => its.rule === rule);
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
    'Validation error',
    'By seed',
    'Values',
    'Config',
    'Without a result',
    'Epochs',
    'Time',
  ];
  return html`${table(
      'Lowest validation error among the trials of full length',
      headings.map((heading, index) => ({ heading, numeric: [1, 5, 6, 7].includes(index) })),
      rows,
    )}
    <p class="kind">
      The lowest of many errors on the same validation examples is too good by chance: run the configs on
      fresh seeds and on test examples before saying which rule is better.
    </p>
    ${search.best.flatMap(edges)}`;
}

/** Where a best value lies at an end of its range, the range was too narrow to say that it is the best. */
function edges({ rule, point, atEdge }: BestDocument): Markup[] {
  const values = atEdge.map((path) => `${path} ${labelOf(point[path])}`);
  return values.length === 0
    ? []
    : [
        html`<p class="alarm">
          ${rule}: ${list(values)} ${values.length > 1 ? 'are' : 'is'} near an end of the range; better values
          may lie beyond.
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
    'Filled: trials of full length. Hollow: stopped at a rung, with their error there. Crosses on the upper edge: diverged or failed.',
  );
}

function progress(search: SearchDocument, groups: readonly Trials[]): Markup | undefined {
  const series = groups.flatMap((group) => bestSoFar(group, search.budget.rungs.length) ?? []);
  if (series.length === 0) return undefined;
  const vertical = verticalAxis(series, unitOf(search), { from: 0, logarithmic: true });
  const horizontal = horizontalAxis(series, 'epochs of the budget');
  const chart = {
    title: 'Lowest validation error so far',
    series,
    horizontal,
    vertical,
    size: [640, 300],
  } as const;
  return figure(
    groups,
    [trusted(drawChart(chart, PAGE))],
    'Trials in the order of their numbers, rung by rung; early rungs are judged after few epochs.',
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
      Random search with successive halving. Every rule has the same budget, and the same values where rules
      share a range. Of each rung the best of ${budget.eta} goes on from where it stood, with the schedules of
      the full length from the beginning. Trials are judged by their mean validation error over seeds; test
      examples were not read.
    </p>
    ${table(
      'Rungs of each rule',
      [{ heading: 'Rung' }, { heading: 'Epochs', numeric: true }, { heading: 'Trials', numeric: true }],
      rungs,
    )}
    ${table(
      'Space',
      [{ heading: 'Path' }, { heading: 'Rules' }, { heading: 'Range' }],
      space.map(({ path, rule, range }) => [path, rule ?? 'all', showRange(range)]),
    )}
    ${facts('Equal for all', [
      ['Seeds of the runs', seeds.join(', ')],
      ['Seed of the search', String(searchSeed)],
      ['Held out for validation', percent(validation)],
      ['Budget', `${count(budget.epochs)} epochs asked for, ${count(budget.planned)} planned, for each rule`],
    ])}`;
}

function everyTrial(search: SearchDocument): Markup {
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
        heading: `At ${plural(epochs, 'epoch')}`,
        numeric: true,
      })),
      { heading: 'Why' },
    ];
    return details(
      `${rule}: ${plural(trials.length, 'trial')}`,
      table('Mean validation error over seeds', columns, rows),
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

function place(search: SearchDocument, environment: Environment): Markup | undefined {
  return facts('Machine, backend and versions', [
    ['Backend', `${search.backend}, 1 thread a trial`],
    ['Hardware', environment.hardware],
    ['Apical', environment.apical],
    ['Commit', environment.commit ?? 'none: not in a repository'],
    ['Node', environment.node],
    ['Date', environment.date],
  ]);
}

function repeat(search: SearchDocument): Markup {
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
