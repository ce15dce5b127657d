import { closest, distance } from 'fastest-levenshtein';

/**
 * Returns ` Did you mean "rings"?` if a known name is close to the word, else an empty string. Close means at most one
 * edit in every three letters; swapping two letters is one edit, and case does not matter. `show` returns the suggestion
 * as the user would write it.
 */
export function didYouMean(
  word: string,
  known: readonly string[],
  show = (name: string): string => name,
): string {
  if (known.length === 0) return '';
  const lower = word.toLowerCase();
  const nearest = closest(
    lower,
    known.map((name) => name.toLowerCase()),
  );
  if (edits(lower, nearest) > Math.max(1, Math.floor(word.length / 3))) return '';
  const found = known.find((name) => name.toLowerCase() === nearest);
  return found === undefined ? '' : ` Did you mean "${show(found)}"?`;
}

/** Returns the Levenshtein distance of two words, with a swap of two letters as one edit. */
function edits(a: string, b: string): number {
  const count = distance(a, b);
  const letters = (word: string) => Array.from(word).sort().join('');
  const isSwap = count === 2 && letters(a) === letters(b);
  return isSwap ? 1 : count;
}
