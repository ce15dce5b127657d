/** Steps of environments in an update, row by row in the order of time. */
export interface Steps {
  readonly count: number;
  readonly rewards: Float64Array;
  /** Whether nothing more could be earned after this step. */
  readonly terminated: Uint8Array;
  /** The row of the same episode's next step, or −1 where the update (or the episode) ends. */
  readonly next: Int32Array;
  /** Where there is no next row: what the critic expects of the state that followed. */
  readonly bootstrap: Float64Array;
}

export interface ReturnOptions {
  readonly discount: number;
  readonly trace: number;
  readonly rewardScale: number;
}

/**
 * Advantages by TD(λ), from what the critic expected of every step's observation:
 *
 *   δ_t = r_t + γ V(s_{t+1}) − V(s_t),   A_t = δ_t + γλ A_{t+1};   the critic's target is A_t + V(s_t)
 *
 * V is 0 after the end of an episode, and the critic's own value where an episode was only cut. With V = 0 and λ = 1
 * an advantage is the return that was still to come.
 *
 * Source: Sutton (1988); Schulman et al. (2016), generalised advantage estimation.
 */
export function advantagesOf(
  { count, rewards, terminated, next, bootstrap }: Steps,
  expected: ArrayLike<number>,
  { discount, trace, rewardScale }: ReturnOptions,
): Float64Array {
  const advantages = new Float64Array(count);
  for (let row = count - 1; row >= 0; row--) {
    const later = next[row] as number;
    const value = later >= 0 ? (expected[later] as number) : (bootstrap[row] as number);
    const following = terminated[row] === 1 ? 0 : value;
    const surprise =
      rewardScale * (rewards[row] as number) + discount * following - (expected[row] as number);
    advantages[row] = surprise + (later >= 0 ? discount * trace * (advantages[later] as number) : 0);
  }
  return advantages;
}
