import { useEffect, useState } from 'preact/hooks';
import { LaneOptions } from './setup/lane-options.tsx';
import { Mark } from './charts/series.tsx';
import { NetworkDrawing } from './network/network.tsx';
import { percent, plain } from './format.ts';
import { RuleSelect } from './setup/rule-select.tsx';
import { Surface } from './charts/surface.tsx';
import { nameOf, titleOf } from './titles.ts';
import { Message, Words } from './words.tsx';
import { ask, begin, curves, failures, latest, plan, session, views } from '../state/lab.ts';
import type { Lens } from '../state/navigation.ts';
import { t } from '../state/preferences.ts';

/** One rule side by side with others: its options, its score and its network as it learns. */
export function Lane({
  lane,
  lens,
  isFixed,
}: {
  readonly lane: number;
  readonly lens: Lens;
  /** In an exhibit the rules cannot be changed. */
  readonly isFixed: boolean;
}) {
  const words = t.value.lane;
  const begun = session.value;
  const shown = begun?.lanes[lane];
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
  if (!begun || !shown) return null;
  const name = nameOf(shown.rule);
  const failure = failures.value[lane];
  const count = begun.lanes.length;
  return (
    <article class="lane card" aria-label={words.label(name)} data-lane={lane}>
      <header class="lane-head">
        <Mark lane={lane} />
        {isFixed ? (
          <h3 class="lane-title">
            <Words of={titleOf(shown.rule)} />
          </h3>
        ) : (
          <RuleSelect
            value={shown.rule}
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
            aria-label={words.remove(name)}
            title={words.remove(name)}
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
          <Message text={failure.message} />
        </p>
      )}
      {shown.warnings.map((warning) => (
        <p key={warning} class="caption">
          <Message text={warning} />
        </p>
      ))}
      <NetworkDrawing
        lane={lane}
        network={shown.network}
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
  const error = tested ?? latest(lane, 'train error');
  const loss = latest(lane, 'test loss') ?? latest(lane, 'train loss');
  const read = latest(lane, 'readout error');
  const metrics = curves.metrics.flatMap((metric) => {
    const value = latest(lane, { metric });
    return value === undefined ? [] : [[metric, value] as const];
  });
  // Without an error: the loss, or what the rule measures.
  const isSilent = error === undefined && (read !== undefined || metrics.length > 0 || loss !== undefined);
  return (
    <p class="score">
      {!isSilent && (
        <>
          <b>{show(error)}</b> <span>{tested === undefined ? words.trainError : words.testError}</span>
        </>
      )}
      {isSilent && loss !== undefined && (
        <>
          <b>{plain(loss)}</b> <span>{words.loss}</span>
        </>
      )}
      {isSilent &&
        metrics.map(([metric, value]) => (
          <span key={metric}>
            <b>{plain(value)}</b> <span>{metric}</span>{' '}
          </span>
        ))}
      {read !== undefined && (
        <span>
          {' '}
          <b>{show(read)}</b> <span>{words.readoutError}</span>
        </span>
      )}
    </p>
  );
}

/** The options that distinguish this lane in an exhibit. */
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
