import type { Block, Page } from './markdown.ts';

/** A command of a page, as a reader types it. */
export interface Line {
  /** Position of its first line, such as "README.md:31". */
  readonly at: string;
  readonly words: readonly string[];
  /** The text after "#". */
  readonly comment: string;
}

/**
 * Returns the commands of a page, in order. Blocks of commands have the language `sh`, or no language and a line that
 * begins with `apical`, `npx` or `npm`.
 */
export const commandsOf = (page: Page): Line[] =>
  page.blocks.filter(isCommands).flatMap((block) => linesOf(page.path, block));

export const isCommands = ({ language, text }: Block): boolean =>
  language === 'sh' || (language === '' && /^(?:apical|npx|npm) /m.test(text));

/** Matches a comment that gives the duration of a long command, which tests only plan: "9 min", "2 to 4 h, …". */
const DURATION = /^(?:about )?(?:[\d.]+ (?:to|or) )?([\d.]+) (s|min|h)\b/;

/** Returns the minutes that a command takes according to its comment, at most; undefined for a quick command. */
export function minutesOf({ comment }: Line): number | undefined {
  const [, count, unit] = DURATION.exec(comment) ?? [];
  if (count === undefined) return undefined;
  return Number(count) * (unit === 's' ? 1 / 60 : unit === 'min' ? 1 : 60);
}

function linesOf(page: string, block: Block): Line[] {
  const lines: Line[] = [];
  let [typed, line] = ['', 0];
  for (const [index, text] of block.text.split('\n').entries()) {
    if (typed === '') line = block.line + index;
    typed += text.replace(/\\$/, '');
    if (text.endsWith('\\')) continue;
    const { words, comment } = splitCommand(typed);
    if (words.length > 0) lines.push({ at: `${page}:${line}`, words, comment });
    typed = '';
  }
  return lines;
}

const QUOTED = /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g;

/** Splits a command at blanks as a shell does, for plain words and quotations of both kinds. */
export function splitCommand(typed: string): { words: string[]; comment: string } {
  const words: string[] = [];
  const token = /\s*(#.*$|(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/gy;
  for (const [, text = ''] of typed.matchAll(token)) {
    if (text.startsWith('#')) return { words, comment: text.slice(1).trim() };
    words.push(
      text.replaceAll(QUOTED, (_, double?: string, single?: string, escaped?: string) =>
        double === undefined ? (single ?? escaped ?? '') : double.replaceAll(/\\(["\\$`])/g, '$1'),
      ),
    );
  }
  return { words, comment: '' };
}
