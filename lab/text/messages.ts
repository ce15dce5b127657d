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
  /** By the ids of lab/exhibits; a test checks that none is missing. */
  readonly exhibits: Readonly<Record<string, ExhibitText>>;
}

/** All texts of the page. The page's own words must be complete: a missing key does not compile. */
export type Messages = Widened<Omit<typeof en, keyof Names>> & Names;
