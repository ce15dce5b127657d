import { useEffect, useState } from 'preact/hooks';
import { LaneOptions } from './lane-options.tsx';
import { Mark } from './series.tsx';
import { NetworkDrawing } from './network.tsx';
import { percent, plain } from './format.ts';
import { RuleSelect } from './rule-select.tsx';
import { Surface } from './surface.tsx';
import { titleOf } from './titles.ts';
import { ask, begin, failures, latest, plan, session, views } from '../state/lab.ts';
import type { Lens } from '../state/navigation.ts';
import { t } from '../state/preferences.ts';

/** One rule: what it is, how well it does, and its network at work. */
export function Lane({
  lane,
  lens,
  isFixed,
}: {
  readonly lane: number;
  readonly lens: Lens;
  /** In an exhibit the rules are what they are. */
  readonly isFixed: boolean;
}) {
  const words = t.value.lane;
  const begun = session.value;
  const its = begun?.lanes[lane];
  const [transported, setTransported] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    let isCurrent = true;
    if (!begun) return undefined;
    ask('audit', lane).then(
      ({ locality }) => {
        if (isCurrent)
          setTransported(new Set(locality.flatMap(({ transposedWeights }) => transposedWeights)));
      },
      () => setTransported(new Set()),
    );
    return () => {
      isCurrent = false;
    };
  }, [begun, lane]);
  if (!begun || !its) return null;
  const failure = failures.value[lane];
  const count = begun.lanes.length;
  return (
    <article class="lane card" aria-label={words.label(titleOf(its.rule))} data-lane={lane}>
      <header class="lane-head">
        <Mark lane={lane} />
        {isFixed ? (
          <h3 class="lane-title">{titleOf(its.rule)}</h3>
        ) : (
          <RuleSelect
            value={its.rule}
            label={words.rule(String(lane + 1))}
            onChange={(rule) =>
              void begin({
                ...plan.value,
                lanes: plan.value.lanes.map((old, index) => (index === lane ? { rule, options: {} } : old)),
              })
            }
          />
        )}
        <Score lane={lane} />
        {count > 1 && !isFixed && (
          <button
            type="button"
            class="quiet"
            aria-label={words.remove(titleOf(its.rule))}
            title={words.remove(titleOf(its.rule))}
            onClick={() =>
              void begin({ ...plan.value, lanes: plan.value.lanes.filter((_, index) => index !== lane) })
            }
          >
            ×
          </button>
        )}
      </header>
      {isFixed ? <FixedOptions lane={lane} /> : <LaneOptions lane={lane} />}
      {failure && (
        <p class="problem" role="alert">
          {failure.message}
        </p>
      )}
      {its.warnings.map((warning) => (
        <p key={warning} class="caption">
          {warning}
        </p>
      ))}
      <NetworkDrawing
        lane={lane}
        network={its.network}
        view={views.value[lane]}
        lens={lens}
        transported={transported}
      />
      {begun.task.points && (
        <Surface lane={lane} surface={views.value[lane]?.surface} points={begun.task.points} />
      )}
    </article>
  );
}

function Score({ lane }: { readonly lane: number }) {
  const words = t.value.lane;
  const begun = session.value;
  if (begun?.task.kind === 'actions') {
    return (
      <p class="score">
        <b>{plain(latest(lane, 'return'))}</b> <span>{words.return}</span>
      </p>
    );
  }
  const tested = latest(lane, 'test error');
  const show = begun?.task.data?.task === 'regression' ? plain : percent;
  return (
    <p class="score">
      <b>{show(tested ?? latest(lane, 'train error'))}</b>{' '}
      <span>{tested === undefined ? words.trainError : words.testError}</span>
    </p>
  );
}

/** What sets this lane apart in an exhibit. */
function FixedOptions({ lane }: { readonly lane: number }) {
  const options = Object.entries(plan.value.lanes[lane]?.options ?? {});
  return (
    <p class="caption lane-options">
      {options
        .map(([name, value]) => `${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', ')}
    </p>
  );
}
