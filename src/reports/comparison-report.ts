import { figureMarkup, figuresOf } from './charts/figures.ts';
import { capitalised, list, meanWithInterval, plural, unitOf, words } from './charts/format.ts';
import type { ComparisonReport, PairedRow, SummaryRow } from '../runs/report-inputs.ts';
import { html, type Interpolated, type Markup } from './markup.ts';
import { page, section, table } from './page.ts';
import { mistakesMarkup } from './charts/pictures.ts';
import { taskTitle } from './run-report.ts';
import { costTable, environments, equations, howToRepeat, localityAudit, sources } from './sections.ts';
import { errorsAreShares, groupByRule, type RuleGroup } from './charts/series.ts';

/** The report of a comparison: one HTML file that needs no script, no network and no other file. */
export function renderComparisonReport(report: ComparisonReport): string {
  const groups = groupByRule(report.runs);
  const shares = report.runs.every(errorsAreShares);
  const figures = new Map(figuresOf(report).map((figure) => [figure.id, figureMarkup(figure)]));
  const tasks = [...new Set(report.runs.map(taskTitle))];
  const lead = `${plural(groups.length, 'rule')} on ${tasks.length > 0 ? list(tasks) : 'no task'}, ${plural(report.runs.length, 'run')}.`;
  const body = html`<header>
      <p class="kind">Apical, report of a comparison</p>
      <h1>${report.title}</h1>
      <p class="lead">${lead}</p>
    </header>
    ${[
      section('results', 'Results', results(report, groups, shares)),
      section('unfinished', 'Runs that did not finish', unfinished(groups)),
      section('paired', 'Paired differences', pairedTable(report.paired, groups, shares)),
      section('curves', 'Learning curves', figures.get('curves')),
      section('learning-cost', 'What learning cost', figures.get('cost')),
      section('angles', 'Angle to the exact gradient', figures.get('angles')),
      section('feedback', 'Feedback weights', figures.get('feedback')),
      section('mistakes', 'Mistakes', mistakes(groups)),
      section('seeds', 'Every seed', everySeed(report.summary, groups, shares)),
      section('rules', 'The rules', nonEmpty(equations(groups))),
      section('locality', 'Locality audit', localityAudit(groups)),
      section('cost', 'Cost', costTable(groups)),
      section('environment', 'Where it ran', groups.length > 0 && environments(groups)),
      section('repeat', 'How to repeat it', howToRepeat(groups, report.command)),
      section('sources', 'Sources', sources(groups)),
    ]}`;
  const version = report.runs[0]?.environment.apical ?? '';
  return page(report.title, `Apical ${version}`.trim(), body);
}

/** A row by rule, a column by metric. */
function results(report: ComparisonReport, groups: readonly RuleGroup[], shares: boolean): Markup {
  const { summary } = report;
  if (summary.length === 0) return html`<p>No run finished, so there is nothing to compare.</p> `;
  const metrics = [...new Set(summary.map((row) => row.metric))];
  const rules = [...new Set(summary.map((row) => row.rule))];
  const rows = rules.map((rule) => {
    const own = summary.filter((row) => row.rule === rule);
    const seeds = new Set(own.flatMap((row) => row.seeds));
    return [
      titleOf(rule, groups),
      ...metrics.map((metric) => {
        const row = own.find((candidate) => candidate.metric === metric);
        return row ? meanWithInterval(row.mean, row.interval, unitOf(metric, shares)) : '–';
      }),
      [...seeds].join(', '),
    ];
  });
  const columns = metrics.map((metric) => ({ heading: capitalised(words(metric)), numeric: true }));
  return html`${table('Mean over seeds ± half of its 95 % interval', [{ heading: 'Rule' }, ...columns, { heading: 'Seeds', numeric: true }], rows)}${
    summary.some((row) => row.interval === null) &&
    html`<p class="kind">A mean without ± is of one seed, which gives no interval.</p> `
  }`;
}

function pairedTable(
  paired: readonly PairedRow[],
  groups: readonly RuleGroup[],
  shares: boolean,
): Markup | undefined {
  if (paired.length === 0) return undefined;
  const rows = paired.map((row) => [
    `${titleOf(row.first, groups)} − ${titleOf(row.second, groups)}`,
    capitalised(words(row.metric)),
    meanWithInterval(row.mean, row.interval, unitOf(row.metric, shares), true),
    verdict(row),
    row.seeds.join(', '),
  ]);
  return html`<p>
      First minus second on the seeds that both ran, which start from the same weights and see the same order
      of examples, so that what the seeds share cancels.
    </p>
    ${table(
      'Mean difference ± half of its 95 % interval',
      [
        { heading: 'Difference' },
        { heading: 'Metric' },
        { heading: 'First − second', numeric: true },
        { heading: 'Reading' },
        { heading: 'Seeds', numeric: true },
      ],
      rows,
    )}`;
}

function verdict(row: PairedRow): string {
  if (row.interval === null) return 'one seed, no interval';
  if (Math.abs(row.mean) <= row.interval) return 'no difference shown';
  return row.mean > 0 ? 'first is higher' : 'first is lower';
}

/** Every value of every seed that went into the means. */
function everySeed(
  summary: readonly SummaryRow[],
  groups: readonly RuleGroup[],
  shares: boolean,
): Markup | undefined {
  if (summary.length === 0) return undefined;
  const seeds = [...new Set(summary.flatMap((row) => row.seeds))].sort((a, b) => a - b);
  const rows = summary.map((row) => [
    titleOf(row.rule, groups),
    capitalised(words(row.metric)),
    ...seeds.map((seed) => {
      const value = row.values[row.seeds.indexOf(seed)];
      return value === undefined ? '–' : meanWithInterval(value, null, unitOf(row.metric, shares));
    }),
  ]);
  const columns = seeds.map((seed) => ({ heading: `Seed ${seed}`, numeric: true }));
  return table('The values behind the means', [{ heading: 'Rule' }, { heading: 'Metric' }, ...columns], rows);
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
  const headings = ['Rule', 'Seed', 'Status', 'Why'];
  return table(
    'As they stood when this report was written',
    headings.map((heading) => ({ heading })),
    rows,
  );
}

/** The mistakes of each rule's first seed that kept any. */
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
