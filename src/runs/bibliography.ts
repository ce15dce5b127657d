import { readFileSync } from 'node:fs';
import { citationOf } from './citations.ts';
import type { Source } from './citations.ts';
import { packageFile } from './files/package-root.ts';

let known: Readonly<Record<string, Source>> | undefined;

/** Returns every source of docs/bibliography.json, by key. */
export function bibliography(): Readonly<Record<string, Source>> {
  known ??= JSON.parse(readFileSync(packageFile('docs/bibliography.json'), 'utf8')) as Record<string, Source>;
  return known;
}

/**
 * Formats a source: "Lillicrap, Cownden, Tweed & Akerman (2016). Title. Venue. https://doi.org/…". Returns the key if
 * it is unknown.
 */
export function citation(key: string): string {
  const source = bibliography()[key];
  if (!source) return key;
  const { text, link } = citationOf(source);
  return link === undefined ? text : `${text} ${link}`;
}
