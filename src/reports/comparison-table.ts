import { settingsApart } from '../runs/folder/index.ts';
import { capitalised, meanWithInterval, number, unitOf, words } from './charts/format.ts';
import type { ComparisonReport, SummaryRow } from '../runs/report-inputs.ts';
import { errorsAreRates, groupByRule } from './charts/series.ts';
import type { RuleGroup } from './charts/series.ts';

/** Metrics that the table omits. */
const OMITTED: readonly RegExp[] = [/ loss$/, /^train /, /^examples per second$/];

/**
 * Returns the results of a comparison as Markdown tables: means over seeds with 95 % confidence intervals, final angles to
 * the exact gradient, the multiply–accumulates of a step relative to a forward pass, and the time per run. A second table
 * lists the settings that differ between rules: those of the first rule, and for each other rule its differences from it.
 */
export function renderComparisonTable(report: ComparisonReport): string {
  const groups = groupByRule(report.runs);
  const areRates = report.runs.every(errorsAreRates);
  const withoutAngle = report.runs.flatMap(({ run }) => Object.keys(run.withoutAngle ?? {}));
  const metrics = [
    ...new Set([...report.summary.map(({ metric }) => metric), ...withoutAngle.map((id) => `angle ${id}`)]),
  ].filter((metric) => !OMITTED.some((pattern) => pattern.test(metric)));
  const rowOf = (rule: string, metric: string): SummaryRow | undefined =>
    report.summary.find((row) => row.rule === rule && row.metric === metric);
  const results = markdown(
    ['', 'seeds', ...metrics.map((metric) => words(metric)), 'MACs / forward pass', 'time per run'],
    groups.map((group) => {
      const seeds = new Set(report.summary.flatMap((row) => (row.rule === group.rule ? row.seeds : [])));
      return [
        titleOf(group),
        String(seeds.size),
        ...metrics.map((metric) => {
          const row = rowOf(group.rule, metric);
          return row
            ? meanWithInterval(row.mean, row.interval, unitOf(metric, areRates))
            : reasonOf(group, metric);
        }),
        costOf(group),
        secondsOf(group),
      ];
    }),
  );
  const differing = settingsApart(groups.map(({ runs }) => withoutSeed(runs[0]?.config)));
  const settings = markdown(
    ['', 'settings'],
    groups.map((group, index) => {
      const shown = differing.filter(
        ({ values }) => values[index] !== undefined && (index === 0 || !isSame(values[index], values[0])),
      );
      const assignments = shown.map(({ path, values }) => code(`${path}=${text(values[index])}`));
      return [titleOf(group), assignments.join(' ') || 'the same'];
    }),
  );
  return `${results}${differing.length > 0 ? `\n${settings}` : ''}`;
}

const titleOf = ({ rule, title }: RuleGroup) => (title.endsWith(`(${rule})`) ? rule : title);

/** Returns why the runs of a rule have no angle, if the metric is one and all for the same reason; else "–". */
function reasonOf({ runs }: RuleGroup, metric: string): string {
  const id = metric.replace(/^angle /, '');
  const reasons = new Set(runs.map(({ run }) => run.withoutAngle?.[id]));
  const [reason] = reasons;
  return metric !== id && reasons.size === 1 && reason ? reason : '–';
}

/** Returns the multiply–accumulates of a step relative to those of its forward pass. */
function costOf({ runs }: RuleGroup): string {
  const cost = runs.find((report) => report.cost)?.cost;
  if (!cost || cost.forwardMacs === 0) return '–';
  return number((cost.forwardMacs + cost.feedbackMacs + cost.updateMacs) / cost.forwardMacs, 3);
}

/** Returns the mean time in training steps over the finished runs. */
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
const isSame = (first: unknown, second: unknown) => JSON.stringify(first) === JSON.stringify(second);
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
