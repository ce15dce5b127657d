import type { en } from './en.ts';
import type { ExhibitText } from './exhibits-en.ts';

/** The shape of a catalogue: the keys of the English one, with any words. */
type Widened<Value> = Value extends string
  ? string
  : Value extends (...args: infer Args) => string
    ? (...args: Args) => string
    : Value extends readonly string[]
      ? readonly string[]
      : { readonly [Key in keyof Value]: Widened<Value[Key]> };

/** What the library names, by its ids; where a language has nothing, the library's own words stand. */
interface Names {
  readonly rules: Readonly<Record<string, { readonly title: string; readonly summary: string }>>;
  readonly families: Readonly<Record<string, string>>;
  readonly presets: Readonly<Record<string, string>>;
  /** Descriptions of rule options and of config keys, by the library's own text. */
  readonly options: Readonly<Record<string, string>>;
  /** By the ids of lab/exhibits; a test sees to it that none is missing. */
  readonly exhibits: Readonly<Record<string, ExhibitText>>;
}

/** Everything that the page says. A language lacks a key only if it does not compile. */
export type Messages = Widened<Omit<typeof en, keyof Names>> & Names;
