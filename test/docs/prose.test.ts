/** Words that the project's glossary replaces must not occur in a page, except in code and quotations. */
import { describe, expect, test } from 'vitest';
import { readPages } from './markdown.ts';

const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/\bmend(?:s|ed|ing)?\b/i, 'fix'],
  [/\bjudg(?:e|es|ed|ing)\b/i, 'evaluate or score'],
  [/\bturn(?:s|ed|ing)? round\b/i, 'transpose'],
  [/\bwhat comes (?:down|from above)\b/i, 'top-down input, or feedback'],
  [/\bthe way up\b/i, 'the forward path'],
  [/\bthe way down\b/i, 'the feedback path'],
];

describe.each(readPages())('$path', ({ prose }) => {
  test.each(REPLACED)('has no %s; write "%s"', (word) => {
    // A phrase may span a line break.
    const found = prose.flatMap(({ at, text }, index) => {
      const rest = ` ${prose[index + 1]?.text.trimStart().split(' ').slice(0, 3).join(' ') ?? ''}`;
      const match = word.exec(text + rest);
      return match && match.index < text.length ? [`${at}: ${match[0]}`] : [];
    });
    expect(found).toEqual([]);
  });
});
