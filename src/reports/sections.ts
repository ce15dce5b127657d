import { list } from '../list.ts';
import { describeStored } from '../analysis/audit/stored.ts';
import type { Cost, LocalityRow } from '../training/records.ts';
import { bytes, count, duration, number, plural } from './charts/format.ts';
import type { RunReport } from '../runs/report-inputs.ts';
import { html, type Interpolated, type Markup } from './markup.ts';
import { details, facts, code, table } from './page.ts';
import type { RuleGroup } from './charts/series.ts';
import { equation } from './equation.ts';

/*
 * Sections that run reports and comparison reports share. Each takes the runs grouped by rule.
 */

/** Returns the equation of each rule, with a heading if there are several rules. */
export function equations(groups: readonly RuleGroup[]): Markup[] {
  return groups.flatMap((group) => {
    const tex = group.runs[0]?.ruleEquation.trim();
    if (!tex) return [];
    const heading = groups.length > 1 && html`<h3>${group.title}</h3>`;
    return [
      html`${heading}
        <div class="equation" tabindex="0">${equation(tex)}</div> `,
    ];
  });
}

/** Returns the locality audit: the signals that reached each synapse in three recorded steps of each rule. */
export function localityAudit(groups: readonly RuleGroup[]): Markup | undefined {
  const audited = groups.filter((group) => (group.runs[0]?.locality.length ?? 0) > 0);
  if (audited.length === 0) return undefined;
  const tables = audited.map((group) => {
    const rows = group.runs[0]?.locality ?? [];
    const heading = groups.length > 1 && html`<h3>${group.title}</h3> `;
    return html`${heading}
      <p>${transportOf(rows)}</p>
      ${violationsOf(group.runs[0]?.reachViolations ?? [])}
      ${table('Signals that reached the synapses of each projection in three recorded steps', LOCALITY_COLUMNS, rows.map(localityCells))}`;
  });
  return html`${tables}
    <dl class="columns">
      ${LOCALITY_MEANINGS.map(
        ([term, meaning]) =>
          html`<dt>${term}</dt>
            <dd>${meaning}</dd>`,
      )}
    </dl> `;
}

/** Returns the table of multiply–accumulates and bytes per example, with one row per rule. */
export function costTable(groups: readonly RuleGroup[]): Markup | undefined {
  const rows = groups.flatMap((group) => {
    const cost = group.runs.find((report) => report.cost)?.cost;
    return cost ? [costCells(group.title, cost)] : [];
  });
  if (rows.length === 0) return undefined;
  const headings = ['Forward', 'Feedback', 'Update', 'Total', 'Total / forward', 'Between areas'];
  return html`${table(
      'Multiply–accumulate operations per example, measured in a training step',
      [{ heading: 'Rule' }, ...headings.map((heading) => ({ heading, numeric: true }))],
      rows,
    )}
    <p class="kind">
      “Between areas” counts the bytes sent from area to area: activity forward, and errors or targets
      backward.
    </p> `;
}

/** Returns the hardware and software of the runs, one table per distinct environment. */
export function environments(groups: readonly RuleGroup[]): Markup {
  const runs = groups.flatMap((group) => group.runs.map((report) => ({ group, report })));
  const distinct = new Map<string, { report: RunReport; names: string[]; dates: string[] }>();
  for (const { group, report } of runs) {
    const { date, ...environment } = report.environment;
    const key = JSON.stringify([environment, report.run.backend, report.run.threads]);
    const entry = distinct.get(key) ?? { report, names: [], dates: [] };
    entry.names.push(`${group.title}, seed ${report.run.seed}`);
    entry.dates.push(date);
    distinct.set(key, entry);
  }
  return html`${[...distinct.values()].map(({ report, names, dates }) => {
    const { run, environment } = report;
    const sorted = dates.toSorted();
    const span = sorted[0] === sorted.at(-1) ? sorted[0] : `${sorted[0] ?? ''} to ${sorted.at(-1) ?? ''}`;
    const commit = environment.commit ?? 'none: not in a repository';
    return facts(distinct.size === 1 ? 'Machine, backend and versions' : names.join('; '), [
      ['Backend', `${run.backend} (${environment.backendDetail}), ${plural(run.threads, 'thread')}`],
      ['Hardware', environment.hardware],
      ['Apical', environment.apical],
      [
        'Commit',
        environment.commit !== null && environment.dirty ? `${commit}, with uncommitted changes` : commit,
      ],
      ['Node', environment.node],
      ['Date', span],
    ]);
  })}`;
}

/** Returns the command lines that reproduce the runs, and every distinct config in full. */
export function howToReproduce(groups: readonly RuleGroup[], command: string): Markup {
  const runs = groups.flatMap((group) => group.runs);
  const commands = [...new Set(runs.map((report) => report.command))].filter((line) => line !== command);
  const configs = new Map<string, string[]>();
  for (const group of groups) {
    for (const report of group.runs) {
      const text = JSON.stringify(report.config ?? null, null, 2);
      configs.set(text, [...(configs.get(text) ?? []), `${group.title}, seed ${report.run.seed}`]);
    }
  }
  const folders = runs.flatMap((report) => report.run.folder ?? []);
  return html`${code(command)}${commands.length > 0 && details('Single runs', code(commands.join('\n')))}${[
    ...configs,
  ].map(([text, names]) =>
    details(runs.length === 1 ? 'Complete config' : `Complete config: ${names.join('; ')}`, code(text)),
  )}${folders.length > 0 && details('Run folders', code(folders.join('\n')))}`;
}

