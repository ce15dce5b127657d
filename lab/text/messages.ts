import type { en } from './en.ts';
import type { ExhibitText } from './exhibits-en.ts';

/** The shape of a catalogue: the keys of the English catalogue, with other words. */
type Widened<Value> = Value extends string
  ? string
  : Value extends (...args: infer Args) => string
    ? (...args: Args) => string
    : Value extends readonly string[]
      ? readonly string[]
      : { readonly [Key in keyof Value]: Widened<Value[Key]> };

/** Translations of the library's names, by id. Records may be partial: the page falls back to the library's English. */
interface Names {
  readonly rules: Readonly<Record<string, { readonly title?: string; readonly summary?: string }>>;
  readonly families: Readonly<Record<string, string>>;
  readonly presets: Readonly<Record<string, string>>;
  /** Descriptions of rule options ("rule.option") and of config keys ("config.path"). */
  readonly options: Readonly<Record<string, string>>;
  /** By the ids of lab/exhibits. */
  readonly exhibits: Readonly<Record<string, ExhibitText>>;
}

/** All texts of the page. */
export type Messages = Widened<Omit<typeof en, keyof Names>> & Names;

type Partially<Value> = Value extends string | readonly string[] | ((...args: never[]) => string)
  ? Value
  : { readonly [Key in keyof Value]?: Partially<Value[Key]> };

/** The page's words in another language. Lines may be missing: the page shows these in English. */
export type Translation = Partially<Omit<Messages, keyof Names>> & Names;

/** Returns a translation with its missing lines in English. */
export const complete = (english: Messages, translation: Translation): Messages =>
  filled(english, translation) as Messages;

function filled(english: unknown, translated: unknown): unknown {
  if (!isRecord(english) || !isRecord(translated)) return translated ?? english;
  const keys = new Set([...Object.keys(english), ...Object.keys(translated)]);
  return Object.fromEntries(Array.from(keys, (key) => [key, filled(english[key], translated[key])]));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
