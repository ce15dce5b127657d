import { describe, expect, test } from 'vitest';
import { parsePage } from './markdown.ts';
import { commandsOf, minutesOf, splitCommand } from './shell.ts';

const PAGE = parsePage(
  'page.md',
  [
    '# A title: `code`, and [a link](other.md#part)',
    'Prose with `apical',
    'run` and ``a ` b`` and "quoted words" and ![a picture](picture.png).',
    '> quoted',
    '```sh',
    "apical run digits --vary 'a=1|2' \\",
    '  --seeds 0..4    # about 9 min: all of it',
    'npm test',
    '```',
    '````ts file.ts',
    'const fence = "```";',
    '````',
    '```',
    'not a command',
    '```',
  ].join('\n'),
);

describe('the parts of a page that the documentation tests read', () => {
  test('blocks, with their language, file and position', () => {
    expect(PAGE.blocks.map(({ at, language, file }) => [at, language, file])).toEqual([
      ['page.md:6', 'sh', undefined],
      ['page.md:11', 'ts', 'file.ts'],
      ['page.md:14', '', undefined],
    ]);
    expect(PAGE.blocks[1]?.text).toBe('const fence = "```";');
  });

  test('code spans, also across a line break and with a backtick inside', () => {
    expect(PAGE.spans.map(({ at, text }) => [at, text])).toEqual([
      ['page.md:1', 'code'],
      ['page.md:2', 'apical run'],
      ['page.md:3', 'a ` b'],
    ]);
  });

  test('prose without code and quotations; links; anchors', () => {
    expect(PAGE.prose.map(({ text }) => text).join(' ')).not.toMatch(/apical|quoted|fence/);
    expect(PAGE.links.map(({ target }) => target)).toEqual(['other.md#part', 'picture.png']);
    expect([...PAGE.anchors]).toEqual(['a-title-code-and-a-link']);
  });

  test('commands of several lines, with their duration', () => {
    const commands = commandsOf(PAGE);
    expect(commands.map(({ at, words }) => [at, words])).toEqual([
      ['page.md:6', ['apical', 'run', 'digits', '--vary', 'a=1|2', '--seeds', '0..4']],
      ['page.md:8', ['npm', 'test']],
    ]);
    expect(commands.map(minutesOf)).toEqual([9, undefined]);
    expect(minutesOf({ at: '', words: [], comment: '2 to 4 h on one core' })).toBe(240);
    expect(minutesOf({ at: '', words: [], comment: '20 rules' })).toBeUndefined();
  });

  test('words as a shell splits them', () => {
    const { words, comment } = splitCommand(`a --b='c d' "e \\" f" g#h \\# # rest`);
    expect(words).toEqual(['a', '--b=c d', 'e " f', 'g#h', '#']);
    expect(comment).toBe('rest');
  });

  test('an unclosed fence is an error with its position', () => {
    expect(() => parsePage('page.md', 'a\n```sh\nnpm test')).toThrow('page.md:2');
  });
});
