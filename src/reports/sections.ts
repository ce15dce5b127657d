import type { Cost, LocalityRow } from '../training/records.ts';
import { bytes, count, duration, list, number, plural } from './charts/format.ts';
import type { RunReport } from '../runs/report-inputs.ts';
import { html, type Interpolated, type Markup } from './markup.ts';
import { details, facts, code, table } from './page.ts';
import type { RuleGroup } from './charts/series.ts';
import { equation } from './equation.ts';

/** Parts that the report of a run and that of a comparison share. Each takes the runs grouped by rule. */

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

/** What crossed to each synapse in one audited step of each rule. */
export function localityAudit(groups: readonly RuleGroup[]): Markup | undefined {
  const audited = groups.filter((group) => (group.runs[0]?.locality.length ?? 0) > 0);
  if (audited.length === 0) return undefined;
  const tables = audited.map((group) => {
    const rows = group.runs[0]?.locality ?? [];
    const heading = groups.length > 1 && html`<h3>${group.title}</h3> `;
    return html`${heading}
      <p>${transportOf(rows)}</p>
      ${table('What one real step was seen to carry to the synapses of each projection', LOCALITY_COLUMNS, rows.map(localityCells))}`;
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

/** Multiply–accumulates and bytes for one example, a row by rule. */
export function costTable(groups: readonly RuleGroup[]): Markup | undefined {
  const rows = groups.flatMap((group) => {
    const cost = group.runs.find((report) => report.cost)?.cost;
    return cost ? [costCells(group.title, cost)] : [];
  });
  if (rows.length === 0) return undefined;
  const headings = ['Forward', 'Feedback', 'Update', 'Total', 'Total / forward', 'Between areas'];
  return html`${table(
      'Multiply–accumulates for one example of a batch, measured in a real step',
      [{ heading: 'Rule' }, ...headings.map((heading) => ({ heading, numeric: true }))],
      rows,
    )}
    <p class="kind">
      “Between areas” is what is sent from area to area: activity forward, errors or targets back.
    </p> `;
}

/** Where the runs were computed: once when it was the same everywhere, else for each. */
export function environments(groups: readonly RuleGroup[]): Markup {
  const runs = groups.flatMap((group) => group.runs.map((report) => ({ group, report })));
  const places = new Map<string, { report: RunReport; names: string[]; dates: string[] }>();
  for (const { group, report } of runs) {
    const { date, ...environment } = report.environment;
    const key = JSON.stringify([environment, report.run.backend, report.run.threads]);
    const place = places.get(key) ?? { report, names: [], dates: [] };
    place.names.push(`${group.title}, seed ${report.run.seed}`);
    place.dates.push(date);
    places.set(key, place);
  }
  return html`${[...places.values()].map(({ report, names, dates }) => {
    const { run, environment } = report;
    const sorted = dates.toSorted();
    const span = sorted[0] === sorted.at(-1) ? sorted[0] : `${sorted[0] ?? ''} to ${sorted.at(-1) ?? ''}`;
    const commit = environment.commit ?? 'none: not in a repository';
    return facts(places.size === 1 ? 'Machine, backend and versions' : names.join('; '), [
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

/** Command lines, and every distinct config in full. */
export function howToRepeat(groups: readonly RuleGroup[], command: string): Markup {
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
  return html`${code(command)}${commands.length > 0 && details('Each run by itself', code(commands.join('\n')))}${[
    ...configs,
  ].map(([text, names]) =>
    details(runs.length === 1 ? 'Complete config' : `Complete config: ${names.join('; ')}`, code(text)),
  )}${folders.length > 0 && details('Folders of the records', code(folders.join('\n')))}`;
}

/** Citations in the order met, each once; addresses in them become links. */
export function sources(groups: readonly RuleGroup[]): Markup | undefined {
  const citations = new Set(groups.flatMap((group) => group.runs.flatMap((report) => report.citations)));
  if (citations.size === 0) return undefined;
  return html`<ol class="sources">
    ${[...citations].map((citation) => html`<li>${linked(citation)}</li> `)}
  </ol> `;
}

/** Speed, time and memory of a run. */
export function speedFacts(report: RunReport): (readonly [string, Interpolated])[] {
  const { run } = report;
  const unit = run.metrics['return'] === undefined ? 'example' : 'step';
  return [
    ['Time', `${duration(run.wallSeconds)}, ${plural(Math.round(run.examplesPerSecond), unit)} a second`],
    ['Peak memory', bytes(run.peakMemoryBytes)],
  ];
}

const LOCALITY_MEANINGS = [
  [
    'Transposed weights',
    'Projections whose weights were used backwards. No known synapse can read another’s weight this way.',
  ],
  ['Other weights read', 'Projections whose weights were read other than by passing activity through them.'],
  ['Signed error', 'Whether a signed error signal, apart from activity, reached the synapse.'],
  ['Global scalars', 'Single numbers that every synapse received, such as a reward.'],
  ['Phases', 'Phases of activity that one update needs.'],
  [
    'Waits for',
    'Projections that an error had to cross, one after the other, before this synapse could change.',
  ],
  ['Computed from', 'Everything that the update was computed from.'],
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
    names(row.globalScalars),
    count(row.phases),
    count(row.waitsForProjections),
    names(row.sources),
  ];
}

function transportOf(rows: readonly LocalityRow[]): string {
  const transported = rows.filter((row) => row.transposedWeights.length > 0);
  if (transported.length === 0)
    return 'No synapse read the transposed weights of another: no weight transport.';
  const names = transported.map((row) => row.projection);
  return `Weight transport: the update of ${list(names)} used transposed weights of other projections.`;
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

/** Web addresses, DOIs and arXiv numbers as links; everything else as text. */
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
