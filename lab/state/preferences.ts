import { computed, effect, signal } from '@preact/signals';
import { en } from '../text/en.ts';
import type { Messages } from '../text/messages.ts';

/** How the page looks and speaks; kept by the browser where it lets us. */
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
    // Private windows: it is forgotten with the page.
  }
};

export const language = signal<Language>(
  (kept('language') ?? navigator.language).toLowerCase().startsWith('zh') ? 'zh' : 'en',
);
export const scheme = signal<Scheme>((kept('scheme') as Scheme | null) ?? 'system');

const chinese = signal<Messages>(en);
const fetchChinese = async (): Promise<void> => {
  try {
    chinese.value = (await import('../text/zh.ts')).zh;
  } catch {
    // Without a network the page goes on in English.
  }
};
/** When the words of whoever comes are here. Others' are fetched later, so that the page can be turned without a network. */
export const wordsReady: Promise<void> = language.value === 'zh' ? fetchChinese() : Promise.resolve();
if (language.value !== 'zh') addEventListener('load', () => void fetchChinese());

/** The page's words in the language that is chosen. */
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
  document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en';
  document.title = t.value.page.title;
  keep('language', language.value);
});
