import { settingsApart } from '../runs/folder/index.ts';
import { capitalised, meanWithInterval, number, unitOf, words } from './charts/format.ts';
import type { ComparisonReport, SummaryRow } from '../runs/report-inputs.ts';
import { errorsAreShares, groupByRule } from './charts/series.ts';
import type { RuleGroup } from './charts/series.ts';

/** Of each run, what a table of results has no need of. */
const LEFT_OUT: readonly RegExp[] = [/ loss$/, /^train /, /^examples per second$/];

/**
 * The results of a comparison as a table in Markdown, to be put into a page: means over seeds with their 95 % intervals,
 * angles to the exact gradient at the end, what a step computes over what a forward pass does, and the time of a run; below it,
 * the settings that are not the same for all: those of the first, and of each other what differs from them.
 */
export function renderComparisonTable(report: ComparisonReport): string {
  const groups = groupByRule(report.runs);
  const shares = report.runs.every(errorsAreShares);
  const metrics = [...new Set(report.summary.map(({ metric }) => metric))].filter(
    (metric) => !LEFT_OUT.some((pattern) => pattern.test(metric)),
  );
  const rowOf = (rule: string, metric: string): SummaryRow | undefined =>
    report.summary.find((row) => row.rule === rule && row.metric === metric);
  const results = markdown(
    ['', 'seeds', ...metrics.map((metric) => words(metric)), 'products / forward', 'time a run'],
    groups.map((group) => {
      const seeds = new Set(report.summary.flatMap((row) => (row.rule === group.rule ? row.seeds : [])));
      return [
        titleOf(group),
        String(seeds.size),
        ...metrics.map((metric) => {
          const row = rowOf(group.rule, metric);
          return row ? meanWithInterval(row.mean, row.interval, unitOf(metric, shares)) : '–';
        }),
        costOf(group),
        secondsOf(group),
      ];
    }),
  );
  const apart = settingsApart(groups.map(({ runs }) => withoutSeed(runs[0]?.config)));
  const settings = markdown(
    ['', 'settings'],
    groups.map((group, index) => {
      const own = apart.filter(
        ({ values }) => values[index] !== undefined && (index === 0 || !isSame(values[index], values[0])),
      );
      const shown = own.map(({ path, values }) => code(`${path}=${text(values[index])}`));
      return [titleOf(group), shown.join(' ') || 'the same'];
    }),
  );
  return `${results}${apart.length > 0 ? `\n${settings}` : ''}`;
}

const titleOf = ({ rule, title }: RuleGroup) => (title.endsWith(`(${rule})`) ? rule : title);

/** Multiply–accumulates of a whole step over those of its forward pass. */
function costOf({ runs }: RuleGroup): string {
  const cost = runs.find((report) => report.cost)?.cost;
  if (!cost || cost.forwardMacs === 0) return '–';
  return number((cost.forwardMacs + cost.feedbackMacs + cost.updateMacs) / cost.forwardMacs, 3);
}

/** Seconds in training steps, mean over the runs that ended. */
function secondsOf({ runs }: RuleGroup): string {
  const seconds = runs.flatMap(({ run, metrics }) => {
    const last = metrics.findLast((record) => record.kind === 'evaluation');
    return run.status === 'done' && last ? [last.trainedSeconds] : [];
  });
  if (seconds.length === 0) return '–';
  return `${number(seconds.reduce((sum, value) => sum + value, 0) / seconds.length, 2)} s`;
}

const withoutSeed = (config: unknown): object =>
  Object.fromEntries(Object.entries(config as object).filter(([key]) => key !== 'seed' && key !== 'rule'));

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
const code = (content: string) => `\`${content}\``;

function markdown(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [
    line(headings.map((heading, index) => (index === 0 ? heading : capitalised(heading)))),
    line(headings.map(() => '---')),
    ...rows.map(line),
  ].join('');
}
