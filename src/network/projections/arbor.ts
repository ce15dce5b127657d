import type { SynapseLists } from '../../tensor/synapses.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import type { Sheet } from '../sheet.ts';

/** The weights of a projection by distance, as a function of the distance d between two units. */
export type Profile =
  /** amplitude */
  | { readonly kind: 'uniform'; readonly amplitude?: number }
  /** amplitude · exp(−d² / 2σ²) */
  | { readonly kind: 'gaussian'; readonly sigma: number; readonly amplitude?: number }
  /**
   * amplitude · exp(−d² / 2σ²) − surround.amplitude · exp(−d² / 2 surround.σ²): for a narrow centre and a wide surround,
   * the "Mexican hat".
   */
  | {
      readonly kind: 'difference-of-gaussians';
      readonly sigma: number;
      readonly amplitude?: number;
      readonly surround: { readonly sigma: number; readonly amplitude: number };
    };

/** Returns the weight that a profile gives to a distance. */
export function weightAt(profile: Profile, distance: number): number {
  const { amplitude = 1 } = profile;
  const gaussian = (sigma: number) => Math.exp(-(distance ** 2) / (2 * sigma ** 2));
  switch (profile.kind) {
    case 'uniform':
      return amplitude;
    case 'gaussian':
      return amplitude * gaussian(profile.sigma);
    case 'difference-of-gaussians': {
      const { sigma, surround } = profile;
      return amplitude * gaussian(sigma) - surround.amplitude * gaussian(surround.sigma);
    }
  }
}

/** The pairs of units within a radius. */
export interface Arbor extends SynapseLists {
  /** Distance of the units of each value: of each synapse, or of all synapses with one offset if they share a value. */
  readonly distances: Float64Array;
}

/** What an arbor connects. */
export interface ArborOptions {
  readonly radius: number;
  /** Whether synapses with the same offset between their units share a value. Default false. */
  readonly shared?: boolean;
  /** Whether a unit connects to itself, within one sheet. Default true. */
  readonly selfConnections?: boolean;
}

/** Distances up to this much above the radius count as within it, because neither is exact in binary. */
const TOLERANCE = 1e-9;

/**
 * Lists the pairs of units of two sheets that are within a radius, by postsynaptic unit. Offsets are whole numbers (see
 * `Sheet.offset`), so which pairs exist and share a value is exact. The cost is proportional to the pairs.
 */
export function arborOf(
  from: Sheet,
  to: Sheet,
  { radius, shared = false, selfConnections = true }: ArborOptions,
): Arbor {
  const limit = radius * (1 + TOLERANCE);
  const axes = to.shape.map((_, axis) => axisOf(from, to, axis, limit));
  const [rows = ONE_PLACE, columns = ONE_PLACE] = axes.length === 1 ? [ONE_PLACE, ...axes] : axes;
  const width = from.shape.at(-1) as number;
  const starts = new Int32Array(rows.near.length * columns.near.length + 1);
  const sources = new Growing();
  const elements = new Growing();
  const distances: number[] = [];
  const valueOf = new Int32Array(rows.lengths.length * columns.lengths.length).fill(-1);
  let unit = 0;
  for (const rowsNear of rows.near) {
    for (const columnsNear of columns.near) {
      for (const row of rowsNear) {
        const vertical = rows.lengths[row.offset] as number;
        for (const column of columnsNear) {
          const distance = Math.hypot(vertical, columns.lengths[column.offset] as number);
          const source = row.from * width + column.from;
          if (distance > limit || (!selfConnections && source === unit)) continue;
          sources.push(source);
          if (!shared) {
            distances.push(distance);
            continue;
          }
          const offset = row.offset * columns.lengths.length + column.offset;
          if (valueOf[offset] === -1) valueOf[offset] = distances.push(distance) - 1;
          elements.push(valueOf[offset] as number);
        }
      }
      unit += 1;
      starts[unit] = sources.length;
    }
  }
  return {
    preUnits: sizeOf(from.shape),
    postUnits: sizeOf(to.shape),
    starts,
    sources: sources.list(),
    ...(shared ? { elements: elements.list() } : {}),
    distances: Float64Array.from(distances),
  };
}

/** The pairs along one axis. */
interface Axis {
  /** For each postsynaptic coordinate, the presynaptic ones within the radius, with their offsets. */
  readonly near: readonly (readonly { readonly from: number; readonly offset: number }[])[];
  /** Length of each offset. */
  readonly lengths: readonly number[];
}

const ONE_PLACE: Axis = { near: [[{ from: 0, offset: 0 }]], lengths: [0] };

function axisOf(from: Sheet, to: Sheet, axis: number, limit: number): Axis {
  const numbers = new Map<number, number>();
  const lengths: number[] = [];
  const near = Array.from({ length: to.shape[axis] as number }, (_, target) => {
    const pairs: { from: number; offset: number }[] = [];
    for (let source = 0; source < (from.shape[axis] as number); source++) {
      const steps = from.offset(source, target, axis, to);
      const length = from.lengthOf(steps, axis, to);
      if (Math.abs(length) > limit) continue;
      let offset = numbers.get(steps);
      if (offset === undefined) numbers.set(steps, (offset = lengths.push(length) - 1));
      pairs.push({ from: source, offset });
    }
    return pairs;
  });
  return { near, lengths };
}

/** A list of whole numbers that grows: millions of synapses take a quarter of the memory of an array. */
class Growing {
  #values = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  list(): Int32Array {
    return this.#values.slice(0, this.length);
  }
}
