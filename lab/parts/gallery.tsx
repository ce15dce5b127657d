import { Drawing } from './network/drawing.tsx';
import { Mark } from './charts/series.tsx';
import { Raster } from './charts/raster.tsx';
import { nameOf } from './titles.ts';
import { choose, example, gallery, showExamples } from '../state/example.ts';
import type { Shown } from '../state/example.ts';
import { fail, session, views } from '../state/lab.ts';
import { t } from '../state/preferences.ts';

/** Test examples with the current answers of every lane, and a pad to draw on. */
export function Gallery() {
  const words = t.value.gallery;
  const begun = session.value;
  const data = begun?.task.data;
  const picture = begun?.task.picture;
  if (!begun || !data || !picture || data.task !== 'classification') return null;
  const [rows, columns] = picture;
  // Values that are not those of pixels have signs, and cannot be drawn.
  const isSigned = data.time !== undefined && data.inputScale === 1;
  const show = (which: 'next' | 'wrong') => void showExamples(which).catch(fail);
  return (
    <section class="card gallery" aria-label={words.label}>
      <header class="card-head">
        <h2>{words.title}</h2>
        <div class="actions">
          <button type="button" class="icon" onClick={() => show('next')}>
            {words.next}
          </button>
          <button type="button" class="icon" onClick={() => show('wrong')}>
            {words.wrong(nameOf(begun.lanes[0]?.rule ?? ''))}
          </button>
        </div>
      </header>
      <div class="gallery-body">
        {!isSigned && <Drawing rows={rows} columns={columns} names={data.classNames} />}
        <ul class="examples">
          {gallery.value.map((shown, index) => (
            <Example
              key={shown.index}
              shown={shown}
              index={index}
              rows={rows}
              columns={columns}
              kind={isSigned ? 'signed' : 'activity'}
              names={data.classNames}
            />
          ))}
        </ul>
      </div>
      <p class="caption">{words.caption}</p>
    </section>
  );
}

function Example({
  shown,
  index,
  rows,
  columns,
  kind,
  names,
}: {
  readonly shown: Shown;
  readonly index: number;
  readonly rows: number;
  readonly columns: number;
  readonly kind: 'signed' | 'activity';
  readonly names: readonly string[] | undefined;
}) {
  const words = t.value.gallery;
  const name = (label: number) => names?.[label] ?? String(label);
  const answers = views.value.map((view) => view?.gallery?.classes[index]);
  const spokenAnswers = answers
    .map((answer, lane) =>
      answer === undefined ? '' : words.answer(nameOf(session.value?.lanes[lane]?.rule ?? ''), name(answer)),
    )
    .join(', ');
  return (
    <li>
      <button
        type="button"
        class="example"
        aria-pressed={example.value.index === shown.index}
        aria-label={`${words.example(name(shown.label))}. ${spokenAnswers}`}
        onClick={() => choose(shown.index)}
      >
        <Raster values={shown.inputs} rows={rows} columns={columns} kind={kind} largest={1} />
        <span class="answers" aria-hidden="true">
          {answers.map((answer, lane) =>
            answer === undefined ? null : (
              <span key={lane} class={answer === shown.label ? 'right' : 'wrong'} title={name(answer)}>
                <Mark lane={lane} />
                {name(answer).length > 2 ? answer : name(answer)}
              </span>
            ),
          )}
        </span>
      </button>
    </li>
  );
}
