import { useState } from 'preact/hooks';
import { Chart } from './chart.tsx';
import { Segments } from '../segments.tsx';
import { spoken } from '../format.ts';
import { nameOf } from '../titles.ts';
import type { Quantity } from '../../state/curves.ts';
import { curves, latest, probed, reasonOf, session } from '../../state/lab.ts';
import { t } from '../../state/preferences.ts';

/** Error, loss and angles of all lanes over time. */
export function Charts() {
  return (
    <section class="charts" aria-label={t.value.charts.label}>
      <Learning />
      <AngleCharts />
    </section>
  );
}

/** Learning curves of all lanes: error and loss, or the return of an episode. */
export function Learning() {
  const words = t.value.charts;
  const [split, setSplit] = useState<'train' | 'test'>('train');
  const begun = session.value;
  if (!begun) return null;
  const common = { lanes: begun.lanes.map(({ rule }) => nameOf(rule)), seeds: begun.seeds.length };
  if (begun.task.kind === 'actions') {
    return (
      <div class="card part">
        <h2>{words.return}</h2>
        <Chart title={words.returnTitle} quantity="return" unit="plain" height={220} {...common} />
        <p class="caption">{words.returnCaption}</p>
      </div>
    );
  }
  const isShare = begun.task.data?.task !== 'regression';
  const has = (quantity: Quantity) => begun.lanes.some((_, lane) => latest(lane, quantity) !== undefined);
  const hasReadout = has('readout error');
  const hasLoss = has('train loss') || has('test loss');
  // Before the first record, an error is expected.
  const isSilent = hasLoss || hasReadout || curves.metrics.length > 0;
  const hasError = has('train error') || has('test error') || !isSilent;
  return (
    <div class="card part">
      <header class="card-head">
        <h2>{words.learning}</h2>
        {(hasError || hasLoss) && (
          <Segments
            label={words.split}
            value={split}
            options={{ train: words.train, test: words.test }}
            onChange={setSplit}
          />
        )}
      </header>
      <div class="chart-row">
        {hasError && (
          <Chart
            title={isShare ? words.error(split) : words.squaredError(split)}
            quantity={`${split} error`}
            unit={isShare ? 'percent' : 'plain'}
            height={190}
            {...common}
          />
        )}
        {(hasError || hasLoss) && (
          <Chart
            title={words.loss(split)}
            quantity={`${split} loss`}
            unit="plain"
            height={190}
            logarithmic
            {...common}
          />
        )}
        {!hasError &&
          curves.metrics.map((metric) => (
            <Chart key={metric} title={metric} quantity={{ metric }} unit="plain" height={190} {...common} />
          ))}
        {hasReadout && (
          <Chart
            title={words.readout}
            quantity="readout error"
            unit={isShare ? 'percent' : 'plain'}
            height={190}
            {...common}
          />
        )}
      </div>
      {(hasError || hasLoss) && (
        <p class="caption">{split === 'train' ? words.trainCaption : words.testCaption}</p>
      )}
      {hasReadout && <p class="caption">{words.readoutCaption}</p>}
    </div>
  );
}

/** Angles by projection: those of `field` if it is given, else a choice of both. */
export function AngleCharts({ field }: { readonly field?: 'angle' | 'feedbackAngle' }) {
  const words = t.value.charts;
  const [chosen, setChosen] = useState<'angle' | 'feedbackAngle'>('angle');
  const begun = session.value;
  if (!begun) return null;
  const networks = begun.lanes.map(({ network }) => network);
  const answered = new Set(
    networks.flatMap(({ projections }) => projections.filter(({ feedback }) => feedback).map(({ id }) => id)),
  );
  const angles = field ?? (answered.size > 0 ? chosen : 'angle');
  const plastic = (networks[0]?.projections ?? [])
    .filter(({ plastic: learns, hasWeights }) => learns && hasWeights)
    .map(({ id }) => id);
  const all = probed.value.length > 0 ? probed.value : plastic;
  // Projections in which no lane makes an angle are named in words below the charts.
  const reasonsOf = (id: string) => begun.lanes.map((_, lane) => reasonOf(lane, id));
  const shown = all.filter((id) =>
    angles === 'angle' ? reasonsOf(id).some((reason) => reason === undefined) : answered.has(id),
  );
  const without = all.flatMap((id) =>
    begun.lanes.flatMap(({ rule }, lane) => {
      const reason = angles === 'angle' ? reasonOf(lane, id) : undefined;
      return reason
        ? [`${spoken(id)}${begun.lanes.length > 1 ? ` (${nameOf(rule)})` : ''}: ${words.reasons[reason]}`]
        : [];
    }),
  );
  return (
    <div class="card part">
      <header class="card-head">
        <h2>{field === undefined ? words.angles : field === 'angle' ? words.update : words.feedback}</h2>
        {field === undefined && answered.size > 0 && (
          <Segments
            label={words.which}
            value={angles}
            options={{ angle: words.update, feedbackAngle: words.feedback }}
            onChange={setChosen}
          />
        )}
      </header>
      <div class="chart-row chart-row-dense">
        {shown.map((id) => (
          <Chart
            key={`${angles} ${id}`}
            title={spoken(id)}
            quantity={{ projection: id, field: angles }}
            unit="degrees"
            height={shown.length > 4 ? 120 : 190}
            reference={90}
            lanes={begun.lanes.map(({ rule }) => nameOf(rule))}
            seeds={begun.seeds.length}
          />
        ))}
      </div>
      {without.length > 0 && <p class="caption">{without.join('; ')}.</p>}
      <p class="caption">{angles === 'angle' ? words.updateCaption : words.feedbackCaption}</p>
    </div>
  );
}
