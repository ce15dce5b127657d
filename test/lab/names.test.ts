import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EXHIBITS } from '../../lab/exhibits/index.ts';
import { en } from '../../lab/text/en.ts';
import type { Messages } from '../../lab/text/messages.ts';
import { zh } from '../../lab/text/zh.ts';
import { configSchema, PRESETS, RULES } from '../../src/entries/browser-internals.ts';

const LANGUAGES: readonly (readonly [language: string, words: Messages])[] = [
  ['en', en],
  ['zh', zh],
];
const RULE_IDS = RULES.map(({ id }) => id);
const FAMILIES = [...new Set(RULES.map(({ family }) => family))];

describe.each(LANGUAGES)('the catalogue in %s', (language, words) => {
  // The library's own titles are English, and shown until another language has a name.
  const ofLibrary = (ids: readonly string[]) => (language === 'en' ? [] : ids);
  test.each([
    ['rule', ofLibrary(RULE_IDS), words.rules, 'names'],
    ['family', ofLibrary(FAMILIES), words.families, 'names'],
    ['preset', ofLibrary(PRESETS.map(({ id }) => id)), words.presets, 'names'],
    ['exhibit', EXHIBITS.map(({ id }) => id), words.exhibits, 'exhibits'],
  ] as const)('names every %s, and nothing that is not there', (kind, ids, named, file) => {
    const missing = ids.filter((id) => !Object.hasOwn(named, id));
    const left = Object.keys(named).filter((id) => !ids.includes(id));
    const place = `lab/text/${file}-${language}.ts`;
    expect(missing, `add a line for each ${kind} to ${place}`).toEqual([]);
    expect(left, `take what is no ${kind} of the library out of ${place}`).toEqual([]);
  });
});

/** Every description in a schema, however deep: of keys, of items, of what may stand in their place. */
function descriptionsIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(descriptionsIn);
  if (typeof schema !== 'object' || schema === null) return [];
  const { description, properties, additionalProperties, items, prefixItems, anyOf, oneOf, allOf } =
    schema as Readonly<Record<string, unknown>>;
  const within = [
    ...Object.values((properties as Readonly<Record<string, unknown>> | undefined) ?? {}),
    items,
    prefixItems,
    anyOf,
    oneOf,
    allOf,
    additionalProperties,
  ];
  return [...(typeof description === 'string' ? [description] : []), ...within.flatMap(descriptionsIn)];
}

test('every description of an option or of a config key has Chinese words, and nothing else has', () => {
  const schemas = [...RULES.map(({ options }) => options), configSchema];
  const described = new Set(
    schemas.flatMap((schema) =>
      descriptionsIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })),
    ),
  );
  const own = zh.options;
  const missing = [...described].filter((text) => !Object.hasOwn(own, text));
  const left = Object.keys(own).filter((text) => !described.has(text));
  expect(missing, 'add a line to lab/text/options-zh.ts').toEqual([]);
  expect(left, 'take what the library does not say out of lab/text/options-zh.ts').toEqual([]);
  for (const [text, words] of Object.entries(own)) expect(words, text).toMatch(/\p{Script=Han}/u);
});

/** Every text of a catalogue, by its path; what takes arguments is given words that are easy to find again. */
function textsOf(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    const args = Array.from({ length: value.length }, (_, index) => `<${index}>`);
    return [[path, (value as (...args: string[]) => string)(...args)]];
  }
  return Object.entries(value as object).flatMap(([key, its]) => textsOf(its, `${path}.${key}`));
}

test('Chinese says everything in Chinese, with what English says in the same places', () => {
  const chinese = new Map(textsOf(zh));
  // Names that are the same in both, and a path that says which words are kept.
  const kept = ['.page.name', '.rules.reinforce.title', '.about.version'];
  for (const [path, text] of textsOf(en)) {
    const own = chinese.get(path);
    if (own === undefined) continue;
    if (!kept.includes(path)) expect(own, path).toMatch(/\p{Script=Han}/u);
    const split = ['.charts.error', '.charts.squaredError', '.charts.loss', '.share.openedRuns'];
    if (split.includes(path)) continue;
    expect(own.match(/<\d>/g)?.sort() ?? [], path).toEqual(text.match(/<\d>/g)?.sort() ?? []);
  }
});

test('an exhibit belongs to a family of the library, and there is one for each', () => {
  const families = new Set(EXHIBITS.map(({ family }) => family));
  expect([...families].filter((family) => !FAMILIES.includes(family))).toEqual([]);
  expect(
    FAMILIES.filter((family) => !families.has(family)),
    'add an exhibit to lab/exhibits',
  ).toEqual([]);
});
