import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of code. */
export interface Block {
  /** Position of the first line of its text, such as "README.md:31". */
  readonly at: string;
  /** First word of the info string, in lower case; empty for a bare fence. */
  readonly language: string;
  /** Second word of the info string: the file that the block shows. */
  readonly file: string | undefined;
  readonly text: string;
  /** Line of the page on which its text begins, counted from 1. */
  readonly line: number;
}

/** Code within a sentence. */
export interface Span {
  readonly at: string;
  readonly text: string;
}

/** A line outside fenced blocks and block quotations, with code spans and quotations blanked. */
export interface ProseLine {
  readonly at: string;
  readonly text: string;
}

/** A link or an image. */
export interface Link {
  readonly at: string;
  readonly target: string;
}

/** A Markdown file of the repository. */
export interface Page {
  /** Path from the checkout, with "/" between names. */
  readonly path: string;
  readonly blocks: readonly Block[];
  readonly spans: readonly Span[];
  readonly prose: readonly ProseLine[];
  readonly links: readonly Link[];
  /** Anchors of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
}

/** Returns every page for readers: the README, the pages next to it, and all of docs. */
export function readPages(): Page[] {
  const beside = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  const docs = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll(path.sep, '/')}`);
  return [...beside, ...docs]
    .sort()
    .map((name) => parsePage(name, readFileSync(path.join(ROOT, name), 'utf8')));
}

/** Reads a page's blocks, prose, code spans, links and headings. Throws an Error for a fence that is never closed. */
export function parsePage(name: string, text: string): Page {
  const { blocks, rest } = takeBlocks(name, text);
  const withoutSpans = rest.replaceAll(CODE_SPAN, blank);
  const at = (offset: number) => `${name}:${lineAt(rest, offset)}`;
  return {
    path: name,
    blocks,
    spans: [...rest.matchAll(CODE_SPAN)].map((match) => ({
      at: at(match.index),
      text: (match[2] as string).replaceAll(/\s+/g, ' ').trim(),
    })),
    prose: withoutSpans
      .replaceAll(BLOCK_QUOTATION, blank)
      .replaceAll(QUOTATION, blank)
      .split('\n')
      .map((line, index) => ({ at: `${name}:${index + 1}`, text: line })),
    links: [...withoutSpans.matchAll(LINK)].map((match) => ({
      at: at(match.index),
      target: (match[1] ?? match[2]) as string,
    })),
    anchors: new Set([...rest.matchAll(HEADING)].map((match) => anchorOf(match[1] as string))),
  };
}

/** Matches code between equal runs of backticks, within one paragraph. */
const CODE_SPAN = /(?<!`)(`+)(?!`)((?:(?!\n\s*\n)[^])*?[^`])\1(?!`)/g;
const BLOCK_QUOTATION = /^ {0,3}>.*$/gm;
const QUOTATION = /"[^"\n]*"|“[^”]*”/g;
const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|\b(?:src|href)="([^"]*)"/g;
const HEADING = /^#{1,6} +(.+?)(?: +#+)? *$/gm;

/** Replaces all but line ends by blanks, so that offsets stay. */
const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

function takeBlocks(name: string, text: string): { blocks: Block[]; rest: string } {
  const blocks: Block[] = [];
  const rest: string[] = [];
  let open: { fence: string; indent: number; info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = /^( *)(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
    if (!open) {
      rest.push(fence ? '' : line);
      if (fence) open = { fence, indent: indent.length, info, line: index + 2, lines: [] };
      continue;
    }
    rest.push('');
    if (!fence.startsWith(open.fence) || info) {
      open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
      continue;
    }
    const [language = '', file] = open.info.split(/\s+/);
    blocks.push({
      at: `${name}:${open.line}`,
      language: language.toLowerCase(),
      file,
      text: open.lines.join('\n'),
      line: open.line,
    });
    open = undefined;
  }
  if (open)
    throw new Error(`${name}:${open.line - 1}: this block is never closed. End it with ${open.fence}.`);
  return { blocks, rest: rest.join('\n') };
}

const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
