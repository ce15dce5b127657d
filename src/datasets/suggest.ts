import { closest, distance } from 'fastest-levenshtein';

/** Returns ` Did you mean "rings"?` if a known name is close to `word`, else ''. Ignores case. */
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
