import { readFileSync } from 'node:fs';
import { packageFile } from './package-root.ts';

/** One entry of docs/bibliography.json. */
export interface Source {
  readonly title: string;
  readonly authors: readonly string[];
  readonly year: number;
  readonly venue: string;
  readonly doi?: string;
  readonly url?: string;
}

let known: Readonly<Record<string, Source>> | undefined;

/** Every source, by key. */
export function bibliography(): Readonly<Record<string, Source>> {
  known ??= JSON.parse(readFileSync(packageFile('docs/bibliography.json'), 'utf8')) as Record<string, Source>;
  return known;
}

/** "Lillicrap, Cownden, Tweed & Akerman (2016). Title. Venue. https://doi.org/…"; the key itself when unknown. */
export function citation(key: string): string {
  const source = bibliography()[key];
  if (!source) return key;
  const names = source.authors.map((author) => author.replace(/,.*$/, ''));
  const last = names.pop() ?? '';
  const authors = names.length === 0 ? last : `${names.join(', ')} & ${last}`;
  const link = source.doi ? ` https://doi.org/${source.doi}` : source.url ? ` ${source.url}` : '';
  return `${authors} (${source.year}). ${source.title}. ${source.venue}.${link}`;
}
