import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EXHIBITS } from '../../lab/exhibits/index.ts';
import type { Schema } from '../../lab/protocol.ts';
import { descriptionsOf, wordsByText } from '../../lab/text/descriptions.ts';
import { en } from '../../lab/text/en.ts';
import { complete } from '../../lab/text/messages.ts';
import { zh } from '../../lab/text/zh.ts';
import { configSchema, PRESETS, RULES } from '../../src/entries/browser-internals.ts';

const FAMILIES = [...new Set(RULES.map(({ family }) => family))];
const schemaOf = (type: z.ZodType) => z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as Schema;
const DESCRIPTIONS = descriptionsOf({
  rules: RULES.map(({ id, options }) => ({ id, options: schemaOf(options) })),
  config: schemaOf(configSchema),
});

/** The names in the library, and the Chinese file that translates them. */
const NAMED = [
  ['rules', RULES.map(({ id }) => id), 'names-zh.ts'],
  ['families', FAMILIES, 'names-zh.ts'],
  ['presets', PRESETS.map(({ id }) => id), 'names-zh.ts'],
  ['options', DESCRIPTIONS.map(([id]) => id), 'options-zh.ts'],
] as const;

describe('Chinese translations of the library’s names', () => {
  test.each(NAMED)('the lines of %s name nothing that does not exist', (kind, ids, file) => {
    const known = new Set<string>(ids);
    const left = Object.keys(zh[kind]).filter((id) => !known.has(id));
    expect(left, `remove these lines from lab/text/${file}`).toEqual([]);
  });

  test('missing lines are listed in one warning and break nothing', () => {
    const lines = missingLines();
    if (lines.length > 0) {
      const list = lines.map((line) => `  ${line}`).join('\n');
      warn(`The lab shows these in English until lab/text has Chinese lines for them:\n${list}`);
    }
  });

  test('a rule needs one line for each of its descriptions, or none where another rule has the same', () => {
    const texts = wordsByText(
      [
        ['old.rate', 'learning rate'],
        ['new.rate', 'learning rate'],
        ['new.noise', 'noise'],
      ],
      { 'old.rate': '学习率' },
    );
    expect([...texts]).toEqual([['learning rate', '学习率']]);
  });
});

/** Prints a hint for contributors, which is no failure. */
const warn = (text: string) => void process.stderr.write(`${text}\n`);

/** Returns the Chinese lines that are missing. */
function missingLines(): string[] {
  const titles = NAMED.slice(0, 3).flatMap(([kind, ids, file]) =>
    ids.filter((id) => !Object.hasOwn(zh[kind], id)).map((id) => `${file}: ${kind} "${id}"`),
  );
  const parts = Object.entries(zh.rules).flatMap(([id, { title, summary }]) => [
    ...(title === undefined ? [`names-zh.ts: title of rule "${id}"`] : []),
    ...(summary === undefined ? [`names-zh.ts: summary of rule "${id}"`] : []),
  ]);
  const words = wordsByText(DESCRIPTIONS, zh.options);
  // A text that several rules share is listed once.
  const described = new Map(DESCRIPTIONS.toReversed().map(([id, text]) => [text, id]));
  const options = [...described]
    .filter(([text]) => !words.has(text))
    .map(([text, id]) => `options-zh.ts: "${id}" (${text})`);
  return [...titles, ...parts, ...options];
}

describe("Chinese words for the page's own", () => {
  test('missing lines are in English', () => {
    const { share, ...others } = zh;
    const page = complete({ ...en, setup: { ...en.setup, task: 'Task' } }, { ...others, setup: {} });
    expect(share).toBeDefined();
    expect(page.setup).toEqual({ ...en.setup, task: 'Task' });
    expect(page.share).toEqual(en.share);
    expect(page.page).toEqual(zh.page);
    expect(page.rules).toEqual(zh.rules);
  });

  test('missing lines are listed in one warning and break nothing', () => {
    const translated = new Set(textsOf(zh).map(([path]) => path));
    const lines = textsOf(en).flatMap(([path, text]) =>
      translated.has(path) ? [] : [`  ${path} (${text})`],
    );
    if (lines.length > 0) {
      warn(`The lab shows these in English until lab/text has Chinese lines for them:\n${lines.join('\n')}`);
    }
  });
});

describe('exhibits', () => {
  test('have their words in exhibits-en.ts, and nothing else has', () => {
    const ids = EXHIBITS.map(({ id }) => id);
    expect(Object.keys(en.exhibits).sort()).toEqual(ids.sort());
    expect(Object.keys(zh.exhibits).filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('belong to a family of the library; families without an exhibit are listed in a warning', () => {
    for (const { id, family } of EXHIBITS) expect(FAMILIES, id).toContain(family);
    const without = FAMILIES.filter((name) => !EXHIBITS.some(({ family }) => family === name));
    if (without.length > 0) warn(`lab/exhibits has no exhibit of: ${without.join(', ')}`);
  });
});

/** Returns every text of a catalogue by its path. Functions are called with words that are easy to find again. */
function textsOf(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    const args = Array.from({ length: value.length }, (_, index) => `<${index}>`);
    return [[path, (value as (...args: string[]) => string)(...args)]];
  }
  return Object.entries(value as object).flatMap(([key, inner]) => textsOf(inner, `${path}.${key}`));
}

test('the Chinese texts are in Chinese and use the same arguments as the English texts', () => {
  const english = new Map(textsOf(en));
  // Names that are the same in both languages.
  const kept = ['.page.name', '.rules.reinforce.title', '.about.version'];
  // These choose between two words instead of repeating their argument.
  const choices = ['.charts.error', '.charts.squaredError', '.charts.loss', '.share.openedRuns'];
  for (const [path, text] of textsOf(zh)) {
    if (!kept.includes(path)) expect(text, path).toMatch(/\p{Script=Han}/u);
    const original = english.get(path);
    if (original === undefined || choices.includes(path)) continue;
    expect(text.match(/<\d>/g)?.sort() ?? [], path).toEqual(original.match(/<\d>/g)?.sort() ?? []);
  }
});