/** Returns the distinct citations in their order, with addresses as links. */
export function sources(groups: readonly RuleGroup[]): Markup | undefined {
  const citations = new Set(groups.flatMap((group) => group.runs.flatMap((report) => report.citations)));
  if (citations.size === 0) return undefined;
  return html`<ol class="sources">
    ${[...citations].map((citation) => html`<li>${linked(citation)}</li> `)}
  </ol> `;
}

/** Returns time, speed and memory of a run. */
export function speedFacts(report: RunReport): (readonly [string, Interpolated])[] {
  const { run } = report;
  const unit = run.metrics['return'] === undefined ? 'example' : 'step';
  return [
    ['Time', `${duration(run.wallSeconds)}, ${plural(Math.round(run.examplesPerSecond), unit)} per second`],
    ['Peak memory', bytes(run.peakMemoryBytes)],
  ];
}

const LOCALITY_MEANINGS = [
  [
    'Transposed weights',
    'Projections whose weights were used in the backward direction. No known synapse has access to the weight of another in this way.',
  ],
  [
    'Other weights read',
    'Projections whose weights were read for a purpose other than sending activity through them.',
  ],
  ['Signed error', 'Whether a signed error signal, separate from activity, reached the synapse.'],
  ['Target', 'Whether the target itself, or the activity of an area clamped to it, reached the synapse.'],
  ['Error in input', 'Whether the presynaptic input carried an error, added for a second phase.'],
  ['Global scalars', 'Single numbers that every synapse received, such as a reward.'],
  ['Phases', 'Number of activity phases that one update needs.'],
  [
    'Waits for',
    'Number of projections that an error had to cross in sequence before the synapse could change.',
  ],
  [
    'Must store',
    'Numbers that the rule keeps between steps for these synapses, besides the weights and the optimiser’s state.',
  ],
  [
    'Backwards in time',
    'Whether an error of a later time step met the activity of an earlier one, as in backpropagation through time.',
  ],
  [
    'Values read outside operations',
    'Values that the rule read as plain numbers. These cannot be followed, so the update may depend on them in any way.',
  ],
  ['Computed from', 'All signals from which the update was computed.'],
] as const;

const LOCALITY_COLUMNS = ['Projection', ...LOCALITY_MEANINGS.map(([term]) => term)].map((heading) => ({
  heading,
  numeric: heading === 'Phases' || heading === 'Waits for',
}));

function localityCells(row: LocalityRow): Interpolated[] {
  const names = (items: readonly string[]) => (items.length > 0 ? items.join(', ') : 'none');
  return [
    row.projection,
    names(row.transposedWeights),
    names(row.otherWeights),
    row.signedError ? 'yes' : 'no',
    row.target ? 'yes' : 'no',
    row.errorInInput ? 'yes' : 'no',
    names(row.globalScalars),
    count(row.phases),
    count(row.waitsForProjections),
    describeStored(row.stored),
    row.backwardsInTime ? 'yes' : 'no',
    names(row.valuesRead),
    names(row.sources),
  ];
}

function violationsOf(violations: readonly string[]): Markup | false {
  if (violations.length === 0) return false;
  return html`<p>Beyond the declared reach of one layer: ${list(violations)}.</p> `;
}

function transportOf(rows: readonly LocalityRow[]): string {
  const transported = rows.filter((row) => row.transposedWeights.length > 0);
  if (transported.length === 0) {
    return rows.some(({ valuesRead }) => valuesRead.length > 0)
      ? 'Weight transport unknown: values were read outside of operations, where they cannot be followed.'
      : 'No weight transport: no update used the transposed weights of another projection.';
  }
  const names = transported.map((row) => row.projection);
  return `Weight transport: the update of ${list(names)} used the transposed weights of other projections.`;
}

function costCells(title: string, cost: Cost): Interpolated[] {
  const total = cost.forwardMacs + cost.feedbackMacs + cost.updateMacs;
  const ratio = cost.forwardMacs > 0 ? `${number(total / cost.forwardMacs, 3)} ×` : '–';
  return [
    title,
    count(cost.forwardMacs),
    count(cost.feedbackMacs),
    count(cost.updateMacs),
    count(total),
    ratio,
    bytes(cost.bytesBetweenAreas),
  ];
}

/** Converts web addresses, DOIs and arXiv numbers in a citation to links. */
export function linked(citation: string): Interpolated[] {
  const parts = citation.split(
    /(https?:\/\/[^\s<>"]*[^\s<>".,;)\]]|\b10\.\d{4,9}\/[^\s<>"]*[^\s<>".,;)\]]|\barXiv:\d{4}\.\d{4,5})/u,
  );
  return parts.map((part, index) => {
    if (index % 2 === 0) return part;
    const address = part.startsWith('10.')
      ? `https://doi.org/${part}`
      : part.startsWith('arXiv:')
        ? `https://arxiv.org/abs/${part.slice('arXiv:'.length)}`
        : part;
    return html`<a href="${address}" rel="noreferrer">${part}</a>`;
  });
}
