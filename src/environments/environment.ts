import type { Draws } from '../datasets/dataset.ts';

/** The actions of an agent: one of `count` discrete actions, or one value per dimension, each from low to high. */
export type Actions =
  | { readonly kind: 'discrete'; readonly count: number }
  | { readonly kind: 'continuous'; readonly low: readonly number[]; readonly high: readonly number[] };

/** The complete (Markov) state of an environment: a fixed number of finite numbers. */
export type State = readonly number[];

/** The result of an action. */
export interface Transition {
  readonly state: State;
  readonly reward: number;
  /** Whether the task has ended, so that no further reward is possible. The time limit does not count as an end. */
  readonly terminated: boolean;
}

/**
 * A reinforcement-learning task. Its functions are pure: everything that changes is in the state, and all randomness
 * comes from the draws. So the seed and the actions determine an episode, and a run can stop and resume anywhere.
 */
export interface Environment {
  /** Lower case with hyphens, as users type it. */
  readonly id: string;
  readonly title: string;
  /** Dynamics, rewards and limits in a sentence or two. */
  readonly summary: string;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** Number of values that an agent observes. */
  readonly observations: number;
  readonly actions: Actions;
  /** Number of steps after which an episode is truncated: rewards beyond it are estimated, not taken to be 0. */
  readonly timeLimit: number;
  /** Mean return over 100 episodes at which the task counts as solved. */
  readonly solvedAt?: number;
  /** Returns the initial state of an episode. */
  reset(draws: Draws): State;
  /**
   * Returns the result of an action: an array with the number of the discrete action, or with a value within the bounds
   * for each dimension.
   */
  step(state: State, action: readonly number[], draws: Draws): Transition;
  /** Returns what the agent observes of a state: `observations` numbers, preferably of magnitude about 1. */
  observe(state: State): readonly number[];
}

/**
 * Returns the number of policy outputs that actions need: one per discrete action, or one mean per dimension.
 *
 * @example
 * ```ts
 * import { actionSize } from 'apical/rules';
 *
 * actionSize({ kind: 'discrete', count: 3 }); // 3
 * actionSize({ kind: 'continuous', low: [-2], high: [2] }); // 1
 * ```
 */
export const actionSize = (actions: Actions): number =>
  actions.kind === 'discrete' ? actions.count : actions.low.length;
