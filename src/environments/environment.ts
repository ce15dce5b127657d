import type { Draws } from '../datasets/dataset.ts';

/** What an agent may do: one of `count` actions, or one value a dimension, each from low to high. */
export type Actions =
  | { readonly kind: 'discrete'; readonly count: number }
  | { readonly kind: 'continuous'; readonly low: readonly number[]; readonly high: readonly number[] };

/** Everything that the future depends on: as many finite numbers at all times. */
export type State = readonly number[];

/** What an action led to. */
export interface Transition {
  readonly state: State;
  readonly reward: number;
  /** The task is over: nothing more can be earned. Running out of time is not this (`timeLimit`). */
  readonly terminated: boolean;
}

/**
 * A task that answers actions. Its functions are pure: all that changes is in the state, and all chance comes from
 * the draws, so an episode is decided by its seed and the actions, and a run can stop and go on anywhere.
 */
export interface Environment {
  /** Lower case with hyphens; what users type. */
  readonly id: string;
  readonly title: string;
  /** Where its equations and constants come from, and what its rewards and limits are, in a sentence or two. */
  readonly summary: string;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** How many numbers an agent sees. */
  readonly observations: number;
  readonly actions: Actions;
  /** Steps after which an episode is broken off. It is cut, not over: what was still to come counts as expected. */
  readonly timeLimit: number;
  /** Mean return of 100 episodes from which the task counts as solved. */
  readonly solvedAt?: number;
  /** The state in which an episode begins. */
  reset(draws: Draws): State;
  /** `action`: the number of a discrete action in an array of one, or a value within the bounds for each dimension. */
  step(state: State, action: readonly number[], draws: Draws): Transition;
  /** What an agent sees of a state: `observations` numbers, best of size about 1. */
  observe(state: State): readonly number[];
}

/** How many numbers an action is chosen from: one for each discrete action, or the mean of each dimension. */
export const actionSize = (actions: Actions): number =>
  actions.kind === 'discrete' ? actions.count : actions.low.length;
