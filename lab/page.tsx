import { AboutView } from './views/about-view.tsx';
import { DropZone } from './parts/setup/drop-zone.tsx';
import { ExhibitsView } from './views/exhibits-view.tsx';
import { LabView } from './views/lab-view.tsx';
import { RulesView } from './views/rules-view.tsx';
import { Notices } from './parts/notices.tsx';
import { language, scheme, t } from './state/preferences.ts';
import type { Language, Scheme } from './state/preferences.ts';
import { VIEWS } from './state/address.ts';
import { view } from './state/navigation.ts';

/** The page: its header, notices, and the open view. */
export function Page() {
  const words = t.value.page;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => focusContent(event)}>
        {words.skip}
      </a>
      <header class="page-head">
        <a class="brand" href="#/lab">
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <path d="M16 3v16M16 8l-7-4M16 8l7-4M16 19l-8 9M16 19l8 9" />
            <circle cx="16" cy="19" r="4.6" />
          </svg>
          <span>{words.name}</span>
        </a>
        <nav aria-label={words.navigation}>
          {VIEWS.map((name) => (
            <a key={name} href={`#/${name}`} aria-current={view.value === name ? 'page' : undefined}>
              {words.views[name]}
            </a>
          ))}
        </nav>
        <div class="preferences">
          <select
            aria-label={words.language}
            value={language.value}
            onChange={({ currentTarget }) => (language.value = currentTarget.value as Language)}
          >
            <option value="en">English</option>
            <option value="zh" lang="zh-Hans">
              简体中文
            </option>
          </select>
          <select
            aria-label={words.scheme}
            value={scheme.value}
            onChange={({ currentTarget }) => (scheme.value = currentTarget.value as Scheme)}
          >
            {(['system', 'light', 'dark'] as const).map((name) => (
              <option key={name} value={name}>
                {words.schemes[name]}
              </option>
            ))}
          </select>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Notices />
        <Part />
      </main>
      <DropZone />
    </>
  );
}

/** The open view. A view loses its state when another is opened. */
function Part() {
  switch (view.value) {
    case 'lab':
      return <LabView />;
    case 'exhibits':
      return <ExhibitsView />;
    case 'rules':
      return <RulesView />;
    case 'about':
      return <AboutView />;
  }
}

function focusContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
