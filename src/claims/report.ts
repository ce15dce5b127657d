import { bibliography } from '../runs/bibliography.ts';
import type { Source } from '../runs/citations.ts';
import { describeEnvironment, writeDocument } from '../runs/folder/index.ts';
import { list } from '../list.ts';
import { count, duration, number, plural } from '../reports/charts/format.ts';
import { html, trusted, type Interpolated, type Markup } from '../reports/markup.ts';
import { code, details, facts, page, section, table } from '../reports/page.ts';
import type { Condition, Provenance } from './claim.ts';
import { INTERVAL_STYLE, intervalBar } from './interval-bar.ts';
import type { ClaimsPlace, ClaimStanding } from './list.ts';
import { claimStandings } from './list.ts';
import type { ClaimResult } from './result.ts';
import type { ClaimStatus } from './verdict.ts';
import { STATUSES } from './verdict.ts';

export interface ClaimsReport {
  readonly standings: readonly ClaimStanding[];
  readonly sources: Readonly<Record<string, Source>>;
  /** Version of this program. */
  readonly apical: string;
}

const STATUS_WORDS: Readonly<Record<ClaimStatus, string>> = {
  reproduced: 'reproduced',
  partly: 'partly reproduced',
  'not-reproduced': 'not reproduced',
  'not-run': 'not run',
};

const STATUS_MARKS: Readonly<Record<ClaimStatus, string>> = {
  reproduced: '✓',
  partly: '◐',
  'not-reproduced': '✗',
  'not-run': '○',
};

const PROVENANCE_WORDS: Readonly<Record<Provenance, string>> = {
  published: 'printed in the source, or in its authors’ code or logs',
  reproduction: 'from a third party’s reproduction',
  derived: 'derived from the source’s equations; the source does not print it',
  calibrated: 'measured here over several seeds, then fixed',
};

/** Renders every claim with its outcome as one HTML page that needs no script, no network and no other file. */
export function renderClaimsReport({ standings, sources, apical }: ClaimsReport): string {
  const body = html`<style>
      ${trusted(STYLE + INTERVAL_STYLE)}
    </style>
    <header>
      <p class="kind">Apical, claims</p>
      <h1>${headline(standings)}</h1>
      <p class="lead">
        Each claim is a program. The band is the expected interval, each dot a seed, and the diamond the
        deciding figure.
      </p>
    </header>
    ${section('overview', 'Overview', overview(standings))}
    ${standings.map((standing) => claimSection(standing, sources))}`;
  return page('Claims', `Apical ${apical}`, body);
}

/** Writes the page for the stored outcomes; the file appears whole or not at all. */
export function writeClaimsReport(file: string, place: ClaimsPlace = {}): void {
  const { apical } = describeEnvironment();
  const report = { standings: claimStandings(place), sources: bibliography(), apical };
  writeDocument(file, renderClaimsReport(report));
}

/** Returns a headline such as "4 of 5 claims reproduced, 1 not run". */
function headline(standings: readonly ClaimStanding[]): string {
  const amount = (status: ClaimStatus) => standings.filter((standing) => standing.status === status).length;
  const rest = STATUSES.slice(1).flatMap((status) =>
    amount(status) === 0 ? [] : [`${count(amount(status))} ${STATUS_WORDS[status]}`],
  );
  const first = `${count(amount('reproduced'))} of ${plural(standings.length, 'claim')} reproduced`;
  return rest.length === 0 ? first : `${first}, ${list(rest)}`;
}

function overview(standings: readonly ClaimStanding[]): Markup {
  return table(
    'Every claim by its deciding figure',
    [
      { heading: 'Claim' },
      { heading: 'Status' },
      { heading: 'Measured', numeric: true },
      { heading: 'Expected' },
      { heading: 'Tier' },
      { heading: 'Systems' },
    ],
    standings.map((standing) => {
      const { claim, result } = standing;
      const [deciding] = claim.conditions;
      return [
        html`<a href="#${claim.id}">${claim.title}</a>`,
        statusMarkup(standing),
        result ? inUnit(result.measured, result.unit) : '–',
        `${(result ?? deciding).expected.text}${withUnit(deciding.unit)}`,
        claim.tier,
        claim.systems.join(', '),
      ];
    }),
  );
}

function claimSection(standing: ClaimStanding, sources: ClaimsReport['sources']): Markup | undefined {
  const { claim, result } = standing;
  return section(
    claim.id,
    claim.title,
    html`<p>${statusMarkup(standing)}</p>
      <p>${claim.statement}</p>
      <p class="source">${sourceMarkup(claim.source, sources[claim.source])}</p>
      ${result ? conditionsOf(result) : claim.conditions.map(expectation)}
      ${result?.note ? html`<p>${result.note}</p> ` : undefined} ${result && everySeed(result)}
      ${facts('About this claim', aboutFacts(standing))} ${code(`apical claims run ${claim.id}`)}`,
  );
}

