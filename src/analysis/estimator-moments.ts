import type { Projection } from '../network/area.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A value and its jackknife standard error over groups; null if there is nothing to compare it with. */
export interface Figure {
  readonly value: number;
  readonly standardError: number;
}

/** Number of jackknife groups; a standard error has one degree of freedom fewer. */
export const JACKKNIFE_GROUPS = 10;

/** Inner products of an update g and the exact gradient e. */
export interface Products {
  readonly gg: number;
  readonly ge: number;
  readonly ee: number;
}

/** Sums of angles and their counts, by group. */
export interface Sums {
  readonly sums: number[];
  readonly counts: number[];
}

const groups = (): number[] => new Array<number>(JACKKNIFE_GROUPS).fill(0);
export const newSums = (): Sums => ({ sums: groups(), counts: groups() });

export function addAngle({ sums, counts }: Sums, group: number, { gg, ge, ee }: Products): void {
  const norms = Math.sqrt(gg) * Math.sqrt(ee);
  if (!(norms > 0)) return;
  const angle = (Math.acos(Math.min(1, Math.max(-1, ge / norms))) * 180) / Math.PI;
  sums[group] = (sums[group] as number) + angle;
  counts[group] = (counts[group] as number) + 1;
}

/**
 * Sufficient statistics. Updates are measured relative to the first one, c: S_k = Σ (g − c) over group k.
 * A rule without noise has g = c to the bit, hence a variance of exactly 0.
 */
export interface Moments {
  readonly counts: readonly number[];
  /** Σ ‖g − c‖² by group. */
  readonly squares: readonly number[];
  /** ⟨S_j, S_k⟩. */
  readonly products: readonly (readonly number[])[];
  /** ⟨S_k, c⟩ and ⟨S_k, ∇⟩. */
  readonly withFirst: readonly number[];
  readonly withExact: readonly number[];
  /** ‖c‖², ⟨c, ∇⟩, ‖∇‖². */
  readonly first: number;
  readonly firstExact: number;
  readonly exact: number | null;
}

export class Collector {
  readonly #compute: Compute;
  readonly #exact: Tensor | undefined;
  readonly #first: Tensor;
  readonly #sums: readonly Tensor[];
  readonly #counts = groups();
  readonly #squares = groups();
  readonly #exactPower: number;
  #started = false;

  constructor(compute: Compute, { weights }: Projection, exact: Tensor | undefined) {
    this.#compute = compute;
    this.#exact = exact;
    this.#exactPower = exact ? inner(compute, exact, exact) : 0;
    this.#first = compute.temporary(weights.shape);
    this.#sums = this.#counts.map(() => {
      const sum = compute.temporary(weights.shape);
      compute.fill(sum, 0);
      return sum;
    });
  }

  /** Adds an update to a group and returns its inner products. Overwrites the update. */
  add(update: Tensor, group: number): Products {
    const compute = this.#compute;
    if (!this.#started) compute.copy(this.#first, update);
    this.#started = true;
    const gg = inner(compute, update, update);
    const ge = this.#exact ? inner(compute, update, this.#exact) : 0;
    compute.subtract(update, update, this.#first);
    const sum = this.#sums[group] as Tensor;
    compute.add(sum, sum, update);
    this.#counts[group] = (this.#counts[group] as number) + 1;
    this.#squares[group] = (this.#squares[group] as number) + inner(compute, update, update);
    return { gg, ge, ee: this.#exactPower };
  }

  moments(): Moments {
    const product = (a: Tensor, b: Tensor | undefined) => (b ? inner(this.#compute, a, b) : 0);
    return {
      counts: this.#counts,
      squares: this.#squares,
      products: this.#sums.map((a) => this.#sums.map((b) => product(a, b))),
      withFirst: this.#sums.map((sum) => product(sum, this.#first)),
      withExact: this.#sums.map((sum) => product(sum, this.#exact)),
      first: product(this.#first, this.#first),
      firstExact: product(this.#first, this.#exact),
      exact: this.#exact ? this.#exactPower : null,
    };
  }
}

/** Sums the moments of projections: inner products over all of them are sums of those over each one. */
export function addMoments(all: readonly Moments[]): Moments {
  const total = (of: (moments: Moments) => number) => all.reduce((sum, moments) => sum + of(moments), 0);
  const byGroup = (of: (moments: Moments) => readonly number[]) =>
    groups().map((_, group) => total((moments) => of(moments)[group] as number));
  return {
    counts: all[0]?.counts ?? groups(),
    squares: byGroup(({ squares }) => squares),
    products: groups().map((_, row) => byGroup(({ products }) => products[row] as readonly number[])),
    withFirst: byGroup(({ withFirst }) => withFirst),
    withExact: byGroup(({ withExact }) => withExact),
    first: total(({ first }) => first),
    firstExact: total(({ firstExact }) => firstExact),
    exact: all.some(({ exact }) => exact === null) ? null : total(({ exact }) => exact ?? 0),
  };
}

export interface Figures {
  readonly variance: number;
  readonly squaredBias: number;
  /** ‖E g‖², followed by ⟨E g, ∇⟩. */
  readonly meanPower: number;
  readonly meanExact: number;
}

/** Computes unbiased estimates from all groups, or from all but the group `left`. */
export function figures(moments: Moments, left: number | undefined): Figures {
  const count = total(moments.counts, left);
  const square = total(
    moments.products.map((row) => total(row, left)),
    left,
  );
  const variance = Math.max(0, (total(moments.squares, left) - square / count) / (count - 1));
  const meanExact = moments.firstExact + total(moments.withExact, left) / count;
  const meanPower =
    moments.first + (2 * total(moments.withFirst, left)) / count + square / count ** 2 - variance / count;
  return { variance, meanExact, meanPower, squaredBias: meanPower - 2 * meanExact + (moments.exact ?? 0) };
}

export const total = (values: readonly number[], left?: number): number =>
  values.reduce((sum, value, group) => (group === left ? sum : sum + value), 0);

/** Applies Tukey's jackknife: the standard error of a statistic from its values with each group left out. */
export function jackknife(value: number, without: (group: number) => number): Figure {
  const values = groups().map((_, group) => without(group));
  const mean = total(values) / JACKKNIFE_GROUPS;
  const scatter = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { value, standardError: Math.sqrt(((JACKKNIFE_GROUPS - 1) / JACKKNIFE_GROUPS) * scatter) };
}

export const inner = (compute: Compute, a: Tensor, b: Tensor): number =>
  compute.scope(() => {
    const out = compute.temporary([1], 'f64');
    compute.dot(out, a, b);
    return out.data[0] as number;
  });
