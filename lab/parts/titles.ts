import { computed } from '@preact/signals';
import type { RuleInfo } from '../protocol.ts';
import { catalogue } from '../state/lab.ts';
import { language, t } from '../state/preferences.ts';
import { descriptionsOf, wordsByText } from '../text/descriptions.ts';

/** Words with their language, if it is not the page's. */
export interface Wording {
  readonly text: string;
  /** "en" for the library's English, "" (unknown) for words of a user's file. */
  readonly lang: 'en' | '' | undefined;
}

/** Returns a text of the library, marked as English if the page is in another language. */
export const inEnglish = (text: string): Wording => ({
  text,
  lang: language.value === 'en' ? undefined : 'en',
});

/** Returns the page's own words, or else the library's. */
const chosen = (own: string | undefined, english: string): Wording =>
  own === undefined ? inEnglish(english) : { text: own, lang: undefined };

const infoOf = (rule: string): RuleInfo | undefined => catalogue.value?.rules.find(({ id }) => id === rule);

/** Returns the title of a rule, in the page's language if its catalogue has a line for it. */
export function titleOf(rule: string): Wording {
  const info = infoOf(rule);
  if (info?.file !== undefined) return { text: info.title, lang: '' };
  return chosen(t.value.rules[rule]?.title, info?.title ?? rule);
}

/** Returns the summary of a rule, in the page's language if its catalogue has a line for it. */
export function summaryOf(rule: string): Wording {
  const info = infoOf(rule);
  if (info?.file !== undefined) return { text: info.summary, lang: '' };
  return chosen(t.value.rules[rule]?.summary, info?.summary ?? '');
}

/** Returns the title of a rule without its language, for attributes and for the legends of charts. */
export const nameOf = (rule: string): string => withoutMarks(titleOf(rule).text);

export const familyOf = (family: string): Wording => chosen(t.value.families[family], family);

export const presetTitleOf = (preset: string): Wording =>
  chosen(t.value.presets[preset], catalogue.value?.presets.find(({ id }) => id === preset)?.title ?? preset);

const descriptions = computed(() =>
  catalogue.value ? wordsByText(descriptionsOf(catalogue.value), t.value.options) : new Map<string, string>(),
);

/** Returns the description of an option or key, in the page's language if its catalogue has a line for it. */
export const described = (text: string): Wording => chosen(descriptions.value.get(text), text);

/** A group of rules under one heading. */
export interface RuleGroup {
  readonly title: Wording;
  readonly rules: readonly RuleInfo[];
}

/** Returns the rules by family; those of a user's files come first, under a heading of their own. */
export function ruleGroups(): RuleGroup[] {
  const rules = catalogue.value?.rules ?? [];
  const own = rules.filter(({ file }) => file !== undefined);
  const built = rules.filter(({ file }) => file === undefined);
  const families = [...new Set(built.map(({ family }) => family))];
  return [
    ...(own.length === 0 ? [] : [{ title: { text: t.value.rulesView.own, lang: undefined }, rules: own }]),
    ...families.map((family) => ({
      title: familyOf(family),
      rules: built.filter((rule) => rule.family === family),
    })),
  ];
}

/** Removes the backticks of inline code, for attributes and options, which cannot hold elements. */
export const withoutMarks = (text: string): string => text.replace(/`([^`\n]+)`/g, '$1');
