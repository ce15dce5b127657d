import { z } from 'zod';
import { ApicalError } from '../errors.ts';
import { Sequence, stream } from '../random/index.ts';
import { actionSize } from './environment.ts';
import type { Environment } from './environment.ts';
import { observed, started, stepped } from './play.ts';

const number = z.number();
const functionOf = (signature: string) =>
  z.custom((value) => typeof value === 'function', `must be a function ${signature}`);
const bounds = z.array(number).min(1, 'must have one number for each dimension of an action');

const contract = z.object({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens, such as "my-task"'),
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
      'must have a low below its high in each dimension',
    ),
  timeLimit: z.int().min(1, 'must be at least 1').max(1e6),
  solvedAt: number.optional(),
  reset: functionOf('(draws) => state'),
  step: functionOf('(state, action, draws) => ({ state, reward, terminated })'),
  observe: functionOf('(state) => observation'),
});

/** Steps that are tried before anything is learned. */
const TRIED_STEPS = 64;

/**
 * Checks what a user's file exports, by its fields and by playing a little. Throws `environment.contract`, naming the
 * first field that is wrong, or `environment.step`, naming what had a wrong shape or was not a finite number.
 */
export function checkEnvironment(candidate: unknown, from: string): Environment {
  const result = contract.safeParse(candidate);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new ApicalError(
      'environment.contract',
      `${from} does not export an environment${field ? `: "${field}" ${reason(issue)}` : ''}. ` +
        'Export default { id, title, summary, cites, observations, actions, timeLimit, reset, step, observe }.',
      { from, field },
    );
  }
  const environment = candidate as Environment;
  tryOut(environment);
  return environment;
}

const reason = (issue: z.core.$ZodIssue | undefined): string => {
  const message = issue?.message ?? 'is wrong';
  return /^must|^is/.test(message) ? message : `is wrong: ${message.replace(/^Invalid input: /, '')}`;
};

function tryOut(environment: Environment): void {
  const { actions } = environment;
  const draws = new Sequence(stream(0, 'trial'));
  let state = started(environment, draws);
  observed(environment, state);
  for (let step = 0; step < TRIED_STEPS; step++) {
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
