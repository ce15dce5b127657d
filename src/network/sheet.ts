import { ApicalError } from '../errors.ts';
import type { AreaSpecification } from './specification.ts';

/** Gives the units of an area of shape (units) or (height, width) places on a line or in a plane. */
export interface SheetSpecification {
  /** Whether opposite edges meet, so that a line is a ring and a plane a torus. Default false. */
  readonly periodic?: boolean;
  /** Length of the longer side, in the unit of all distances. Spacing is equal on both axes. Default 1. */
  readonly extent?: number;
}

/**
 * The places of the units of an area, on a line or in a plane. Unit i of n on a side of length L lies at (i + ½) L / n, so
 * that sheets of one extent and different density lie above each other.
 *
 * @example
 * ```ts
 * import { Sheet } from 'apical/rules';
 *
 * const ring = new Sheet([4], { periodic: true });
 * ring.place(0); // [0.125]
 * ring.distance(0, 3); // 0.25: the edges meet
 * ```
 */
export class Sheet {
  /** Units on each axis: (units), or (height, width). */
  readonly shape: readonly number[];
  readonly periodic: boolean;
  /** Length of each side. */
  readonly extents: readonly number[];

  constructor(shape: readonly number[], { periodic = false, extent = 1 }: SheetSpecification = {}) {
    const longest = Math.max(...shape);
    this.shape = shape;
    this.periodic = periodic;
    this.extents = shape.map((length) => (extent * length) / longest);
  }

  /** Distance between neighbours. */
  get spacing(): number {
    return (this.extents[0] as number) / (this.shape[0] as number);
  }

  /** Returns the coordinates of a unit, one for each axis. */
  place(unit: number): readonly number[] {
    return this.#coordinates(unit).map((index) => (index + 1 / 2) * this.spacing);
  }

  /** Returns the distance from a unit to a unit of a sheet of the same extents, by default of this sheet. */
  distance(unit: number, other: number, sheet: Sheet = this): number {
    const from = this.#coordinates(unit);
    const to = sheet.#coordinates(other);
    return Math.hypot(
      ...from.map((index, axis) => {
        const offset = this.offset(index, to[axis] as number, axis, sheet);
        return this.lengthOf(offset, axis, sheet);
      }),
    );
  }

  /**
   * Returns the signed offset along one axis from a coordinate here to one of another sheet, in whole steps of
   * `lengthOf`. On a periodic sheet it is the shorter way round, and positive if both are equally long.
   */
  offset(from: number, to: number, axis: number, sheet: Sheet): number {
    const [here, there] = [this.shape[axis] as number, sheet.shape[axis] as number];
    const offset = (2 * to + 1) * here - (2 * from + 1) * there;
    if (!this.periodic) return offset;
    const round = 2 * here * there;
    const forward = ((offset % round) + round) % round;
    return forward > round / 2 ? forward - round : forward;
  }

  /** Returns the length of an offset along one axis; it is exact to rounding, because offsets are whole numbers. */
  lengthOf(offset: number, axis: number, sheet: Sheet): number {
    const [here, there] = [this.shape[axis] as number, sheet.shape[axis] as number];
    return ((this.extents[axis] as number) * offset) / (2 * here * there);
  }

  #coordinates(unit: number): readonly number[] {
    if (this.shape.length === 1) return [unit];
    const width = this.shape[1] as number;
    return [Math.floor(unit / width), unit % width];
  }
}

/** Returns the sheet of an area; undefined if its units have no places. */
export const sheetOf = ({ shape, sheet }: Pick<AreaSpecification, 'shape' | 'sheet'>): Sheet | undefined =>
  sheet && new Sheet(shape, sheet);

/** Throws `network.sheet` if an area cannot be a sheet. */
export function checkSheet({ id, shape, sheet }: AreaSpecification): void {
  if (!sheet) return;
  if (shape.length > 2) {
    throw new ApicalError(
      'network.sheet',
      `Area "${id}" is a sheet, so its shape must be (units) or (height, width), but it is (${shape.join(', ')}). Give every channel an area of its own.`,
      { area: id, shape },
    );
  }
  const { extent = 1 } = sheet;
  if (!(extent > 0 && Number.isFinite(extent))) {
    throw new ApicalError(
      'network.sheet',
      `Area "${id}" is a sheet of extent ${extent}, but the length of its longer side must be above 0 and finite.`,
      { area: id, extent },
    );
  }
}

/** Returns how two sheets differ, so that no distance between them is defined; undefined if they match. */
export function differenceOf(from: Sheet, to: Sheet): string | undefined {
  const described = [from, to].map(({ shape, extents, periodic }) => ({
    dimensions: `${shape.length}-dimensional`,
    extents: `of extent ${extents.join(' × ')}`,
    edges: periodic ? 'periodic' : 'bounded',
  }));
  const [a, b] = described as [(typeof described)[0], (typeof described)[0]];
  if (a.dimensions !== b.dimensions) return `one is ${a.dimensions} and the other ${b.dimensions}`;
  const differ = from.extents.some((length, axis) => {
    const other = to.extents[axis] as number;
    return Math.abs(length - other) > 1e-9 * Math.max(length, other);
  });
  if (differ) return `one is ${a.extents} and the other ${b.extents}`;
  return a.edges === b.edges ? undefined : `one is ${a.edges} and the other ${b.edges}`;
}