function statusMarkup(standing: ClaimStanding): Markup {
  const { status } = standing;
  const doubt = doubtOf(standing);
  return html`<strong class="status ${status}"
      ><span aria-hidden="true">${STATUS_MARKS[status]}</span> ${STATUS_WORDS[status]}</strong
    >${doubt === undefined ? undefined : html` <span class="alarm">${doubt}</span>`}`;
}

/** Returns why the verdict may no longer hold; undefined if it still does. */
function doubtOf({ stale, unchecked }: ClaimStanding): string | undefined {
  if (stale) return 'stale: the code has changed since';
  return unchecked ? 'unchecked: shared code has changed since' : undefined;
}

function conditionsOf(result: ClaimResult): Markup[] {
  return result.conditions.map(({ id, statement, unit, expected, measured, holds }) => {
    const perSeed = result.perSeed.flatMap(({ values }) => {
      const value = values[id];
      return value === null || value === undefined ? [] : [value];
    });
    const figure = inUnit(measured, unit);
    const words = `measured ${figure}, expected ${expected.text}${withUnit(unit)}: ${holds ? 'holds' : 'does not hold'}`;
    return html`<figure>
      <figcaption>
        ${statement}: <strong>${figure}</strong>, expected ${expected.text}${withUnit(unit)}
      </figcaption>
      ${intervalBar({ expected, measured, holds, perSeed, label: `${statement}: ${words}` })}
      <p class="holds-words ${holds ? '' : 'alarm'}">${holds ? 'Holds' : 'Does not hold'}</p>
    </figure> `;
  });
}

const expectation = ({ statement, unit, expected }: Condition): Markup =>
  html`<p>${statement}: expected ${expected.text}${withUnit(unit)}.</p> `;

function everySeed(result: ClaimResult): Markup | undefined {
  const names = [...new Set(result.perSeed.flatMap(({ values }) => Object.keys(values)))];
  if (names.length === 0) return undefined;
  const rows = result.perSeed.map(({ seed, values }) => [
    String(seed),
    ...names.map((name) => figureText(values[name] ?? null)),
  ]);
  const columns = [{ heading: 'Seed' }, ...names.map((heading) => ({ heading, numeric: true }))];
  return details(`Every seed (${count(rows.length)})`, table('Values by seed', columns, rows));
}

function aboutFacts({ claim, file, result }: ClaimStanding): [string, Interpolated][] {
  const rows: [string, Interpolated][] = [
    ['Expected figure', PROVENANCE_WORDS[claim.provenance]],
    ['Tier', claim.tier],
    ['Systems', claim.systems.join(', ')],
    ['Program', `src/${file}`],
  ];
  if (!result) return rows;
  const { details: explained, commit, dirty, renewed } = result;
  return [
    ...rows,
    ...Object.entries(explained).map(([name, value]): [string, string] => [name, figureText(value)]),
    ['Backend', `${result.backend}, ${plural(result.threads, 'thread')}`],
    ['Hardware', result.hardware],
    ['Versions', `Apical ${result.apical}, Node ${result.node}`],
    ['Commit', commit === null ? 'none' : `${commit.slice(0, 12)}${dirty ? ', sources changed since' : ''}`],
    ['Run', `${result.date.slice(0, 10)}, in ${duration(result.wallSeconds)}`],
    ...(renewed ? [['Renewed', renewalText(renewed)] as [string, string]] : []),
  ];
}

const renewalText = ({ date, commit }: NonNullable<ClaimResult['renewed']>): string =>
  `${date.slice(0, 10)}${commit === null ? '' : `, at commit ${commit.slice(0, 12)}`}: its fingerprint was unchanged, so it was not trained again`;

function sourceMarkup(key: string, source: Source | undefined): Markup {
  if (!source) return html`${key}`;
  const { authors, year, title, venue, doi, url } = source;
  const address = doi === undefined ? url : `https://doi.org/${doi}`;
  const link = address?.startsWith('https://')
    ? html` <a href="${address}">${doi === undefined ? address : `doi:${doi}`}</a>`
    : undefined;
  return html`${list(authors)} (${year}). ${title}. ${venue}.${link}`;
}

const figureText = (value: number | null): string => (value === null ? 'not finite' : number(value));
const inUnit = (value: number | null, unit: string): string =>
  value === null ? 'not finite' : `${number(value)}${withUnit(unit)}`;
const withUnit = (unit: string): string => (unit === '' ? '' : unit === 'degrees' ? '°' : `\u00A0${unit}`);

const STYLE = `
.status{white-space:nowrap}
.status.reproduced{color:var(--series-3)}
.status.partly{color:var(--series-5)}
.status.not-reproduced{color:var(--alarm)}
.status.not-run{color:var(--muted)}
.source{color:var(--muted);font-size:.9rem}
.holds-words{font-size:.85rem;margin:0}
`;
