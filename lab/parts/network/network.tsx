import { HEIGHT, MIDDLE } from './geometry.ts';
import { useWidth } from '../hooks.ts';
import { AngleGlyph } from '../charts/angle.tsx';
import { Area } from './area.tsx';
import { colourOf } from '../charts/series.tsx';
import { grouped, spoken } from '../format.ts';
import type { LaneView, NetworkShape, ProjectionShape } from '../../protocol.ts';
import { latest, look, watch } from '../../state/lab.ts';
import type { Lens } from '../../state/navigation.ts';
import { t } from '../../state/preferences.ts';

const FORWARD = MIDDLE - 14;
const BACK = MIDDLE + 16;

interface Place {
  readonly left: number;
  readonly size: number;
}

/** Side lengths of hidden and other areas, with the smallest gap. The largest that fit are used, else the drawing scrolls. */
const SCALES = [
  { hidden: 84, others: 92, least: 60 },
  { hidden: 66, others: 74, least: 40 },
  { hidden: 50, others: 58, least: 26 },
] as const;

function fit(areas: NetworkShape['areas'], width: number): { sizes: readonly number[]; gap: number } {
  const gaps = Math.max(1, areas.length - 1);
  const scaled = SCALES.map(({ hidden, others, least }) => {
    const sizes = areas.map(({ role }) => (role === 'hidden' ? hidden : others));
    const room = (width - sizes.reduce((sum, size) => sum + size, 0)) / gaps;
    return { sizes, room, least };
  });
  const chosen = scaled.find(({ room, least }) => room >= least) ?? scaled.at(-1);
  if (!chosen) return { sizes: [], gap: 0 };
  return { sizes: chosen.sizes, gap: Math.min(150, Math.max(chosen.least, chosen.room)) };
}

