import { MIDDLE } from './geometry.ts';
import { Raster } from '../charts/raster.tsx';
import { colourOf } from '../charts/series.tsx';
import { degrees, grouped, spoken } from '../format.ts';
import type { AreaShape, LaneView } from '../../protocol.ts';
import { example } from '../../state/example.ts';
import { look, session, watch } from '../../state/lab.ts';
import type { Lens } from '../../state/navigation.ts';
import { t } from '../../state/preferences.ts';

const MOST_BARS = 12;

export interface AreaProps {
  readonly area: AreaShape;
  readonly lane: number;
  readonly left: number;
  readonly size: number;
  readonly view: LaneView | undefined;
  readonly lens: Lens;
}

/** An area in the drawing. It is a button, because selecting it shows its units. */
export function Area({ area, lane, left, size, view, lens }: AreaProps) {
  const words = t.value.network;
  const { id, units, role } = area;
  const chosen = watch.value.area === id;
  const canChoose = role !== 'input';
  const body = (
    <>
      <span class="area-body" style={{ width: `${size}px`, height: `${size}px` }}>
        <Body area={area} lane={lane} left={left} size={size} view={view} lens={lens} />
      </span>
      <span class="area-name">
        <b>{spoken(id)}</b> {grouped(units)}
      </span>
    </>
  );
  const style = { left: `${left}px`, top: `${MIDDLE - size / 2}px`, width: `${size}px` };
  if (!canChoose) {
    return (
      <div class={`area area-${role}`} style={style}>
        {body}
      </div>
    );
  }
  return (
    <button
      type="button"
      class={`area area-${role}`}
      style={{ ...style, '--lane': colourOf(lane) }}
      aria-pressed={chosen}
      aria-label={words.area(spoken(id), grouped(units), area.activation)}
      onClick={() => look({ area: id, unit: null })}
    >
      {body}
    </button>
  );
}

function Body({ area, lane, size, view, lens }: AreaProps) {
  const { id, grid, role } = area;
  const [rows, columns] = grid;
  const activity = view?.activities[id];
  if (role === 'input')
    return <Raster values={activity} rows={rows} columns={columns} kind={inputKind()} largest={1} />;
  const error = view?.errors[id];
  if (lens === 'error') return <ErrorBody error={error} rows={rows} columns={columns} />;
  if (role === 'output' && view && view.answer.length <= MOST_BARS) {
    return <Bars answer={view.answer} lane={lane} size={size} />;
  }
  return (
    <Raster values={activity} rows={rows} columns={columns} kind={area.isSigned ? 'signed' : 'activity'} />
  );
}

/** Inputs that are not pixels have signs. */
const inputKind = () => {
  const { picture, data } = session.value?.task ?? {};
  return picture && !(data?.time && data.inputScale === 1) ? 'activity' : 'signed';
};

/** The error signal of the rule in the units, above the exact error signal. */
function ErrorBody({
  error,
  rows,
  columns,
}: {
  readonly error: LaneView['errors'][string] | undefined;
  readonly rows: number;
  readonly columns: number;
}) {
  const words = t.value.network;
  if (!error) return <span class="area-none">{words.noSignal}</span>;
  const { rule, exact, angle } = error;
  // A convolution has a bias for each channel, so its error signal is a strip with a value for each channel.
  const fits = rule.length === rows * columns || rule.length > columns;
  const [height, width] = fits ? [rows, columns] : [1, rule.length];
  return (
    <span class="area-errors">
      <Raster values={rule} rows={height} columns={width} kind="signed" label={words.ruleSignal} />
      {exact && (
        <Raster values={exact} rows={height} columns={width} kind="signed" label={words.exactSignal} />
      )}
      <span class="area-angle">{degrees(angle)}</span>
    </span>
  );
}

/** A bar for the probability of each class. The label of the example is underlined. */
function Bars({
  answer,
  lane,
  size,
}: {
  readonly answer: Float32Array;
  readonly lane: number;
  readonly size: number;
}) {
  const names = session.value?.task.data?.classNames;
  const label = example.value.label;
  const values = Array.from(answer);
  const isShare = session.value?.task.data?.task === 'classification';
  const most = isShare ? 1 : Math.max(1e-9, ...values.map(Math.abs));
  return (
    <span class="bars">
      {values.map((value, index) => (
        <span
          key={index}
          class={`bar ${index === label ? 'bar-label' : ''}`}
          style={{ height: `${(size - 2) / values.length}px` }}
          title={`${names?.[index] ?? index}: ${isShare ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)}`}
        >
          <span class="bar-name">{shortName(names?.[index], index)}</span>
          <span class="bar-track">
            <span
              class="bar-fill"
              style={{
                width: `${(100 * Math.min(1, Math.abs(value) / most)).toFixed(1)}%`,
                background: colourOf(lane),
              }}
            />
          </span>
        </span>
      ))}
    </span>
  );
}

const shortName = (name: string | undefined, index: number) =>
  name === undefined || name.length > 2 ? String(index) : name;
