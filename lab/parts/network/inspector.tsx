import { useEffect, useRef } from 'preact/hooks';
import { Mark, colourOf } from '../charts/series.tsx';
import { paletteOf } from '../charts/raster.tsx';
import { degrees, spoken } from '../format.ts';
import { nameOf, titleOf } from '../titles.ts';
import { UnitStory } from './unit-story.tsx';
import { Words } from '../words.tsx';
import type { LaneView, Tile } from '../../protocol.ts';
import { latest, look, session, views, watch } from '../../state/lab.ts';
import { isDark, t } from '../../state/preferences.ts';

/** Incoming weights of an area, the history of a unit, and feedback weights against forward weights. */
export function Inspector() {
  return (
    <section class="inside" aria-label={t.value.inspector.label}>
      <Features />
      <PairsPart />
    </section>
  );
}

/** Incoming weights of the selected area, lane by lane. */
export function Features() {
  const words = t.value.inspector;
  const begun = session.value;
  if (!begun) return null;
  const areas = begun.lanes[0]?.network.areas.filter(({ role }) => role !== 'input') ?? [];
  return (
    <div class="card part">
      <header class="card-head">
        <h2>{words.weights}</h2>
        <label class="field">
          <span>{words.area}</span>
          <select
            value={watch.value.area ?? ''}
            onChange={({ currentTarget }) => look({ area: currentTarget.value, unit: null })}
          >
            {areas.map(({ id }) => (
              <option key={id} value={id}>
                {spoken(id)}
              </option>
            ))}
          </select>
        </label>
      </header>
      <div class="lanes-row">
        {begun.lanes.map(({ rule }, lane) => (
          <LaneFeatures key={lane} lane={lane} rule={rule} view={views.value[lane]} />
        ))}
      </div>
      <p class="caption">{words.weightsCaption}</p>
    </div>
  );
}

function LaneFeatures({
  lane,
  rule,
  view,
}: {
  readonly lane: number;
  readonly rule: string;
  readonly view: LaneView | undefined;
}) {
  const words = t.value.inspector;
  const { unit, area } = watch.value;
  const tiles = view?.tiles ?? [];
  return (
    <div class="features">
      <h3>
        <Mark lane={lane} /> <Words of={titleOf(rule)} />
      </h3>
      {tiles.length > 0 && (
        <Mosaic tiles={tiles} lane={lane} label={words.tiles(nameOf(rule), spoken(area ?? ''))} />
      )}
      {unit !== null && view?.unit && (
        <UnitStory
          unit={unit}
          story={view.unit}
          activity={area === null ? undefined : view.activities[area]?.[unit]}
        />
      )}
    </div>
  );
}

const ACROSS = 12;

/** Many units in one picture, since a canvas for each would be slow, with a button over each unit to select it. */
function Mosaic({
  tiles,
  lane,
  label,
}: {
  readonly tiles: readonly Tile[];
  readonly lane: number;
  readonly label: string;
}) {
  const words = t.value.inspector;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [first] = tiles;
  const rows = first?.rows ?? 1;
  const columns = first?.columns ?? 1;
  const across = Math.min(ACROSS, tiles.length);
  const down = Math.ceil(tiles.length / across);
  const dark = isDark.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = new ImageData(across * columns, down * rows);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = paletteOf('signed', dark);
    tiles.forEach(({ values }, index) => {
      const top = Math.floor(index / across) * rows;
      const left = (index % across) * columns;
      for (let row = 0; row < rows; row++) {
        const at = (top + row) * across * columns + left;
        for (let column = 0; column < columns; column++) {
          pixels[at + column] = colours[128 + (values[row * columns + column] as number)] as number;
        }
      }
    });
    context.putImageData(image, 0, 0);
  }, [tiles, dark, across, down, rows, columns]);
  const chosen = watch.value.unit;
  return (
    <div
      class="mosaic"
      role="group"
      aria-label={label}
      style={{ '--across': String(across), '--lane': colourOf(lane) }}
    >
      <canvas ref={canvas} class="raster" width={across * columns} height={down * rows} aria-hidden="true" />
      <div class="mosaic-units">
        {tiles.map((_, index) => (
          <button
            key={index}
            type="button"
            aria-pressed={chosen === index}
            aria-label={words.unit(String(index + 1))}
            onClick={() => look({ unit: chosen === index ? null : index })}
          />
        ))}
      </div>
    </div>
  );
}

