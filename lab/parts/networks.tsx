import { Lane } from './lane.tsx';
import { Segments } from './segments.tsx';
import { session } from '../state/lab.ts';
import { lens } from '../state/navigation.ts';
import { t } from '../state/preferences.ts';

/** All lanes side by side, with a legend. */
export function Networks({ isFixed = false }: { readonly isFixed?: boolean }) {
  const words = t.value.setup;
  const lanes = session.value?.lanes ?? [];
  return (
    <div class="lanes-part">
      <div class="lanes-head">
        <Legend />
        <Segments
          label={words.lens}
          value={lens.value}
          options={words.lenses}
          onChange={(value) => (lens.value = value)}
        />
      </div>
      <div class="lanes" data-count={lanes.length} role="group" aria-label={words.lanes}>
        {lanes.map((_, lane) => (
          <Lane key={lane} lane={lane} lens={lens.value} isFixed={isFixed} />
        ))}
      </div>
    </div>
  );
}

/** The meaning of the lines in the drawings. */
function Legend() {
  const words = t.value.network;
  const kinds = ['forward', 'feedback', 'transported'] as const;
  return (
    <ul class="legend" aria-label={words.legend}>
      {kinds.map((kind) => (
        <li key={kind}>
          <svg viewBox="0 0 34 8" width="34" height="8" aria-hidden="true">
            <path class={`path-${kind}`} d="M1 4H33" />
          </svg>
          {words[kind]}
        </li>
      ))}
    </ul>
  );
}
