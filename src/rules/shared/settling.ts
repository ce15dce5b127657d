import { z } from 'zod';
import { mustSettle } from '../../dynamics/index.ts';
import type {
  LearningStep,
  Moment,
  RelaxationOptions,
  SettledPhase,
  SettlingDynamics,
} from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { bitsAt } from '../../random/index.ts';
import type { StateDeclaration } from '../../learning/rule.ts';
import { changesOverTime } from './contrast.ts';

const steps = z.int().min(1).max(1e6);

/** Options of every rule whose network settles. */
export const settlingOptions = {
  freeSteps: steps.default(20).describe('steps of the free phase'),
  evaluationSteps: steps
    .optional()
    .describe(
      'steps of the free phase in evaluation; default: freeSteps, or five times as many with persistent particles',
    ),
  stepSize: z.number().gt(0).max(1).default(0.5).describe('step size ε, in membrane time constants'),
  tolerance: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'speed of units below which a phase ends early; a phase that stays faster fails; 0: all steps are taken',
    ),
  start: z
    .enum(['silence', 'feedforward'])
    .default('silence')
    .describe('start of a free phase without particles, also in evaluation: silence or a feedforward pass'),
};

/** Options of rules that keep a particle of each example: the state in which its free phase last ended. */
export const particleOptions = {
  persistent: z
    .boolean()
    .default(true)
    .describe(
      'whether the free phase of a training example starts where the previous one of this example ended',
    ),
};

/** Options of rules that nudge their outputs. */
export const nudgingOptions = {
  nudge: z
    .number()
    .positive()
    .max(1e3)
    .default(0.5)
    .describe('β: strength of the pull of outputs towards their targets'),
  sides: z
    .enum(['one', 'random', 'symmetric'])
    .default('random')
    .describe('sign of the nudge: β, a random sign for each batch, or both signs'),
  update: z
    .enum(['contrast', 'continual'])
    .default('contrast')
    .describe(
      'time of the update: after both phases (contrast), or in every step of the nudged phase (continual)',
    ),
  nudgedSteps: steps.default(4).describe('steps of a nudged phase'),
};

/** Values of `settlingOptions`, and of `particleOptions` if a rule has them. */
export interface SettlingValues {
  readonly freeSteps: number;
  readonly evaluationSteps?: number | undefined;
  readonly stepSize: number;
  readonly tolerance: number;
  readonly start: 'silence' | 'feedforward';
  readonly persistent?: boolean;
}

/** Values of `nudgingOptions` and `settlingOptions`. */
export interface NudgingValues extends SettlingValues {
  readonly nudge: number;
  readonly sides: 'one' | 'random' | 'symmetric';
  readonly update: 'contrast' | 'continual';
  readonly nudgedSteps: number;
}

/**
 * Returns the phase options of a free phase, in learning (`name` is "free") or in evaluation.
 *
 * @example
 * ```ts
 * import { freePhase } from 'apical/rules';
 *
 * freePhase({ freeSteps: 20, stepSize: 0.5, tolerance: 0, start: 'silence' }, 'free').steps; // → 20
 * ```
 */
export function freePhase(options: SettlingValues, name: string): RelaxationOptions {
  const { freeSteps, evaluationSteps, stepSize, tolerance, start, persistent = false } = options;
  const inEvaluation = evaluationSteps ?? (persistent ? 5 : 1) * freeSteps;
  return {
    stepSize,
    tolerance,
    steps: name === 'free' ? freeSteps : inEvaluation,
    ...(start === 'feedforward' ? { start } : {}),
  };
}

/**
 * Returns the phase options of a rule that nudges, by the name of the phase: "nudged", or a free phase.
 *
 * @example
 * ```ts
 * import { nudgingOptions, nudgingPhase, settlingOptions, z } from 'apical/rules';
 *
 * const options = z.strictObject({ ...nudgingOptions, ...settlingOptions }).parse({ nudgedSteps: 7 });
 * nudgingPhase(options, 'nudged').steps; // → 7
 * ```
 */
export const nudgingPhase = (options: NudgingValues, name: string): RelaxationOptions =>
  name === 'nudged'
    ? { stepSize: options.stepSize, tolerance: options.tolerance, steps: options.nudgedSteps }
    : freePhase(options, name);

/**
 * Declares the particle of each example, the state in which its free phase last ended, for `Rule.learning.state`.
 *
 * @example
 * ```ts
 * import { particles, type Network } from 'apical/rules';
 *
 * const settling = { freeSteps: 20, stepSize: 0.5, tolerance: 0, start: 'silence', persistent: true } as const;
 * export const state = (network: Network) => particles(network, settling);
 * ```
 */
export const particles = (network: Network, { persistent }: SettlingValues): readonly StateDeclaration[] =>
  network.areas
    .filter((area) => persistent === true && !area.isInput)
    .map((area) => ({ name: particleOf(area), shape: [area.units], scope: 'example' }));

