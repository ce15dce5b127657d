/** The environment steps of an update, as rows in the order of time. */
export interface Steps {
  readonly count: number;
  readonly rewards: Float64Array;
  /** Whether the episode ended, so that no reward can follow. */
  readonly terminated: Uint8Array;
  /** Row of the next step of the same episode, or −1 at the end of the update or episode. */
  readonly next: Int32Array;
  /** For steps without a next row: the critic's prediction for the state that followed. */
  readonly bootstrap: Float64Array;
}

export interface ReturnOptions {
  readonly discount: number;
  readonly trace: number;
  readonly rewardScale: number;
}

/**
 * Computes advantages by TD(λ) from the critic's prediction V for the observation of each step:
 *
 *   δ_t = r_t + γ V(s_{t+1}) − V(s_t),   A_t = δ_t + γλ A_{t+1};   the critic's target is A_t + V(s_t)
 *
 * After the end of an episode V is 0; where an episode was cut, V is the critic's prediction. With V = 0 and λ = 1 an
 * advantage is the return from that step on.
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
