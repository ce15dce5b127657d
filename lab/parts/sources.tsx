import bibliography from '../../docs/bibliography.json' with { type: 'json' };
import { citationOf } from '../../src/entries/browser-internals.ts';
import type { Source } from '../../src/entries/browser-internals.ts';
import { t } from '../state/preferences.ts';

const SOURCES: Readonly<Record<string, Source | undefined>> = bibliography;

export const sourceOf = (key: string): Source | undefined => SOURCES[key];

/** A list of sources, with links. Unknown keys are shown as they are. */
export function Sources({ keys }: { readonly keys: readonly string[] }) {
  if (keys.length === 0) return null;
  return (
    <div class="sources">
      <h3>{t.value.rulesView.source}</h3>
      <ul>
        {keys.map((key) => {
          const source = sourceOf(key);
          if (!source) return <li key={key}>{key}</li>;
          const { text, link } = citationOf(source);
          return (
            <li key={key}>
              {text}{' '}
              {link !== undefined && (
                <a href={link} rel="noreferrer" target="_blank">
                  {link.replace(/^https?:\/\/(doi\.org\/)?/, '')}
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
