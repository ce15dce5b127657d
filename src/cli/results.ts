import { ownMetricsOf } from '../runs/documents.ts';
import type { CompareDocument } from '../runs/documents.ts';
import { nameOf } from '../training/records.ts';
import type { HeldOutScore, ProbeRecord, Score } from '../training/records.ts';
import type { FinishedRun } from '../runs/run.ts';
import type { Session } from '../runs/session.ts';
import { duration, percent, sparkline, table } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** Prints the result of one run. */
export function showRun(terminal: Terminal, { document, metrics }: FinishedRun): void {
  const { colours } = terminal;
  const { rule, seed, task, train, test, validation, readout, status, metrics: named } = document;
  terminal.line(`\n${colours.bold(rule)} on ${task}, seed ${seed}: ${status}`);
  if (document.failure) terminal.line(`  ${document.failure.message}`);
  const { return: meanReturn, lowestReturn, solved, episodes } = named;
  const scores = [
    meanReturn !== undefined &&
      `return ${meanReturn.toFixed(1)}${lowestReturn === undefined ? '' : `, lowest ${lowestReturn.toFixed(1)}`}`,
    solved !== undefined && (solved === 1 ? 'solved' : 'not solved'),
    episodes !== undefined && `learned in ${episodes} episodes`,
    scoreText('train', train),
    scoreText('validation', validation),
    scoreText('test', test),
    scoreText('readout validation', readout?.validation),
    scoreText('readout test', readout?.test),
    ...(meanReturn === undefined ? Object.entries(named) : []).map(
      ([name, value]) => name !== 'passes' && `${name} ${value.toPrecision(3)}`,
    ),
  ].filter(Boolean);
  if (scores.length > 0) terminal.line(`  ${scores.join(', ')}`);
  const unit = meanReturn === undefined ? 'examples' : 'steps';
  terminal.line(`  ${Math.round(document.examplesPerSecond)} ${unit}/s, ${duration(document.wallSeconds)}`);
  showAngles(
    terminal,
    rule,
    metrics.filter((record): record is ProbeRecord => record.kind === 'probe'),
  );
  if (document.folder) terminal.line(`  Folder: ${document.folder}`);
}

/** Formats a score: its error, or its loss if nothing is compared with a target; undefined without a score. */
function scoreText(
  name: string,
  score: (Score & Partial<HeldOutScore>) | null | undefined,
): string | undefined {
  if (!score) return undefined;
  const { error, loss, errors = 0, count = 0 } = score;
  if (error === undefined) return `${name} loss ${loss.toPrecision(3)}`;
  return `${name} error ${percent(error)}${name.endsWith('test') && errors > 0 ? ` (${errors} of ${count})` : ''}`;
}

/** Largest number of rules for which every pair is shown. */
const MOST_PAIRED = 3;

/** Metrics whose paired differences are printed. */
const PAIRED: readonly string[] = ['test error', 'readout test error', 'return'];

/** Prints a comparison: a table of rules, paired differences, and angles to the gradient. */
export function showComparison(terminal: Terminal, session: Session, comparison: CompareDocument): void {
  const { runs } = session;
  terminal.line();
  terminal.line(summaryTable(comparison));
  const names = [...new Set(comparison.runs.map(nameOf))];
  // With many rules, only pairs with the first; the report has all pairs.
  const isShown = (first: string) => names.length <= MOST_PAIRED || first === names[0];
  for (const { first, second, metric, mean, interval, seeds } of comparison.paired) {
    if (!PAIRED.includes(metric) || !isShown(first)) continue;
    const show = metric === 'return' ? (value: number) => value.toFixed(1) : percent;
    const margin = interval === null ? '' : ` ± ${show(interval)}`;
    terminal.line(
      `\n${first} − ${second}: ${show(mean)}${margin} ${metric}, over ${seeds.length} shared seed${seeds.length > 1 ? 's' : ''}`,
    );
  }
  const failed = runs.filter(({ document }) => document.status === 'failed');
  for (const { document } of failed)
    terminal.line(`\n${nameOf(document)}, seed ${document.seed} failed: ${document.failure?.message ?? ''}`);

  showFirstAngles(terminal, session);
  if (session.report) terminal.line(`\nReport: ${session.report}`);
}

