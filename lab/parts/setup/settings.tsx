import { useEffect, useRef, useState } from 'preact/hooks';
import { SchemaForm } from './schema-form.tsx';
import { ask, begin, catalogue, plan, session } from '../../state/lab.ts';
import { t } from '../../state/preferences.ts';

/** Keys that are set elsewhere on the page. */
const ELSEWHERE = new Set(['version', 'rule', 'ruleOptions', 'seed']);

/** A dialog with every key of the config, as a form made from its schema. */
export function Settings({ onClose }: { readonly onClose: () => void }) {
  const words = t.value.settings;
  const dialog = useRef<HTMLDialogElement>(null);
  const [problems, setProblems] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => dialog.current?.showModal(), []);
  const schema = catalogue.value?.config;
  const { set } = plan.value;
  const pathOf = (assignment: string) => assignment.slice(0, assignment.indexOf('='));
  const changed = new Set(set.map(pathOf));

  const change = async (path: string, text: string | null) => {
    const others = set.filter((assignment) => pathOf(assignment) !== path);
    const assignment = `${path}=${text ?? ''}`;
    const wanted = { ...plan.value, set: text === null ? others : [...others, assignment] };
    const [found] =
      text === null ? [] : (await ask('check', wanted)).filter(({ about }) => about === assignment);
    setProblems(found ? new Map([[path, found.message]]) : new Map());
    if (!found) await begin(wanted);
  };

  return (
    <dialog
      ref={dialog}
      class="settings"
      aria-labelledby="settings-title"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="settings-body">
        <header class="card-head">
          <h2 id="settings-title">{words.title}</h2>
          <div class="actions">
            <button
              type="button"
              class="icon"
              disabled={set.length === 0}
              onClick={() => void begin({ ...plan.value, set: [] })}
            >
              {words.reset}
            </button>
            <button type="button" class="icon" onClick={() => dialog.current?.close()}>
              {words.close}
            </button>
          </div>
        </header>
        <p class="caption">{words.about}</p>
        {schema && (
          <SchemaForm
            schema={schema}
            path=""
            values={session.value?.lanes[0]?.config ?? {}}
            changed={changed}
            problems={problems}
            onChange={(path, text) => void change(path, text)}
            skip={ELSEWHERE}
          />
        )}
      </div>
    </dialog>
  );
}
