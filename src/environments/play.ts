import type { Draws } from '../datasets/dataset.ts';
import { ApicalError } from '../errors.ts';
import type { Environment, State, Transition } from './environment.ts';

/*
 * The functions of an environment with their results checked. Each throws `environment.step`.
 */

/** Returns the initial state of an episode; `length` is the number of state variables, if known. */
export function started(environment: Environment, draws: Draws, length?: number): State {
  const state: unknown = called(environment, 'reset(draws)', () => environment.reset(draws));
  const complete = numbers(environment, 'reset(draws)', state, length);
  if (complete.length === 0)
    throw wrong(environment, 'reset(draws) returned no numbers, but a state must have at least one');
  return complete;
}

/** Returns the result of an action. */
export function stepped(
  environment: Environment,
  state: State,
  action: readonly number[],
  draws: Draws,
): Transition {
  const what = 'step(state, action, draws)';
  const transition: unknown = called(environment, what, () => environment.step(state, action, draws));
  if (typeof transition !== 'object' || transition === null || transition instanceof Promise) {
    throw wrong(environment, `${what} returned ${shown(transition)}, not { state, reward, terminated }`);
  }
  const { state: next, reward, terminated } = transition as Partial<Transition>;
  if (typeof reward !== 'number' || !Number.isFinite(reward)) {
    throw wrong(environment, `${what} returned the reward ${shown(reward)}, not a finite number`);
  }
  if (typeof terminated !== 'boolean') {
    throw wrong(environment, `${what} returned terminated = ${shown(terminated)}, not true or false`);
  }
  return { state: numbers(environment, `the state of ${what}`, next, state.length), reward, terminated };
}

/** Returns what the agent observes of a state. */
export function observed(environment: Environment, state: State): readonly number[] {
  const seen: unknown = called(environment, 'observe(state)', () => environment.observe(state));
  return numbers(environment, 'observe(state)', seen, environment.observations);
}

function called<Result>(environment: Environment, what: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw wrong(
      environment,
      `${what} threw "${error instanceof Error ? error.message : String(error)}"`,
      error,
    );
  }
}

function numbers(
  environment: Environment,
  what: string,
  values: unknown,
  length?: number,
): readonly number[] {
  if (!Array.isArray(values) && !ArrayBuffer.isView(values)) {
    throw wrong(environment, `${what} returned ${shown(values)}, not an array of numbers`);
  }
  const list = values as readonly unknown[];
  if (length !== undefined && list.length !== length) {
    throw wrong(environment, `${what} returned ${list.length} numbers, but there must be ${length}`);
  }
  for (let index = 0; index < list.length; index++) {
    if (!Number.isFinite(list[index])) {
      throw wrong(
        environment,
        `${what} returned ${shown(list[index])} at index ${index}, not a finite number`,
      );
    }
  }
  return list as readonly number[];
}

const shown = (value: unknown): string => {
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'function') return 'a function';
  const isNumber = typeof value === 'number' || value === undefined;
  const text = isNumber ? String(value) : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
};

const wrong = ({ id }: Environment, what: string, cause?: unknown) =>
  new ApicalError('environment.step', `In the environment "${id}", ${what}.`, { environment: id }, cause);
