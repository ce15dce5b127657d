import { z } from 'zod';
import { didYouMean } from '../suggest.ts';
import { ApicalError } from '../errors.ts';
import { bitsAt, stream, uniformFromBits } from '../random/index.ts';

/**
 * A range of values for one path of the config. The value of trial t at a path is a function of (search seed, path, t)
 * alone. Rules therefore get the same values where they share a range, and a trial depends neither on the number of
 * trials nor on the number of workers.
 *
 * Source: random search, Bergstra & Bengio (2012), Journal of Machine Learning Research 13.
 */
export type Range =
  | { readonly kind: 'log' | 'linear' | 'whole'; readonly from: number; readonly to: number }
  | { readonly kind: 'choice'; readonly values: readonly unknown[] };

/** A range over one path of the config. */
export interface Dimension {
  /** A path of the config, such as "optimiser.rate". */
  readonly path: string;
  /** The only rule that the range applies to; it overrides a range for all rules. */
  readonly rule?: string;
  readonly range: Range;
}

/** The values of a trial, by path. */
export type Point = Readonly<Record<string, unknown>>;

const rangeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['log', 'linear', 'whole']), from: z.number(), to: z.number() }),
  z.strictObject({ kind: z.literal('choice'), values: z.array(z.unknown()) }),
]);

/** Significant digits of drawn values: short enough to type, and equal on every JavaScript engine. */
const DIGITS = 4;

/** Returns the ranges of one rule: its own, and those for all rules that it does not override. */
export function dimensionsFor(space: readonly Dimension[], rule: string): Dimension[] {
  const own = space.filter((dimension) => dimension.rule === rule);
  return space.filter(
    ({ path, rule: only }) =>
      only === rule || (only === undefined && !own.some((dimension) => dimension.path === path)),
  );
}

/** Draws the values of a trial for one rule. */
export function drawPoint(
  space: readonly Dimension[],
  rule: string,
  searchSeed: number,
  trial: number,
): Point {
  return Object.fromEntries(
    dimensionsFor(space, rule).map(({ path, range }) => {
      const bits = bitsAt(stream(searchSeed, `search ${path}`), trial, 0, 0);
      return [path, valueAt(range, uniformFromBits(bits))];
    }),
  );
}

/** Returns the value at a fraction `share` (0 to 1) of a range. */
function valueAt(range: Range, share: number): unknown {
  if (range.kind === 'choice') return range.values[Math.floor(share * range.values.length)];
  const { kind, from, to } = range;
  if (kind === 'whole') return from + Math.floor(share * (to - from + 1));
  const value = kind === 'log' ? from * (to / from) ** share : from + share * (to - from);
  return Math.min(to, Math.max(from, Number(value.toPrecision(DIGITS))));
}

/** Returns the position of a value within a range, from 0 to 1; undefined for a choice, which has no ends. */
export function shareOf(range: Range, value: unknown): number | undefined {
  if (range.kind === 'choice' || typeof value !== 'number') return undefined;
  const { kind, from, to } = range;
  return kind === 'log' ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

/** Returns both ends of a range, or every choice; if these are valid, so are the values in between. */
export const extremes = (range: Range): readonly unknown[] =>
  range.kind === 'choice' ? range.values : [range.from, range.to];

/** Formats a range as it is typed: "log:0.0003..0.1". */
export const showRange = (range: Range): string =>
  range.kind === 'choice'
    ? range.values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('|')
    : `${range.kind}:${range.from}..${range.to}`;

/** Formats a range with its path as it is typed: "optimiser.rate=log:0.0003..0.1". */
export const showDimension = ({ path, rule, range }: Dimension): string =>
  `${rule === undefined ? '' : `${rule}:`}${path}=${showRange(range)}`;

/** Parses "[rule:]path=range"; for ranges see `parseRange`. Throws `search.space`. */
export function parseVary(text: string, rules: readonly string[]): Dimension {
  const split = text.indexOf('=');
  const left = split < 0 ? '' : text.slice(0, split).trim();
  if (left === '') {
    throw spaceError(
      `--vary takes path=range, such as optimiser.rate=log:0.0003..0.1, optimiser.momentum=0.5|0.9 or network.dropout=linear:0..0.5, but it is "${text}".`,
    );
  }
  return parseDimension(left, text.slice(split + 1).trim(), rules, `--vary ${text}`);
}

/** Parses the ranges of a JSON file, by "path" or "rule:path", as text or as data. Throws `search.space`. */
export function parseSpace(input: unknown, rules: readonly string[], where: string): Dimension[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw spaceError(`${where} must hold one JSON object, such as {"optimiser.rate": "log:0.0003..0.1"}.`);
  }
  return Object.entries(input).map(([name, value]) =>
    parseDimension(name, value as unknown, rules, `${where}, "${name}"`),
  );
}

