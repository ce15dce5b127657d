import { catalogue } from '../state/lab.ts';
import { t } from '../state/preferences.ts';

/** What a rule is called in the page's language; the library's own words where a catalogue has none. */
export function titleOf(rule: string): string {
  const own: Readonly<Record<string, { readonly title: string } | undefined>> = t.value.rules;
  return own[rule]?.title ?? catalogue.value?.rules.find(({ id }) => id === rule)?.title ?? rule;
}

export function summaryOf(rule: string): string {
  const own: Readonly<Record<string, { readonly summary: string } | undefined>> = t.value.rules;
  return own[rule]?.summary ?? catalogue.value?.rules.find(({ id }) => id === rule)?.summary ?? '';
}

export function familyOf(family: string): string {
  const own: Readonly<Record<string, string | undefined>> = t.value.families;
  return own[family] ?? family;
}

export function presetTitleOf(preset: string): string {
  const own: Readonly<Record<string, string | undefined>> = t.value.presets;
  return own[preset] ?? catalogue.value?.presets.find(({ id }) => id === preset)?.title ?? preset;
}

/** What the library says of an option or a key, in the page's language. */
export function described(text: string): string {
  const own = t.value.options;
  return Object.hasOwn(own, text) ? (own[text] ?? text) : text;
}
