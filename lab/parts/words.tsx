import { inEnglish } from './titles.ts';
import type { Wording } from './titles.ts';

/** A text with inline code: text between backticks becomes a <code> element. */
export function Inline({ text }: { readonly text: string }) {
  const parts = text.split(/`([^`\n]+)`/);
  return <>{parts.map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}</>;
}

/** Words with their language, so that a screen reader pronounces them rightly. */
export function Words({ of: { text, lang } }: { readonly of: Wording }) {
  const inline = <Inline text={text} />;
  return lang === undefined ? inline : <span lang={lang}>{inline}</span>;
}

/** A message of the library, which is English in every language of the page. */
export function Message({ text }: { readonly text: string }) {
  return <Words of={inEnglish(text)} />;
}