function summaryTable({ runs, summary }: CompareDocument): string {
  const rules = [...new Set(runs.map(nameOf))];
  const cell = (rule: string, metric: string, show: (value: number) => string) => {
    const row = summary.find((candidate) => candidate.rule === rule && candidate.metric === metric);
    if (!row) return '–';
    return row.interval === null ? show(row.mean) : `${show(row.mean)} ± ${show(row.interval)}`;
  };
  const runsOf = (rule: string) => runs.filter((run) => nameOf(run) === rule);
  const seedsOf = (rule: string) => String(new Set(runsOf(rule).map(({ seed }) => seed)).size);
  const speed = (rule: string) => cell(rule, 'examples per second', (value) => String(Math.round(value)));
  if (summary.some(({ metric }) => metric === 'return')) {
    const solved = (rule: string) => {
      const known = runsOf(rule).flatMap(({ metrics }) => metrics['solved'] ?? []);
      return known.length === 0 ? '–' : `${known.filter((value) => value === 1).length} of ${known.length}`;
    };
    return table(
      ['rule', 'seeds', 'return', 'solved', 'steps/s'],
      rules.map((rule) => [
        rule,
        seedsOf(rule),
        cell(rule, 'return', (value) => value.toFixed(1)),
        solved(rule),
        speed(rule),
      ]),
    );
  }
  const has = (name: string) => summary.some(({ metric }) => metric === name);
  const errors = ['train error', 'validation error', 'test error'].filter(has);
  const readouts = ['readout validation error', 'readout test error'].filter(has);
  // Without an error: the loss, and the metrics of the rules.
  const others = errors.length > 0 ? [] : ['train loss', 'validation loss', 'test loss'].filter(has);
  const named = errors.length > 0 ? [] : ownMetricsOf(runs).filter(has);
  const columns = [
    ...[...errors, ...readouts].map((metric) => ({ metric, show: percent })),
    ...[...others, ...named].map((metric) => ({ metric, show: (value: number) => value.toPrecision(3) })),
  ];
  return table(
    ['rule', 'seeds', ...columns.map(({ metric }) => metric), 'examples/s'],
    rules.map((rule) => [
      rule,
      seedsOf(rule),
      ...columns.map(({ metric, show }) => cell(rule, metric, show)),
      speed(rule),
    ]),
  );
}

/** Prints the angles of each rule's first run that has an exact gradient to compare with. */
function showFirstAngles(terminal: Terminal, { runs }: Session): void {
  const probed = runs.flatMap(({ document, metrics }) => {
    const probes = metrics.filter((record): record is ProbeRecord => record.kind === 'probe');
    const isCompared = probes.some(({ projections }) =>
      Object.values(projections).some(({ angle }) => angle !== null),
    );
    return isCompared ? [{ rule: nameOf(document), probes }] : [];
  });
  if (probed.length === 0) return;
  terminal.line('\nAngle between each update and the exact gradient, from the first step to the last');
  terminal.line(
    '(0° is the exact gradient, 90° a random direction; below 90° a small step lowers the loss):',
  );
  for (const name of new Set(probed.map(({ rule }) => rule))) {
    showAngles(terminal, name, probed.find(({ rule }) => rule === name)?.probes ?? []);
  }
}

/** Prints one line per projection with the course of its angle. */
function showAngles(terminal: Terminal, rule: string, probes: readonly ProbeRecord[]): void {
  const last = probes.at(-1);
  if (!last) return;
  const ids = Object.keys(last.projections);
  const longest = Math.max(...ids.map((id) => id.length));
  if (!probes.some(({ projections }) => Object.values(projections).some(({ angle }) => angle !== null)))
    return;
  terminal.line(`  ${rule}`);
  if (ids.every((id) => last.projections[id]?.reason === 'no gradient')) {
    terminal.line('    no exact gradient to compare with');
    return;
  }
  for (const id of ids) {
    const angles = probes.flatMap(({ projections }) => projections[id]?.angle ?? []);
    const reason = last.projections[id]?.reason;
    if (angles.length === 0) {
      if (reason) terminal.line(`    ${id.padEnd(longest)}  ${reason}`);
      continue;
    }
    const every = Math.max(1, Math.ceil(angles.length / 30));
    const thinned = angles.filter((_, index) => index % every === 0);
    const [first, final] = [angles[0] as number, angles.at(-1) as number];
    terminal.line(
      `    ${id.padEnd(longest)}  ${first.toFixed(0).padStart(3)}° ${sparkline(thinned, 0, 100)} ${reason ?? `${final.toFixed(0)}°`}`,
    );
  }
}
