import { z } from 'zod';
import { ApicalError } from '../errors.ts';
import { Sequence, stream } from '../random/index.ts';
import { actionSize } from './environment.ts';
import type { Environment } from './environment.ts';
import { observed, started, stepped } from './play.ts';

const number = z.number();
const functionOf = (signature: string) =>
  z.custom((value) => typeof value === 'function', `must be a function ${signature}`);
const bounds = z.array(number).min(1, 'must have one number per dimension of an action');

const contract = z.object({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens, such as "my-task"'),
  title: z.string().min(1),
  summary: z.string(),
  cites: z.array(z.string()),
  observations: z.int().min(1, 'must be at least 1').max(1e6),
  actions: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('discrete'), count: z.int().min(2, 'must be at least 2').max(1e6) }),
      z.object({ kind: z.literal('continuous'), low: bounds, high: bounds }),
    ])
    .refine(
      (actions) =>
        actions.kind === 'discrete' ||
        (actions.low.length === actions.high.length &&
          actions.low.every((low, index) => low < (actions.high[index] as number))),
      'must have a low below the high in each dimension',
    ),
  timeLimit: z.int().min(1, 'must be at least 1').max(1e6),
  solvedAt: number.optional(),
  reset: functionOf('(draws) => state'),
  step: functionOf('(state, action, draws) => ({ state, reward, terminated })'),
  observe: functionOf('(state) => observation'),
});

/** Number of steps that a check plays. */
const TRIAL_STEPS = 64;

/**
 * Checks the export of a user's file, by its fields and in a short trial of 64 steps, and returns it as an environment.
 * `from` names the file in messages.
 *
 * Throws `environment.contract`, which names the first wrong field, or `environment.step`, which names the function
 * that returned a wrong shape or a number that is not finite.
 *
 * @example
 * ```ts
 * import { checkEnvironment } from 'apical/rules';
 * import type { Environment } from 'apical/rules';
 *
 * const coin: Environment = {
 *   id: 'coin',
 *   title: 'Coin',
 *   summary: 'Reward 1 for a correct guess of a coin that shows heads with probability 0.7.',
 *   cites: [],
 *   observations: 1,
 *   actions: { kind: 'discrete', count: 2 },
 *   timeLimit: 1,
 *   reset: () => [0],
 *   step: (state, [guess], draws) => ({
 *     state,
 *     reward: guess === Number(draws.uniform() < 0.7) ? 1 : 0,
 *     terminated: true,
 *   }),
 *   observe: () => [1],
 * };
 * checkEnvironment(coin, './coin.ts');
 * ```
 */
export function checkEnvironment(candidate: unknown, from: string): Environment {
  const result = contract.safeParse(candidate);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new ApicalError(
      'environment.contract',
      `${from} does not export an environment${field ? `: "${field}" ${reason(issue)}` : ''}. ` +
        'It needs: export default { id, title, summary, cites, observations, actions, timeLimit, reset, step, observe }.',
      { from, field },
    );
  }
  const environment = candidate as Environment;
  playTrial(environment);
  return environment;
}

const reason = (issue: z.core.$ZodIssue | undefined): string => {
  const message = issue?.message ?? 'is wrong';
  return /^must|^is/.test(message) ? message : `is wrong: ${message.replace(/^Invalid input: /, '')}`;
};

function playTrial(environment: Environment): void {
  const { actions } = environment;
  const draws = new Sequence(stream(0, 'trial'));
  let state = started(environment, draws);
  observed(environment, state);
  for (let step = 0; step < TRIAL_STEPS; step++) {
    const action =
      actions.kind === 'discrete'
        ? [step % actions.count]
        : Array.from({ length: actionSize(actions) }, (_, index) => {
            const [low, high] = [actions.low[index] as number, actions.high[index] as number];
            return low + (high - low) * draws.uniform();
          });
    const transition = stepped(environment, state, action, draws);
    observed(environment, transition.state);
    state = transition.terminated ? started(environment, draws, state.length) : transition.state;
  }
}
