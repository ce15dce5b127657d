import { Raster } from '../charts/raster.tsx';
import { grouped, plain } from '../format.ts';
import type { LaneView, Tile } from '../../protocol.ts';
import { t } from '../../state/preferences.ts';

/** The incoming weights of a unit, now and at steps 0, 1, 2, 4, 8, … */
export function UnitStory({
  unit,
  story,
  activity,
}: {
  readonly unit: number;
  readonly story: NonNullable<LaneView['unit']>;
  readonly activity: number | undefined;
}) {
  const words = t.value.inspector;
  return (
    <div class="story">
      <div class="story-now">
        <Weights tile={story.tile} label={words.unitWeights(String(unit + 1))} />
        <dl>
          <dt>{words.unit(String(unit + 1))}</dt>
          <dt>{words.activity}</dt>
          <dd>{plain(activity)}</dd>
          <dt>{words.norm}</dt>
          <dd>{plain(normOf(story.tile))}</dd>
        </dl>
      </div>
      <ol class="film" aria-label={words.film}>
        {story.history.map((tile) => (
          <li key={tile.step}>
            <Weights tile={tile} />
            <span>{grouped(tile.step)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Weights({ tile, label }: { readonly tile: Tile; readonly label?: string }) {
  const { values, rows, columns } = tile;
  const name = label === undefined ? {} : { label };
  return <Raster values={values} rows={rows} columns={columns} kind="signed" largest={127} {...name} />;
}

const normOf = ({ values, scale }: Tile): number =>
  Math.sqrt(values.reduce((sum, value) => sum + ((value * scale) / 127) ** 2, 0));
