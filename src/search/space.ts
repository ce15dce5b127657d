import { z } from 'zod';
import { didYouMean } from '../suggest.ts';
import { ApicalError } from '../errors.ts';
import { bitsAt, stream, uniformFromBits } from '../random/index.ts';

/**
 * The space of a search as data: ranges of values over paths of the config. The value of trial t at a path is a
 * function of (search seed, path, t) alone, so all rules are given the same values where they share a range, and
 * neither the number of trials nor that of workers changes a trial.
 *
 * Source: random search, Bergstra & Bengio (2012), Journal of Machine Learning Research 13.
 */
export type Range =
  | { readonly kind: 'log' | 'linear' | 'whole'; readonly from: number; readonly to: number }
  | { readonly kind: 'choice'; readonly values: readonly unknown[] };

export interface Dimension {
  /** A path of the config, such as "optimiser.rate". */
  readonly path: string;
  /** Only for this rule, there in the place of a range for all. */
  readonly rule?: string;
  readonly range: Range;
}

/** The values of a trial, by path. */
export type Point = Readonly<Record<string, unknown>>;

const rangeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['log', 'linear', 'whole']), from: z.number(), to: z.number() }),
  z.strictObject({ kind: z.literal('choice'), values: z.array(z.unknown()) }),
]);

/** Values have so many digits: what a reader can type again, and alike on every engine. */
const DIGITS = 4;

/** What is in the space for one rule: its own ranges, and those for all that it has none in the place of. */
export function dimensionsFor(space: readonly Dimension[], rule: string): Dimension[] {
  const own = space.filter((dimension) => dimension.rule === rule);
  return space.filter(
    ({ path, rule: only }) => only === rule || (only === undefined && !own.some((its) => its.path === path)),
  );
}

/** The point of a trial for one rule. */
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

/** The value at a share (0 to 1) of a range. */
function valueAt(range: Range, share: number): unknown {
  if (range.kind === 'choice') return range.values[Math.floor(share * range.values.length)];
  const { kind, from, to } = range;
  if (kind === 'whole') return from + Math.floor(share * (to - from + 1));
  const value = kind === 'log' ? from * (to / from) ** share : from + share * (to - from);
  return Math.min(to, Math.max(from, Number(value.toPrecision(DIGITS))));
}

/** Where in a range a value lies, from 0 to 1; undefined for a choice, which has no edges. */
export function shareOf(range: Range, value: unknown): number | undefined {
  if (range.kind === 'choice' || typeof value !== 'number') return undefined;
  const { kind, from, to } = range;
  return kind === 'log' ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

/** The values at both ends of a range, or every choice: if these are right, so is what lies between. */
export const extremes = (range: Range): readonly unknown[] =>
  range.kind === 'choice' ? range.values : [range.from, range.to];

/** "log:0.0003..0.1", as it can be typed again. */
export const showRange = (range: Range): string =>
  range.kind === 'choice'
    ? range.values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('|')
    : `${range.kind}:${range.from}..${range.to}`;

export const showDimension = ({ path, rule, range }: Dimension): string =>
  `${rule === undefined ? '' : `${rule}:`}${path}=${showRange(range)}`;

/** "[rule:]path=range", the range as in `parseRange`. Throws `search.space`. */
export function parseVary(text: string, rules: readonly string[]): Dimension {
  const split = text.indexOf('=');
  const left = split < 0 ? '' : text.slice(0, split).trim();
  if (left === '') {
    throw refusal(
      `--vary takes path=range, such as optimiser.rate=log:0.0003..0.1, optimiser.momentum=0.5|0.9 or network.dropout=linear:0..0.5, but it is "${text}".`,
    );
  }
  return parseDimension(left, text.slice(split + 1).trim(), rules, `--vary ${text}`);
}

/** The space in a JSON file: ranges by "path" or "rule:path", as text or as data. Throws `search.space`. */
export function parseSpace(input: unknown, rules: readonly string[], where: string): Dimension[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refusal(`${where} must hold one JSON object, such as {"optimiser.rate": "log:0.0003..0.1"}.`);
  }
  return Object.entries(input).map(([name, value]) =>
    parseDimension(name, value as unknown, rules, `${where}, "${name}"`),
  );
}

/** One space over another: a range is replaced by a later one of the same path and rule. */
export function overlay(...spaces: readonly (readonly Dimension[])[]): Dimension[] {
  const all = spaces.flat();
  const key = ({ path, rule }: Dimension) => `${rule ?? ''}:${path}`;
  return all.filter((one, index) => !all.slice(index + 1).some((later) => key(later) === key(one)));
}

function parseDimension(name: string, value: unknown, rules: readonly string[], where: string): Dimension {
  const split = name.lastIndexOf(':');
  const path = name.slice(split + 1).trim();
  const range = typeof value === 'string' ? parseRange(value, where) : checkRange(value, where);
  if (path === '' || path.split('.').includes('')) {
    throw refusal(`${where}: "${path}" is not a path of the config, such as optimiser.rate.`);
  }
  if (split < 0) return { path, range };
  const rule = name.slice(0, split).trim();
  if (!rules.includes(rule)) {
    throw refusal(
      `${where}: the search has no rule "${rule}".${didYouMean(rule, rules)} It has ${rules.join(', ')}.`,
    );
  }
  return { path, rule, range };
}

const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const RANGE = new RegExp(String.raw`^(?:([a-z]+):)?(${NUMBER})\.\.(${NUMBER})$`);

/** "log:0.001..0.1", "linear:0..0.5", "whole:1..8", or values with "|" between, each JSON or text. */
function parseRange(text: string, where: string): Range {
  const [, kind, from, to] = RANGE.exec(text) ?? [];
  if (from !== undefined && to !== undefined) {
    if (kind === 'log' || kind === 'linear' || kind === 'whole') {
      return checkRange({ kind, from: Number(from), to: Number(to) }, where);
    }
    throw refusal(
      `${where}: say how to draw between ${from} and ${to}: log:${from}..${to} (each power of ten alike), linear:${from}..${to} or whole:${from}..${to}.`,
    );
  }
  if (/^(log|linear|whole)\b/.test(text) || text === '') {
    throw refusal(`${where}: a range is two numbers with .. between, such as log:0.001..0.1.`);
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
    throw refusal(
      `${where}: a range is text such as "log:0.001..0.1", a list of values, or {"kind": "log", "from": 0.001, "to": 0.1}.`,
    );
  }
  if (range.kind === 'choice') {
    const texts = range.values.map((each) => JSON.stringify(each));
    if (texts.length < 2 || new Set(texts).size < texts.length) {
      throw refusal(
        `${where}: give two different values at least, such as 0.5|0.9. One value for all is set by --set.`,
      );
    }
    return range;
  }
  const { kind, from, to } = range;
  if (!(to > from)) throw refusal(`${where}: a range goes from the lower number to the higher.`);
  if (kind === 'log' && from <= 0) {
    throw refusal(
      `${where}: a log range begins above 0, but it begins at ${from}. Begin at 1e-6, say, or use linear.`,
    );
  }
  if (kind === 'whole' && !(Number.isSafeInteger(from) && Number.isSafeInteger(to))) {
    throw refusal(`${where}: a whole range has whole ends. Use linear for numbers between.`);
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

const refusal = (message: string) => new ApicalError('search.space', message);
