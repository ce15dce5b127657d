import { computed, effect, signal } from '@preact/signals';
import { en } from '../text/en.ts';
import { complete } from '../text/messages.ts';
import type { Messages } from '../text/messages.ts';

/** Language and colour scheme, kept in local storage if the browser allows it. */
export type Language = 'en' | 'zh';
export type Scheme = 'light' | 'dark' | 'system';

const kept = (name: string): string | null => {
  try {
    return localStorage.getItem(`apical.${name}`);
  } catch {
    return null;
  }
};

const keep = (name: string, value: string) => {
  try {
    localStorage.setItem(`apical.${name}`, value);
  } catch {
    // In a private window the choice is lost with the page.
  }
};

export const language = signal<Language>(
  (kept('language') ?? navigator.language).toLowerCase().startsWith('zh') ? 'zh' : 'en',
);
export const scheme = signal<Scheme>((kept('scheme') as Scheme | null) ?? 'system');

const chinese = signal<Messages>(en);
const fetchChinese = async (): Promise<void> => {
  try {
    chinese.value = complete(en, (await import('../text/zh.ts')).zh);
  } catch {
    // Without a network the page stays in English.
  }
};
/**
 * Resolves when the words of the visitor's language are loaded. The other language is fetched after the page has loaded,
 * so that switching needs no network.
 */
export const wordsReady: Promise<void> = language.value === 'zh' ? fetchChinese() : Promise.resolve();
if (language.value !== 'zh') addEventListener('load', () => void fetchChinese());

/** Language tag of the page. */
export const pageLang = computed(() => (language.value === 'zh' ? 'zh-Hans' : 'en'));

/** The page's words in the selected language. */
export const t = computed<Messages>(() => (language.value === 'zh' ? chinese.value : en));

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));
export const isDark = computed(() =>
  scheme.value === 'system' ? systemIsDark.value : scheme.value === 'dark',
);

export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;

effect(() => {
  document.documentElement.dataset['scheme'] = isDark.value ? 'dark' : 'light';
  keep('scheme', scheme.value);
});
effect(() => {
  document.documentElement.lang = pageLang.value;
  document.title = t.value.page.title;
  keep('language', language.value);
});
