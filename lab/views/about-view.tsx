import { catalogue } from '../state/lab.ts';
import { t } from '../state/preferences.ts';

/** A description of Apical, the keys of the page, and the sources of its data. */
export function AboutView() {
  const words = t.value.about;
  const backend = catalogue.value?.backend;
  return (
    <div class="prose-view about">
      <header class="view-head">
        <h1>{words.title}</h1>
        <p class="lead">{words.lead}</p>
      </header>
      {words.paragraphs.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <h2>{words.keys}</h2>
      <ul>
        {words.keyList.map((key) => (
          <li key={key}>{key}</li>
        ))}
      </ul>
      <h2>{words.data}</h2>
      <p>{words.dataText}</p>
      <p class="caption">
        {words.version(__APICAL_VERSION__)}
        {backend && ` · ${words.backend(backend.detail, String(backend.threads))}`}
      </p>
    </div>
  );
}