/** A network as areas joined by projections. Activity runs right along solid lines, teaching signals return along dashed lines. */
export function NetworkDrawing({
  lane,
  network,
  view,
  lens,
  transported,
}: {
  readonly lane: number;
  readonly network: NetworkShape;
  readonly view: LaneView | undefined;
  readonly lens: Lens;
  /** Projections whose transposed weights the rule used in the audit. */
  readonly transported: ReadonlySet<string>;
}) {
  const [element, width] = useWidth<HTMLDivElement>(540);
  const { areas, projections } = network;
  const { sizes, gap } = fit(areas, width);
  const places = new Map<string, Place>();
  let left = 0;
  areas.forEach(({ id }, index) => {
    const size = sizes[index] as number;
    places.set(id, { left, size });
    left += size + gap;
  });
  const across = left - gap;
  const order = new Map(areas.map(({ id }, index) => [id, index]));
  const distance = ({ from, to }: ProjectionShape) => (order.get(to) ?? 0) - (order.get(from) ?? 0);
  const forward = projections.filter(({ kind }) => kind === 'forward');
  return (
    <div
      class="network"
      ref={element}
      role="group"
      aria-label={t.value.network.label}
      tabIndex={across > width ? 0 : -1}
    >
      <div class="network-inner" style={{ width: `${across}px`, height: `${HEIGHT}px` }}>
        <svg
          class="paths"
          width={across}
          height={HEIGHT}
          viewBox={`0 0 ${across} ${HEIGHT}`}
          aria-hidden="true"
        >
          <defs>
            <marker
              id={`tip-${lane}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0.6 7 4 0 7.4" class="tip" />
            </marker>
            <marker
              id={`back-${lane}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0.6 7 4 0 7.4" class="tip" style={{ stroke: colourOf(lane) }} />
            </marker>
          </defs>
          {projections.map((projection) => (
            <Path
              key={projection.id}
              projection={projection}
              places={places}
              distance={distance(projection)}
              lane={lane}
            />
          ))}
          {forward
            .filter(({ id, from }) => transported.has(id) && areas[0]?.id !== from)
            .map((projection) => (
              <Transported key={projection.id} projection={projection} places={places} lane={lane} />
            ))}
        </svg>
        {forward
          .filter((projection) => projection.plastic && projection.hasWeights && distance(projection) === 1)
          .map((projection) => (
            <Joint key={projection.id} projection={projection} places={places} lane={lane} />
          ))}
        {areas.map((area) => (
          <Area
            key={area.id}
            area={area}
            lane={lane}
            left={places.get(area.id)?.left ?? 0}
            size={places.get(area.id)?.size ?? 84}
            view={view}
            lens={lens}
          />
        ))}
      </div>
    </div>
  );
}

function Path({
  projection,
  places,
  distance,
  lane,
}: {
  readonly projection: ProjectionShape;
  readonly places: ReadonlyMap<string, Place>;
  readonly distance: number;
  readonly lane: number;
}) {
  const from = places.get(projection.from);
  const to = places.get(projection.to);
  if (!from || !to) return null;
  if (projection.kind === 'forward' && distance === 1) {
    return (
      <path
        class="path-forward"
        d={`M${from.left + from.size + 4} ${FORWARD}H${to.left - 4}`}
        marker-end={`url(#tip-${lane})`}
      />
    );
  }
  const stroke = projection.kind === 'forward' ? undefined : colourOf(lane);
  const name = projection.kind === 'forward' ? 'path-forward' : 'path-feedback';
  const tip = projection.kind === 'forward' ? 'tip' : 'back';
  if (distance === -1) {
    return (
      <path
        class={name}
        d={`M${from.left - 4} ${BACK}H${to.left + to.size + 4}`}
        marker-end={`url(#${tip}-${lane})`}
        style={{ stroke }}
      />
    );
  }
  // Projections that skip areas run below them, lower with distance.
  const [start, end] = [from.left + from.size / 2, to.left + to.size / 2];
  const depth = Math.min(HEIGHT - 6, MIDDLE + 74 + 10 * Math.abs(distance));
  return (
    <path
      class={name}
      d={`M${start} ${MIDDLE + 66}C${start} ${depth + 14} ${end} ${depth + 14} ${end} ${MIDDLE + 68}`}
      marker-end={`url(#${tip}-${lane})`}
      style={{ stroke }}
    />
  );
}

/** The path of an error through the transposed forward weights. */
function Transported({
  projection,
  places,
  lane,
}: {
  readonly projection: ProjectionShape;
  readonly places: ReadonlyMap<string, Place>;
  readonly lane: number;
}) {
  const from = places.get(projection.from);
  const to = places.get(projection.to);
  if (!from || !to) return null;
  return (
    <path
      class="path-transported"
      d={`M${to.left - 4} ${BACK}H${from.left + from.size + 4}`}
      marker-end={`url(#back-${lane})`}
      style={{ stroke: colourOf(lane) }}
    />
  );
}

/** The angle dial above a projection. Selecting it shows the forward weights against the feedback weights. */
function Joint({
  projection,
  places,
  lane,
}: {
  readonly projection: ProjectionShape;
  readonly places: ReadonlyMap<string, Place>;
  readonly lane: number;
}) {
  const from = places.get(projection.from);
  const to = places.get(projection.to);
  if (!from || !to) return null;
  const angle = latest(lane, { projection: projection.id, field: 'angle' });
  const centre = (from.left + from.size + to.left) / 2;
  const words = t.value.network;
  const glyph = <AngleGlyph angle={angle} lane={lane} label={words.angle(spoken(projection.id))} />;
  const style = { left: `${centre - 32}px`, top: '16px' };
  if (projection.feedback === undefined) {
    return (
      <div class="joint" style={style}>
        {glyph}
      </div>
    );
  }
  return (
    <button
      type="button"
      class="joint"
      style={style}
      aria-pressed={watch.value.projection === projection.id}
      aria-label={words.projection(spoken(projection.id), grouped(projection.synapses))}
      title={words.projectionHint}
      onClick={() => look({ projection: projection.id })}
    >
      {glyph}
    </button>
  );
}
