import type { Sequence } from '../random/index.ts';

/**
 * The timing of spikes as a derivative filter. Every pair of a presynaptic spike at s and a postsynaptic one at u counts
 *
 *   K(u − s),     K(τ) = sign(τ) e^(−|τ|/τ_w) / M   for |τ| ≤ R, else 0,     M such that ∫ K(τ) τ dτ = 1
 *
 * and is summed: potentiation where pre comes before post, depression the other way round. K is minus the derivative of κ, which is
 * even, positive and has the integral 1, so that of Poisson spikes of rates p(t) before and q(t) behind the synapse the sum has the mean
 *
 *   ∫ p(t) (κ ∗ q′)(t) dt
 *
 * the presynaptic rate times the derivative of the postsynaptic one, smoothed over τ_w, where the window of every presynaptic spike
 * lies within what is recorded of the postsynaptic ones. Where the rates are constant it is 0; over a whole ramp of both, from
 * (p₀, q₀) to (p₁, q₁), it is ½ (p₀ + p₁)(q₁ − q₀), however fast: pre × the change of post, as in GeneRec's midpoint form.
 *
 * Times in seconds, rates in spikes a second, K in 1/s². Source of K as a derivative filter: Xie & Seung, NIPS 12 (1999), 199–208.
 */
export class TimingWindow {
  /** τ_w. */
  readonly timeConstant: number;
  /** R: spikes farther apart do not count. */
  readonly reach: number;
  readonly #moment: number;

  constructor(timeConstant = 0.02, reach = 5 * timeConstant) {
    const times = reach / timeConstant;
    this.timeConstant = timeConstant;
    this.reach = reach;
    this.#moment = 2 * timeConstant ** 2 * (1 - Math.exp(-times) * (1 + times));
  }

  /** K of a postsynaptic spike this long after a presynaptic one. */
  at(delay: number): number {
    const apart = Math.abs(delay);
    if (apart > this.reach) return 0;
    return (Math.sign(delay) * Math.exp(-apart / this.timeConstant)) / this.#moment;
  }

  /**
   * Variance of the sum over pairs of Poisson spikes of constant rates, the presynaptic ones within `duration`, the
   * postsynaptic ones recorded a reach farther at both ends:
   *
   *   q ( p · duration · ∫ K² + 2 p² ∫ κ² )
   *
   * The second part comes from both ends, where windows are seen of which the other half is not.
   */
  variance(presynaptic: number, postsynaptic: number, duration: number): number {
    const { timeConstant, reach } = this;
    const edge = Math.exp(-reach / timeConstant);
    const power = (timeConstant * (1 - edge ** 2)) / this.#moment ** 2;
    const ends =
      2 *
      (timeConstant / this.#moment) ** 2 *
      ((timeConstant / 2) * (1 - edge ** 2) - 2 * edge * timeConstant * (1 - edge) + edge ** 2 * reach);
    return postsynaptic * (presynaptic * duration * power + 2 * presynaptic ** 2 * ends);
  }
}

/** Σ K(u − s) over all pairs of a presynaptic spike s and a postsynaptic one u, both in order of time. */
export function sumOverPairs(
  window: TimingWindow,
  presynaptic: readonly number[],
  postsynaptic: readonly number[],
): number {
  let sum = 0;
  let first = 0;
  for (const before of presynaptic) {
    while ((postsynaptic[first] ?? Infinity) < before - window.reach) first++;
    for (let index = first; index < postsynaptic.length; index++) {
      const delay = (postsynaptic[index] as number) - before;
      if (delay > window.reach) break;
      sum += window.at(delay);
    }
  }
  return sum;
}

/** A rate that goes evenly from one value to another in the time from 0 to `duration`, and is constant before and after. */
export interface Ramp {
  readonly before: number;
  readonly after: number;
  readonly duration: number;
}

/** The rate of a ramp at a time. */
export const ramp = ({ before, after, duration }: Ramp, time: number): number =>
  before + (after - before) * Math.min(1, Math.max(0, time / duration));

/** Poisson spikes of a rate that ramps, from one time to another, in order. The draws are thinned from a constant rate. */
export function spikesOf(draws: Sequence, course: Ramp, from: number, to: number): number[] {
  const most = Math.max(course.before, course.after);
  const spikes: number[] = [];
  if (most <= 0) return spikes;
  for (let time = from + draws.exponential() / most; time < to; time += draws.exponential() / most) {
    if (draws.uniform() * most < ramp(course, time)) spikes.push(time);
  }
  return spikes;
}
