import type { Sequence } from '../random/index.ts';

/**
 * Spike timing as a derivative filter. Every pair of a presynaptic spike at s and a postsynaptic spike at u contributes
 *
 *   K(u − s),     K(τ) = sign(τ) e^(−|τ|/τ_w) / M   for |τ| ≤ R, else 0,     M such that ∫ K(τ) τ dτ = 1
 *
 * to a sum: potentiation if pre fires before post, depression if post fires before pre. K is minus the derivative of κ,
 * which is even, positive and integrates to 1. For Poisson spikes with presynaptic rate p(t) and postsynaptic rate
 * q(t), the sum therefore has the mean
 *
 *   ∫ p(t) (κ ∗ q′)(t) dt
 *
 * This is the presynaptic rate times the derivative of the postsynaptic rate, smoothed over τ_w. It holds if the window
 * of every presynaptic spike lies within the recording of the postsynaptic spikes. The mean is 0 for constant rates.
 * Over a whole ramp of both rates, from (p₀, q₀) to (p₁, q₁), it is ½ (p₀ + p₁)(q₁ − q₀), however fast the ramp: pre ×
 * the change of post, as in GeneRec's midpoint form.
 *
 * Times are in seconds, rates in spikes per second, K in 1/s². Source of K as a derivative filter: Xie & Seung,
 * NIPS 12 (1999), 199–208.
 */
export class TimingWindow {
  /** Time constant τ_w. */
  readonly timeConstant: number;
  /** R: spikes farther apart than this do not contribute. */
  readonly reach: number;
  readonly #moment: number;

  constructor(timeConstant = 0.02, reach = 5 * timeConstant) {
    const times = reach / timeConstant;
    this.timeConstant = timeConstant;
    this.reach = reach;
    this.#moment = 2 * timeConstant ** 2 * (1 - Math.exp(-times) * (1 + times));
  }

  /** Returns K for a postsynaptic spike that follows a presynaptic one by `delay`. */
  at(delay: number): number {
    const apart = Math.abs(delay);
    if (apart > this.reach) return 0;
    return (Math.sign(delay) * Math.exp(-apart / this.timeConstant)) / this.#moment;
  }

  /**
   * Computes the variance of the sum over pairs of Poisson spikes with constant rates. Presynaptic spikes lie within
   * `duration`; postsynaptic spikes are recorded for one more `reach` at both ends:
   *
   *   q ( p · duration · ∫ K² + 2 p² ∫ κ² )
   *
   * The second term comes from both ends, where only half of a window contributes.
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

/** Computes Σ K(u − s) over all pairs of a presynaptic spike s and a postsynaptic spike u, both sorted by time. */
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

/** A rate that changes linearly between two values from time 0 to `duration`, and is constant before and after. */
export interface Ramp {
  readonly before: number;
  readonly after: number;
  readonly duration: number;
}

/** Returns the rate of a ramp at a given time. */
export const ramp = ({ before, after, duration }: Ramp, time: number): number =>
  before + (after - before) * Math.min(1, Math.max(0, time / duration));

/** Draws sorted Poisson spikes with a ramping rate between two times, by thinning spikes of a constant rate. */
export function spikesOf(draws: Sequence, course: Ramp, from: number, to: number): number[] {
  const most = Math.max(course.before, course.after);
  const spikes: number[] = [];
  if (most <= 0) return spikes;
  for (let time = from + draws.exponential() / most; time < to; time += draws.exponential() / most) {
    if (draws.uniform() * most < ramp(course, time)) spikes.push(time);
  }
  return spikes;
}
