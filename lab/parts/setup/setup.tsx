import { useEffect, useState } from 'preact/hooks';
import { Settings } from './settings.tsx';
import { Share } from './share.tsx';
import { presetTitleOf, withoutMarks } from '../titles.ts';
import { begin, catalogue, plan } from '../../state/lab.ts';
import { t } from '../../state/preferences.ts';

const MOST_LANES = 4;

/** The task, the seeds, and buttons for another rule, all settings and sharing. */
export function Setup() {
  const words = t.value.setup;
  const { preset, seeds, lanes, set } = plan.value;
  const [showsSettings, setSettings] = useState(false);
  const [typed, setTyped] = useState(seeds);
  useEffect(() => setTyped(seeds), [seeds]);
  const presets = catalogue.value?.presets ?? [];
  const commit = () => {
    if (typed !== seeds) void begin({ ...plan.value, seeds: typed.trim() || '0' });
  };
  const others = catalogue.value?.rules.filter(({ id }) => !lanes.some(({ rule }) => rule === id)) ?? [];
  // The user's own rule comes first, then a rule without restrictions on units, which suits any network.
  const unused =
    others.find(({ file }) => file !== undefined) ??
    others.find(({ activations }) => !activations) ??
    others[0];
  return (
    <div class="setup">
      <label class="field setup-task">
        <span>{words.task}</span>
        <select
          value={preset}
          onChange={({ currentTarget }) =>
            void begin({ ...plan.value, preset: currentTarget.value, set: [] })
          }
        >
          <option value="">{words.defaults}</option>
          {presets.map(({ id }) => {
            const { text, lang } = presetTitleOf(id);
            return (
              <option key={id} value={id} lang={lang}>
                {withoutMarks(text)}
              </option>
            );
          })}
        </select>
      </label>
      <label class="field setup-seeds" title={words.seedsHint}>
        <span>{words.seeds}</span>
        <input
          type="text"
          value={typed}
          spellcheck={false}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          onBlur={commit}
          onKeyDown={({ key }) => {
            if (key === 'Enter') commit();
          }}
        />
      </label>
      <button
        type="button"
        class="icon"
        disabled={lanes.length >= MOST_LANES || !unused}
        onClick={() =>
          void begin({ ...plan.value, lanes: [...lanes, { rule: unused?.id ?? 'backprop', options: {} }] })
        }
      >
        {words.addRule}
      </button>
      <button type="button" class="icon" onClick={() => setSettings(true)}>
        {set.length === 0 ? words.settings : words.settingsSet(String(set.length))}
      </button>
      <Share />
      {showsSettings && <Settings onClose={() => setSettings(false)} />}
    </div>
  );
}