/** Arguments of a schema's `refine`: refuses continual updates with symmetric nudging, which has two nudged phases. */
export const continualHasOneSide = [
  ({ sides, update }: Pick<NudgingValues, 'sides' | 'update'>) =>
    sides !== 'symmetric' || update === 'contrast',
  {
    message:
      'update "continual" needs one nudged phase, but sides is "symmetric": choose sides "one" or "random"',
    path: ['sides'],
  },
] satisfies [unknown, unknown];

/**
 * Runs the free phase, starting at the examples' particles if they persist, and scores it. Throws `dynamics.unsettled`
 * if a tolerance is set and the phase does not reach it.
 *
 * @example
 * ```ts
 * import { plasticProjections, settleFreely } from 'apical/rules';
 * import type { LearningStep, SettlingDynamics, SettlingValues } from 'apical/rules';
 *
 * // Anti-Hebbian at the free fixed point.
 * export function unlearn(step: LearningStep<SettlingValues, SettlingDynamics>) {
 *   const free = settleFreely(step);
 *   for (const projection of plasticProjections(step)) {
 *     const [pre, post] = [free.activity(projection.from), free.activity(projection.to)];
 *     step.emit(projection, { kind: 'outer', pre, post, factor: 1 / step.inputs.rows });
 *   }
 * }
 * ```
 */
export function settleFreely(step: LearningStep<SettlingValues, SettlingDynamics>): SettledPhase {
  const { network, options } = step;
  const areas = network.areas.filter((area) => options.persistent === true && !area.isInput);
  const free = mustSettle(
    step.run('free', areas.length > 0 ? { start: (area) => step.recall(particleOf(area)) } : {}),
    options.tolerance,
  );
  for (const area of areas) step.remember(particleOf(area), free.state(area));
  step.score(free);
  return free;
}

/** Runs a nudged phase that starts where the free one ended. */
const nudgeBy = (
  step: Nudged,
  free: SettledPhase,
  beta: number,
  each?: (moment: Moment) => void,
): SettledPhase => mustSettle(step.run('nudged', { start: free, nudge: beta, each }), step.options.tolerance);

type Nudged = LearningStep<NudgingValues, SettlingDynamics>;

/** Returns β of a batch, with a random sign if `sides` is "random". */
const betaOf = (step: Nudged): number =>
  step.options.sides === 'random' ? step.options.nudge * signOf(step) : step.options.nudge;

/** Two phases to contrast, and the factor of their difference: 1/β, or 1/(2β), divided by the batch. */
export interface Contrast {
  readonly positive: SettledPhase;
  readonly negative: SettledPhase;
  readonly factor: number;
}

/**
 * Runs the nudged phases. Returns s^β and s⁰ with factor 1/β, or for symmetric nudging s^β and s^−β with factor 1/(2β),
 * averaged over the batch.
 *
 * @example
 * ```ts
 * import { emitContrast, nudge, settleFreely } from 'apical/rules';
 * import type { LearningStep, NudgingValues, SettlingDynamics } from 'apical/rules';
 *
 * // Equilibrium propagation.
 * export function learn(step: LearningStep<NudgingValues, SettlingDynamics>) {
 *   const { positive, negative, factor } = nudge(step, settleFreely(step));
 *   emitContrast(step, positive, negative, factor);
 * }
 * ```
 */
export function nudge(step: Nudged, free: SettledPhase): Contrast {
  const beta = betaOf(step);
  const factor = 1 / (beta * step.inputs.rows);
  const positive = nudgeBy(step, free, beta);
  if (step.options.sides !== 'symmetric') return { positive, negative: free, factor };
  return { positive, negative: nudgeBy(step, free, -beta), factor: factor / 2 };
}

/**
 * Runs a nudged phase in which synapses change with every step, as `changesOverTime` describes.
 *
 * @example
 * ```ts
 * import { nudgeContinually, settleFreely } from 'apical/rules';
 * import type { LearningStep, NudgingValues, SettlingDynamics } from 'apical/rules';
 *
 * export const learn = (step: LearningStep<NudgingValues, SettlingDynamics>) =>
 *   nudgeContinually(step, settleFreely(step), 'both-ways');
 * ```
 */
export function nudgeContinually(step: Nudged, free: SettledPhase, synapses: 'both-ways' | 'one-way'): void {
  const beta = betaOf(step);
  nudgeBy(step, free, beta, changesOverTime(step, free, 1 / (beta * step.inputs.rows), synapses));
}

const particleOf = (area: Area) => `free state of ${area.id}`;

/** Draws the sign of the nudge in a batch: +1 or −1 with equal probability. */
const signOf = ({ stream, step }: LearningStep): 1 | -1 =>
  bitsAt(stream('sign of the nudge'), step, 0, 0) % 2 === 0 ? 1 : -1;
