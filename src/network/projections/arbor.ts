import type { SynapseLists } from '../../tensor/sparse/synapses.ts';
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
export function arborOf(from: Sheet, to: Sheet, options: ArborOptions): Arbor {
  const { shared = false } = options;
  const postUnits = sizeOf(to.shape);
  const starts = new Int32Array(postUnits + 1);
  const sources = new Int32Array(countPairs(from, to, options));
  const elements = shared ? new Int32Array(sources.length) : undefined;
  const distances: number[] = [];
  const valueOf = new Map<number, number>();
  let count = 0;
  visitPairs(from, to, options, (source, target, squaredDistance, offset) => {
    sources[count] = source;
    let value = elements && valueOf.get(offset);
    if (value === undefined) {
      value = distances.push(Math.sqrt(squaredDistance)) - 1;
      if (elements) valueOf.set(offset, value);
    }
    if (elements) elements[count] = value;
    count += 1;
    starts[target + 1] = count;
  });
  // Units without a pair begin where the one before ends.
  for (let unit = 0; unit < postUnits; unit++) {
    starts[unit + 1] = Math.max(starts[unit + 1] as number, starts[unit] as number);
  }
  const preUnits = sizeOf(from.shape);
  return {
    ...{ preUnits, postUnits, starts, sources, distances: Float64Array.from(distances) },
    ...(elements ? { elements } : {}),
  };
}

/** Returns the number of pairs of units within a radius. */
export function countPairs(from: Sheet, to: Sheet, options: ArborOptions): number {
  let count = 0;
  visitPairs(from, to, options, () => {
    count += 1;
  });
  return count;
}

/** Calls `visit` for each pair within the radius, by postsynaptic unit and then by presynaptic one. */
function visitPairs(
  from: Sheet,
  to: Sheet,
  { radius, selfConnections = true }: ArborOptions,
  visit: (source: number, target: number, squaredDistance: number, offset: number) => void,
): void {
  const limit = radius * (1 + TOLERANCE);
  const axes = to.shape.map((_, axis) => axisOf(from, to, axis, limit));
  const [rows = ONE_PLACE, columns = ONE_PLACE] = axes.length === 1 ? [ONE_PLACE, ...axes] : axes;
  const width = from.shape.at(-1) as number;
  let target = -1;
  for (const rowsNear of rows.near) {
    for (const columnsNear of columns.near) {
      target += 1;
      for (const row of rowsNear) {
        const vertical = (rows.lengths[row.offset] as number) ** 2;
        for (const column of columnsNear) {
          const squared = vertical + (columns.lengths[column.offset] as number) ** 2;
          const source = row.from * width + column.from;
          if (squared > limit * limit || (!selfConnections && source === target)) continue;
          visit(source, target, squared, row.offset * columns.lengths.length + column.offset);
        }
      }
    }
  }
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
