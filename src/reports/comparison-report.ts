import { list } from '../list.ts';
import { figureMarkup, figuresOf } from './charts/figures.ts';
import { capitalised, meanWithInterval, plural, unitOf, words } from './charts/format.ts';
import type { ComparisonReport, PairedRow, SummaryRow } from '../runs/report-inputs.ts';
import { html, type Interpolated, type Markup } from './markup.ts';
import { page, section, table } from './page.ts';
import { mistakesMarkup } from './charts/pictures.ts';
import { taskTitle } from './run-report.ts';
import { costTable, environments, equations, howToReproduce, localityAudit, sources } from './sections.ts';
import { errorsAreRates, groupByRule, type RuleGroup } from './charts/series.ts';

/** Returns the report of a comparison as one HTML file without scripts and without references to other files. */
export function renderComparisonReport(report: ComparisonReport): string {
  const groups = groupByRule(report.runs);
  const areRates = report.runs.every(errorsAreRates);
  const figures = new Map(figuresOf(report).map((figure) => [figure.id, figureMarkup(figure)]));
  const tasks = [...new Set(report.runs.map(taskTitle))];
  const lead = `${plural(groups.length, 'rule')} on ${tasks.length > 0 ? list(tasks) : 'no task'}, ${plural(report.runs.length, 'run')}.`;
  const body = html`<header>
      <p class="kind">Apical · Comparison report</p>
      <h1>${report.title}</h1>
      <p class="lead">${lead}</p>
    </header>
    ${[
      section('results', 'Results', results(report, groups, areRates)),
      section('unfinished', 'Unfinished runs', unfinished(groups)),
      section('paired', 'Paired differences', pairedTable(report.paired, groups, areRates)),
      section('curves', 'Learning curves', figures.get('curves')),
      section('readout', 'Readout', figures.get('readout')),
      section('learning-cost', 'Cost of learning', figures.get('cost')),
      section('angles', 'Angle to the exact gradient', figures.get('angles')),
      section('feedback', 'Feedback weights', figures.get('feedback')),
      section('mistakes', 'Mistakes', mistakes(groups)),
      section('seeds', 'Results of each seed', everySeed(report.summary, groups, areRates)),
      section('rules', 'The rules', nonEmpty(equations(groups))),
      section('locality', 'Locality audit', localityAudit(groups)),
      section('cost', 'Cost', costTable(groups)),
      section('environment', 'Hardware and software', groups.length > 0 && environments(groups)),
      section('repeat', 'How to reproduce', howToReproduce(groups, report.command)),
      section('sources', 'Sources', sources(groups)),
    ]}`;
  const version = report.runs[0]?.environment.apical ?? '';
  return page(report.title, `Apical ${version}`.trim(), body);
}

/** Returns the table of means, with one row per rule and one column per metric. */
function results(report: ComparisonReport, groups: readonly RuleGroup[], areRates: boolean): Markup {
  const { summary } = report;
  if (summary.length === 0) return html`<p>No run finished, so there is nothing to compare.</p> `;
  const metrics = [...new Set(summary.map((row) => row.metric))];
  const rules = [...new Set(summary.map((row) => row.rule))];
  const rows = rules.map((rule) => {
    const rowsOfRule = summary.filter((row) => row.rule === rule);
    const seeds = new Set(rowsOfRule.flatMap((row) => row.seeds));
    return [
      titleOf(rule, groups),
      ...metrics.map((metric) => {
        const row = rowsOfRule.find((candidate) => candidate.metric === metric);
        return row ? meanWithInterval(row.mean, row.interval, unitOf(metric, areRates)) : '–';
      }),
      [...seeds].join(', '),
    ];
  });
  const columns = metrics.map((metric) => ({ heading: capitalised(words(metric)), numeric: true }));
  return html`${table('Mean over seeds ± half-width of its 95 % confidence interval', [{ heading: 'Rule' }, ...columns, { heading: 'Seeds', numeric: true }], rows)}${
    summary.some((row) => row.interval === null) &&
    html`<p class="kind">A value without ± comes from a single seed, which gives no interval.</p> `
  }`;
}

function pairedTable(
  paired: readonly PairedRow[],
  groups: readonly RuleGroup[],
  areRates: boolean,
): Markup | undefined {
  if (paired.length === 0) return undefined;
  const rows = paired.map((row) => [
    `${titleOf(row.first, groups)} − ${titleOf(row.second, groups)}`,
    capitalised(words(row.metric)),
    meanWithInterval(row.mean, row.interval, unitOf(row.metric, areRates), true),
    verdict(row),
    row.seeds.join(', '),
  ]);
  return html`<p>
      First minus second, over the seeds that both rules ran. For each seed, both start from the same weights
      and see the examples in the same order, so that the variation they share cancels.
    </p>
    ${table(
      'Mean difference ± half-width of its 95 % confidence interval',
      [
        { heading: 'Difference' },
        { heading: 'Metric' },
        { heading: 'First − second', numeric: true },
        { heading: 'Conclusion' },
        { heading: 'Seeds', numeric: true },
      ],
      rows,
    )}`;
}

function verdict(row: PairedRow): string {
  if (row.interval === null) return 'one seed, no interval';
  if (Math.abs(row.mean) <= row.interval) return 'no significant difference';
  return row.mean > 0 ? 'first is higher' : 'first is lower';
}

/** Returns the table of the values of every seed. */
function everySeed(
  summary: readonly SummaryRow[],
  groups: readonly RuleGroup[],
  areRates: boolean,
): Markup | undefined {
  if (summary.length === 0) return undefined;
  const seeds = [...new Set(summary.flatMap((row) => row.seeds))].sort((a, b) => a - b);
  const rows = summary.map((row) => [
    titleOf(row.rule, groups),
    capitalised(words(row.metric)),
    ...seeds.map((seed) => {
      const value = row.values[row.seeds.indexOf(seed)];
      return value === undefined ? '–' : meanWithInterval(value, null, unitOf(row.metric, areRates));
    }),
  ]);
  const columns = seeds.map((seed) => ({ heading: `Seed ${seed}`, numeric: true }));
  return table('Values of each seed', [{ heading: 'Rule' }, { heading: 'Metric' }, ...columns], rows);
}

function unfinished(groups: readonly RuleGroup[]): Markup | undefined {
  const rows: Interpolated[][] = [];
  for (const group of groups) {
    for (const { run } of group.runs) {
      if (run.status !== 'done')
        rows.push([group.title, String(run.seed), run.status, run.failure?.message ?? '–']);
    }
  }
  if (rows.length === 0) return undefined;
  const headings = ['Rule', 'Seed', 'Status', 'Reason'];
  return table(
    'Status when this report was written',
    headings.map((heading) => ({ heading })),
    rows,
  );
}

/** Returns the mistakes of each rule, for the first seed that recorded any. */
function mistakes(groups: readonly RuleGroup[]): Markup | undefined {
  const parts = groups.flatMap((group) => {
    const report = group.runs.find((candidate) => candidate.mistakes.length > 0);
    const pictures = report && mistakesMarkup(report, 20);
    return pictures
      ? [
          html`<h3>${group.title}, seed ${report.run.seed}</h3>
            ${pictures}`,
        ]
      : [];
  });
  return nonEmpty(parts);
}

function titleOf(rule: string, groups: readonly RuleGroup[]): string {
  return groups.find((group) => group.rule === rule)?.title ?? rule;
}

function nonEmpty(parts: readonly Markup[]): Markup | undefined {
  return parts.length > 0 ? html`${parts}` : undefined;
}
