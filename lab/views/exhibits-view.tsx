import { AngleCharts, Learning } from '../parts/charts/charts.tsx';
import { Features, PairsPart } from '../parts/network/inspector.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { Networks } from '../parts/networks.tsx';
import { Sources } from '../parts/sources.tsx';
import { Transport } from '../parts/transport.tsx';
import { familyOf } from '../parts/titles.ts';
import { Words } from '../parts/words.tsx';
import { addressOf } from '../state/address.ts';
import { EXHIBITS, exhibitById } from '../exhibits/index.ts';
import type { Exhibit, Part } from '../exhibits/index.ts';
import { isDone, phase, playing, session, step } from '../state/lab.ts';
import { item } from '../state/navigation.ts';
import { t } from '../state/preferences.ts';

/** The list of all exhibits, or the exhibit that is open. */
export function ExhibitsView() {
  const exhibit = item.value === null ? undefined : exhibitById(item.value);
  return exhibit ? <Shown exhibit={exhibit} /> : <List />;
}

function List() {
  const words = t.value.exhibitsView;
  const families = [...new Set(EXHIBITS.map(({ family }) => family))];
  return (
    <div class="prose-view">
      <header class="view-head">
        <h1>{words.title}</h1>
        <p class="lead">{words.lead}</p>
      </header>
      {families.map((family) => (
        <section key={family}>
          <h2 class="family">
            <Words of={familyOf(family)} />
          </h2>
          <ul class="exhibit-list">
            {EXHIBITS.filter((exhibit) => exhibit.family === family).map(({ id }) => (
              <li key={id} class="card">
                <a href={`#/exhibits/${id}`}>
                  <h3>{t.value.exhibits[id]?.title}</h3>
                </a>
                <p>{t.value.exhibits[id]?.statement}</p>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Shown({ exhibit }: { readonly exhibit: Exhibit }) {
  const words = t.value.exhibitsView;
  const text = t.value.exhibits[exhibit.id];
  if (!text) return null;
  const hasShown = step.value >= exhibit.until || isDone.value;
  return (
    <article class="exhibit">
      <header class="view-head">
        <a class="back" href="#/exhibits">
          ← {words.back}
        </a>
        <h1>{text.title}</h1>
        <p class="lead">{text.statement}</p>
      </header>
      <div class="exhibit-words">
        <section>
          <h2>{words.look}</h2>
          <ol>
            {text.look.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
        </section>
        <section>
          <h2>{words.why}</h2>
          <p>{text.why}</p>
          <Sources keys={exhibit.cites} />
        </section>
      </div>
      <Transport until={exhibit.until} />
      {hasShown && !playing.value && phase.value === 'ready' && (
        <p class="caption">
          {words.seen}{' '}
          <a
            href={addressOf({
              view: 'lab',
              item: null,
              plan: exhibit.plan,
              step: step.value,
              sight: exhibit.sight,
            })}
          >
            {words.toLab}
          </a>
        </p>
      )}
      {session.value && exhibit.parts.map((part) => <PartOf key={part} part={part} />)}
    </article>
  );
}

function PartOf({ part }: { readonly part: Part }) {
  switch (part) {
    case 'networks':
      return <Networks isFixed />;
    case 'curves':
      return <Learning />;
    case 'angles':
      return <AngleCharts field="angle" />;
    case 'feedback angles':
      return <AngleCharts field="feedbackAngle" />;
    case 'weights':
      return <Features />;
    case 'pairs':
      return <PairsPart />;
    case 'gallery':
      return <Gallery />;
  }
}
