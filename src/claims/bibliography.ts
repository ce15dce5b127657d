import { environmentById, environmentIds } from '../environments/index.ts';
import { bibliography } from '../runs/bibliography.ts';
import { CONTROL_SOURCES } from '../training/control/control-training.ts';
import { SEARCH_SOURCES } from '../search/halving.ts';
import { RULES } from '../rules/index.ts';
import { CLAIMS } from './registry.ts';

/** What cites a source (a rule, a claim, an environment, the way an actor learns), and the key it gives. */
export interface Citation {
  readonly from: string;
  readonly key: string;
}

/** Everything in the library that cites a source. */
export const citations = (): Citation[] => [
  ...RULES.flatMap(({ id, cites }) => cites.map((key) => ({ from: `rule "${id}"`, key }))),
  ...environmentIds.flatMap((id) =>
    environmentById(id).cites.map((key) => ({ from: `environment "${id}"`, key })),
  ),
  ...CONTROL_SOURCES.map((key) => ({ from: 'learning of actors', key })),
  ...CLAIMS.map(({ claim }) => ({ from: `claim "${claim.id}"`, key: claim.source })),
  ...SEARCH_SOURCES.map((key) => ({ from: 'command "search"', key })),
];

const FIELDS = ['title', 'authors', 'year', 'venue', 'doi', 'url'];
/** Prefix of the registrant, slash, a name without spaces (ISO 26324; the form that doi.org resolves). */
const DOI = /^10\.\d{4,9}\/\S+$/;

/**
 * What is wrong with docs/bibliography.json, one sentence each: fields missing or malformed, keys out of order,
 * keys cited that are not there, and sources that nothing cites. Empty when all is well.
 */
export function checkBibliography(
  sources: Readonly<Record<string, unknown>> = { ...bibliography() },
  cited: readonly Citation[] = citations(),
): string[] {
  const keys = Object.keys(sources);
  const known = new Set(keys);
  const used = new Set(cited.map(({ key }) => key));
  const sorted = [...keys].sort();
  return [
    ...keys.flatMap((key) => entryProblems(key, sources[key])),
    ...keys
      .filter((key, index) => key !== sorted[index])
      .slice(0, 1)
      .map((key) => `"${key}" is out of order: keys are sorted.`),
    ...cited
      .filter(({ key }) => !known.has(key))
      .map(({ from, key }) => `The ${from} cites "${key}", which is not there.`),
    ...keys.filter((key) => !used.has(key)).map((key) => `"${key}" is cited by nothing.`),
  ];
}

function entryProblems(key: string, entry: unknown): string[] {
  const problems: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) problems.push(`"${key}": ${what}.`);
  };
  const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
  const { title, authors, year, venue, doi, url, ...others } = (entry ?? {}) as Record<string, unknown>;
  expect(isText(title), 'it needs a title');
  expect(
    Array.isArray(authors) && authors.length > 0 && authors.every(isText),
    'it needs a list of authors, each a name',
  );
  expect(
    Number.isInteger(year) && (year as number) >= 1800 && (year as number) <= 2100,
    `the year ${JSON.stringify(year)} is not one`,
  );
  expect(isText(venue), 'it needs a venue');
  expect(doi !== undefined || url !== undefined, 'it needs a doi or a url');
  expect(
    doi === undefined || (isText(doi) && DOI.test(doi)),
    `the doi ${JSON.stringify(doi)} is not of the form 10.1038/ncomms13276`,
  );
  expect(
    url === undefined || (isText(url) && URL.canParse(url) && url.startsWith('https://')),
    `the url ${JSON.stringify(url)} is not an https address`,
  );
  expect(
    !isText(key) || !Number.isInteger(year) || new RegExp(`^[a-z-]+${String(year)}[a-z]?$`).test(key),
    'the key must be the first author and the year, such as "lillicrap2016"',
  );
  for (const name of Object.keys(others)) {
    problems.push(`"${key}": there is no field "${name}"; the fields are ${FIELDS.join(', ')}.`);
  }
  return problems;
}