/** Feedback weights against the forward weights of the selected projection. */
export function PairsPart() {
  const words = t.value.inspector;
  const begun = session.value;
  const { projection } = watch.value;
  const answered = [
    ...new Set(
      begun?.lanes.flatMap(({ network }) =>
        network.projections.filter(({ feedback }) => feedback).map(({ id }) => id),
      ) ?? [],
    ),
  ];
  if (!begun || answered.length === 0) return null;
  return (
    <div class="card part">
      <header class="card-head">
        <h2>{words.pairs}</h2>
        <label class="field">
          <span>{words.projection}</span>
          <select
            value={projection ?? ''}
            onChange={({ currentTarget }) => look({ projection: currentTarget.value })}
          >
            {answered.map((id) => (
              <option key={id} value={id}>
                {spoken(id)}
              </option>
            ))}
          </select>
        </label>
      </header>
      <div class="lanes-row">
        {begun.lanes.map(({ rule }, lane) => (
          <Pairs
            key={lane}
            lane={lane}
            rule={rule}
            pairs={views.value[lane]?.pairs}
            projection={projection}
          />
        ))}
      </div>
      <p class="caption">{words.pairsCaption}</p>
    </div>
  );
}

const SIDE = 440;

/** A scatter plot with a dot for each pair of units: forward weight across, feedback weight up. */
function Pairs({
  lane,
  rule,
  pairs,
  projection,
}: {
  readonly lane: number;
  readonly rule: string;
  readonly pairs: LaneView['pairs'];
  readonly projection: string | null;
}) {
  const words = t.value.inspector;
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context && pairs) drawPairs(context, pairs, colourOf(lane));
  }, [pairs, dark, lane]);
  const angle = projection === null ? undefined : latest(lane, { projection, field: 'feedbackAngle' });
  return (
    <div class="pairs">
      <h3>
        <Mark lane={lane} /> <Words of={titleOf(rule)} />{' '}
        {pairs && <span class="number">{degrees(angle)}</span>}
      </h3>
      {pairs ? (
        <canvas
          ref={canvas}
          width={SIDE}
          height={SIDE}
          role="img"
          aria-label={words.pairsLabel(spoken(projection ?? ''), degrees(angle))}
        />
      ) : (
        <p class="caption">{words.noFeedback}</p>
      )}
    </div>
  );
}

function drawPairs(
  context: CanvasRenderingContext2D,
  { forward, feedback }: NonNullable<LaneView['pairs']>,
  colour: string,
): void {
  context.clearRect(0, 0, SIDE, SIDE);
  context.strokeStyle = getComputedStyle(context.canvas).getPropertyValue('--line');
  context.lineWidth = 2;
  context.beginPath();
  for (const [x1, y1, x2, y2] of [
    [0, SIDE / 2, SIDE, SIDE / 2],
    [SIDE / 2, 0, SIDE / 2, SIDE],
  ] as const) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.stroke();
  const [across, up] = [spreadOf(forward), spreadOf(feedback)];
  context.fillStyle = colour;
  context.globalAlpha = 0.55;
  for (let index = 0; index < forward.length; index++) {
    const x = (SIDE / 2) * (1 + (forward[index] as number) / across);
    const y = (SIDE / 2) * (1 - (feedback[index] as number) / up);
    context.fillRect(x - 2, y - 2, 4, 4);
  }
  context.globalAlpha = 1;
}

/** Returns the end of an axis, which covers 99 % of the weights, so that a few outliers do not compress the rest. */
function spreadOf(values: Float32Array): number {
  const sorted = Float32Array.from(values, Math.abs).sort();
  return (sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 1) * 1.15 || 1;
}
