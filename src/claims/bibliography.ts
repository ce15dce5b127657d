import { environmentById, environmentIds } from '../environments/index.ts';
import { bibliography } from '../runs/bibliography.ts';
import { CONTROL_SOURCES } from '../training/control/control-training.ts';
import { SEARCH_SOURCES } from '../search/halving.ts';
import { RULES } from '../rules/index.ts';
import { CLAIMS } from './registry.ts';

/** A citation: the citing part (a rule, a claim, an environment, the learning of actors) and the key of the source. */
export interface Citation {
  readonly from: string;
  readonly key: string;
}

/** Returns all citations of sources in the library. */
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
/** The form of a DOI: registrant prefix, slash, a name without spaces (ISO 26324; the form that doi.org resolves). */
const DOI = /^10\.\d{4,9}\/\S+$/;

/**
 * Checks docs/bibliography.json and returns one sentence per problem: missing or malformed fields, keys out of order,
 * cited keys that do not exist, and sources without a citation.
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
      .map(({ from, key }) => `The ${from} cites "${key}", which does not exist.`),
    ...keys.filter((key) => !used.has(key)).map((key) => `Nothing cites "${key}".`),
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
