import type { Learner, Projection } from '../../src/entries/browser-internals.ts';
import { gridOf, incomingOf } from './shapes.ts';
import type { Tile } from '../protocol.ts';

/** Projections with more synapses are not remembered, because their history would take hundreds of megabytes. */
const MOST_SYNAPSES = 2_000_000;

/** The weights of a projection as signed bytes, with a scale for each column. */
interface Remembered {
  readonly step: number;
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** The incoming weights of every area at steps 0, 1, 2, 4, 8, … */
export class WeightHistory {
  readonly #learner: Learner;
  readonly #remembered = new Map<string, Remembered[]>();

  constructor(learner: Learner) {
    this.#learner = learner;
  }

  /** Records the weights if the step is 0 or a power of two. Must be called before every step. */
  note(step: number): void {
    if ((step & (step - 1)) !== 0) return;
    for (const area of this.#learner.network.areas) {
      const projection = incomingOf(area);
      if (!projection || sizeOf(projection) > MOST_SYNAPSES) continue;
      const known = this.#remembered.get(area.id) ?? [];
      if (known.some((remembered) => remembered.step === step)) continue;
      this.#remembered.set(area.id, [...known, remember(projection, step)]);
    }
  }

  /** Returns the recorded incoming weights of a unit, in order of steps. */
  of(areaId: string, unit: number, picture: readonly number[] | undefined): (Tile & { step: number })[] {
    const projection = incomingOf(this.#learner.network.area(areaId));
    if (!projection) return [];
    const [, columns] = projection.matrixShape;
    const column = columnOf(projection, unit);
    return (this.#remembered.get(areaId) ?? []).map(({ step, values, scales }) => {
      const [rows, across] = tileShape(projection, picture);
      const tile = new Int8Array(rows * across);
      for (let row = 0; row * columns < values.length && row < tile.length; row++) {
        tile[row] = values[row * columns + column] as number;
      }
      return { step, values: tile, scale: scales[column] as number, rows, columns: across };
    });
  }
}

function remember(projection: Projection, step: number): Remembered {
  const [rows, columns] = projection.matrixShape;
  const data = projection.matrix();
  const scales = new Float32Array(columns);
  for (let index = 0; index < rows * columns; index++) {
    const size = Math.abs(data[index] as number);
    if (size > (scales[index % columns] as number)) scales[index % columns] = size;
  }
  const values = new Int8Array(rows * columns);
  for (let index = 0; index < values.length; index++) {
    const scale = scales[index % columns] as number;
    values[index] = scale === 0 ? 0 : Math.round(((data[index] as number) / scale) * 127);
  }
  return { step, values, scales };
}

/** Returns the incoming weights of a unit (of a convolution: the kernel of its channel) as a picture. */
export function tileOf(projection: Projection, unit: number, picture: readonly number[] | undefined): Tile {
  const [length, columns] = projection.matrixShape;
  const data = projection.matrix();
  const column = columnOf(projection, unit);
  const [rows, across] = tileShape(projection, picture);
  let scale = 0;
  for (let row = 0; row < length; row++) {
    scale = Math.max(scale, Math.abs(data[row * columns + column] as number));
  }
  const values = new Int8Array(rows * across);
  for (let row = 0; row < Math.min(length, values.length); row++) {
    values[row] = scale === 0 ? 0 : Math.round(((data[row * columns + column] as number) / scale) * 127);
  }
  return { values, scale, rows, columns: across };
}

/** Returns whether a column belongs to one unit, rather than to a channel or to one place of it. */
const isMatrixOfUnits = ({ isDense, storage }: Projection): boolean => isDense || storage === 'sparse';

/** Returns the number of weights of a projection as a matrix. */
const sizeOf = ({ matrixShape: [rows, columns] }: Projection): number => rows * columns;

/** Returns the number of tiles of an area: its units, or its channels if their places share a kernel. */
export const tileCount = (projection: Projection): number =>
  isMatrixOfUnits(projection) ? projection.to.units : (projection.to.shape[0] ?? projection.to.units);

/**
 * Returns the column of a unit in weights of (inputs, units) or (inputs, channels). Of locally connected areas, with weights
 * of (inputs, channels, places), it is the column of the central place.
 */
function columnOf(projection: Projection, unit: number): number {
  const [, columns] = projection.matrixShape;
  if (isMatrixOfUnits(projection) || columns === tileCount(projection)) return Math.min(unit, columns - 1);
  const places = columns / tileCount(projection);
  return Math.min(unit * places + Math.floor(places / 2), columns - 1);
}

function tileShape(
  projection: Projection,
  picture: readonly number[] | undefined,
): readonly [number, number] {
  if (isMatrixOfUnits(projection))
    return gridOf(projection.from, projection.from.incoming.length === 0 ? picture : undefined);
  const length = (name: string) => projection.layout.find((axis) => axis.name === name)?.length ?? 1;
  return [length('lower channel') * length('kernel row'), length('kernel column')];
}
