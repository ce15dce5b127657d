import { closest, distance } from 'fastest-levenshtein';

/** ` Did you mean "rings"?` where a known name is near, else nothing. Upper and lower case are taken as one. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const lower = word.toLowerCase();
  const nearest = closest(
    lower,
    known.map((name) => name.toLowerCase()),
  );
  if (distance(lower, nearest) > Math.max(2, Math.floor(word.length / 3))) return '';
  return ` Did you mean "${known.find((name) => name.toLowerCase() === nearest)}"?`;
}