/** Joins spaces; a later range replaces an earlier one of the same path and rule. */
export function overlay(...spaces: readonly (readonly Dimension[])[]): Dimension[] {
  const all = spaces.flat();
  const key = ({ path, rule }: Dimension) => `${rule ?? ''}:${path}`;
  return all.filter(
    (dimension, index) => !all.slice(index + 1).some((later) => key(later) === key(dimension)),
  );
}

function parseDimension(name: string, value: unknown, rules: readonly string[], where: string): Dimension {
  const split = name.lastIndexOf(':');
  const path = name.slice(split + 1).trim();
  const range = typeof value === 'string' ? parseRange(value, where) : checkRange(value, where);
  if (path === '' || path.split('.').includes('')) {
    throw spaceError(`${where}: "${path}" is not a path of the config. Give one such as optimiser.rate.`);
  }
  if (split < 0) return { path, range };
  const rule = name.slice(0, split).trim();
  if (!rules.includes(rule)) {
    throw spaceError(
      `${where}: "${rule}" is not one of the rules in this search (${rules.join(', ')}).${didYouMean(rule, rules)}`,
    );
  }
  return { path, rule, range };
}

const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const RANGE = new RegExp(String.raw`^(?:([a-z]+):)?(${NUMBER})\.\.(${NUMBER})$`);

/** Parses "log:0.001..0.1", "linear:0..0.5", "whole:1..8", or values separated by "|", each JSON or text. */
function parseRange(text: string, where: string): Range {
  const [, kind, from, to] = RANGE.exec(text) ?? [];
  if (from !== undefined && to !== undefined) {
    if (kind === 'log' || kind === 'linear' || kind === 'whole') {
      return checkRange({ kind, from: Number(from), to: Number(to) }, where);
    }
    throw spaceError(
      `${where}: the range ${from}..${to} has no scale. Put log: (uniform in the exponent), linear: or whole: before it, such as log:${from}..${to}.`,
    );
  }
  if (/^(log|linear|whole)\b/.test(text) || text === '') {
    throw spaceError(
      `${where}: "${text}" is not a range. Give two numbers with ".." between them, such as log:0.001..0.1.`,
    );
  }
  return checkRange(
    { kind: 'choice', values: text.split('|').map((part) => jsonOrText(part.trim())) },
    where,
  );
}

function checkRange(value: unknown, where: string): Range {
  const data: unknown = Array.isArray(value) ? { kind: 'choice', values: value } : value;
  const { success, data: range } = rangeSchema.safeParse(data);
  if (!success) {
    throw spaceError(
      `${where}: a range must be text such as "log:0.001..0.1", a list of values, or {"kind": "log", "from": 0.001, "to": 0.1}.`,
    );
  }
  if (range.kind === 'choice') {
    const texts = range.values.map((each) => JSON.stringify(each));
    if (texts.length < 2 || new Set(texts).size < texts.length) {
      throw spaceError(
        `${where}: give at least two different values, such as 0.5|0.9. To fix a single value, use --set.`,
      );
    }
    return range;
  }
  const { kind, from, to } = range;
  if (!(to > from)) {
    throw spaceError(`${where}: the range ${from}..${to} must go from the lower number to the higher.`);
  }
  if (kind === 'log' && from <= 0) {
    throw spaceError(
      `${where}: a log range must start above 0, but it starts at ${from}. Start at 1e-6, for example, or use linear.`,
    );
  }
  if (kind === 'whole' && !(Number.isSafeInteger(from) && Number.isSafeInteger(to))) {
    throw spaceError(
      `${where}: a whole range must have whole ends, but it is ${from}..${to}. Use linear for fractions.`,
    );
  }
  return range;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const spaceError = (message: string) => new ApicalError('search.space', message);
