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
    .describe('steps in an evaluation; default: five times those of the free phase where particles persist'),
  stepSize: z.number().gt(0).max(1).default(0.5).describe('ε: size of a step, in membrane time constants'),
  tolerance: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'a phase ends early where units move less than this, and fails where they do not; 0: takes all steps',
    ),
  start: z
    .enum(['silence', 'feedforward'])
    .default('silence')
    .describe(
      'where a free phase without particles begins, an evaluation too: silent, or with a feedforward pass',
    ),
};

/** Options of rules whose examples go on where they last ended. */
export const particleOptions = {
  persistent: z
    .boolean()
    .default(true)
    .describe('whether the free phase of a training example begins where its last one ended'),
};

/** Options of rules that nudge. */
export const nudgingOptions = {
  nudge: z
    .number()
    .positive()
    .max(1e3)
    .default(0.5)
    .describe('β: how strongly outputs are pulled towards their targets'),
  sides: z
    .enum(['one', 'random', 'symmetric'])
    .default('random')
    .describe('nudged by β, by β or −β drawn for each batch, or by both'),
  update: z
    .enum(['contrast', 'continual'])
    .default('contrast')
    .describe('whether synapses change after the phases, or in every step of the nudged one'),
  nudgedSteps: steps.default(4).describe('steps of a nudged phase'),
};

interface Settling {
  readonly freeSteps: number;
  readonly evaluationSteps?: number | undefined;
  readonly stepSize: number;
  readonly tolerance: number;
  readonly start: 'silence' | 'feedforward';
  readonly persistent?: boolean;
}

interface Nudging extends Settling {
  readonly nudge: number;
  readonly sides: 'one' | 'random' | 'symmetric';
  readonly update: 'contrast' | 'continual';
  readonly nudgedSteps: number;
}

/** Returns the options of a free phase, in learning or in an evaluation. */
export function freePhase(options: Settling, name: string): RelaxationOptions {
  const { freeSteps, evaluationSteps, stepSize, tolerance, start, persistent = false } = options;
  const inEvaluation = evaluationSteps ?? (persistent ? 5 : 1) * freeSteps;
  return {
    stepSize,
    tolerance,
    steps: name === 'free' ? freeSteps : inEvaluation,
    ...(start === 'feedforward' ? { start } : {}),
  };
}

/** Returns the options of any phase of a rule that nudges. */
export const nudgingPhase = (options: Nudging, name: string): RelaxationOptions =>
  name === 'nudged'
    ? { stepSize: options.stepSize, tolerance: options.tolerance, steps: options.nudgedSteps }
    : freePhase(options, name);

/** Declares the state in which each example's free phase ended: its particle. */
export const particles = (network: Network, { persistent }: Settling): readonly StateDeclaration[] =>
  network.areas
    .filter((area) => persistent === true && area !== network.input)
    .map((area) => ({ name: particleOf(area), shape: [area.units], scope: 'example' }));

/** Refuses continual updates with symmetric nudging: they follow one nudged phase. */
export const continualHasOneSide = [
  ({ sides, update }: Pick<Nudging, 'sides' | 'update'>) => sides !== 'symmetric' || update === 'contrast',
  { message: 'update "continual" follows one nudged phase: choose sides "one" or "random"', path: ['sides'] },
] satisfies [unknown, unknown];

/** Runs the free phase, from the examples' particles where they persist, and scores it. */
export function settleFreely(step: LearningStep<Settling, SettlingDynamics>): SettledPhase {
  const { network, options } = step;
  const areas = network.areas.filter((area) => options.persistent === true && area !== network.input);
  const free = mustSettle(
    step.run('free', areas.length > 0 ? { start: (area) => step.recall(particleOf(area)) } : {}),
    options.tolerance,
  );
  for (const area of areas) step.remember(particleOf(area), free.state(area));
  step.score(free);
  return free;
}

/** Runs a nudged phase from where the free one ended. */
const nudgeBy = (
  step: Nudged,
  free: SettledPhase,
  beta: number,
  each?: (moment: Moment) => void,
): SettledPhase => mustSettle(step.run('nudged', { start: free, nudge: beta, each }), step.options.tolerance);

type Nudged = LearningStep<Nudging, SettlingDynamics>;

/** β of a batch: where the side is random, with a random sign. */
const betaOf = (step: Nudged): number =>
  step.options.sides === 'random' ? step.options.nudge * signOf(step) : step.options.nudge;

/** Two phases whose activity is contrasted, and the factor of their difference, averaged over the batch. */
export interface Contrast {
  readonly positive: SettledPhase;
  readonly negative: SettledPhase;
  readonly factor: number;
}

/** Runs the nudged phases: s^β and s⁰ with 1/β, or for symmetric nudging s^β and s^−β with 1/(2β). */
export function nudge(step: Nudged, free: SettledPhase): Contrast {
  const beta = betaOf(step);
  const factor = 1 / (beta * step.inputs.rows);
  const positive = nudgeBy(step, free, beta);
  if (step.options.sides !== 'symmetric') return { positive, negative: free, factor };
  return { positive, negative: nudgeBy(step, free, -beta), factor: factor / 2 };
}

/** Runs the nudged phase, in which synapses change with every step: see `changesOverTime`. */
export function nudgeContinually(step: Nudged, free: SettledPhase, synapses: 'both-ways' | 'one-way'): void {
  const beta = betaOf(step);
  nudgeBy(step, free, beta, changesOverTime(step, free, 1 / (beta * step.inputs.rows), synapses));
}

const particleOf = (area: Area) => `free state of ${area.id}`;

/** The sign of the nudge in a batch: +1 or −1 with equal probability. */
const signOf = ({ stream, step }: LearningStep): 1 | -1 =>
  bitsAt(stream('sign of the nudge'), step, 0, 0) % 2 === 0 ? 1 : -1;
