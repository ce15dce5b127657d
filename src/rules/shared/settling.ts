import { z } from 'zod';
import { mustSettle } from '../../dynamics/index.ts';
import type { LearningStep, Moment, Phase, PhaseOptions } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { bitsAt } from '../../random/index.ts';
import type { StateDeclaration } from '../../learning/rule.ts';

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

/** Of rules whose examples go on where they last ended. */
export const particleOptions = {
  persistent: z
    .boolean()
    .default(true)
    .describe('whether the free phase of a training example begins where its last one ended'),
};

/** Of rules that nudge. */
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

/** How a network settles where nothing teaches it: free, or in an evaluation. */
export function freePhase(options: Settling, name: string): PhaseOptions {
  const { freeSteps, evaluationSteps, stepSize, tolerance, start, persistent = false } = options;
  const inEvaluation = evaluationSteps ?? (persistent ? 5 : 1) * freeSteps;
  return {
    stepSize,
    tolerance,
    steps: name === 'free' ? freeSteps : inEvaluation,
    ...(start === 'feedforward' ? { start } : {}),
  };
}

/** How it settles in any phase of a rule that nudges. */
export const nudgingPhase = (options: Nudging, name: string): PhaseOptions =>
  name === 'nudged'
    ? { stepSize: options.stepSize, tolerance: options.tolerance, steps: options.nudgedSteps }
    : freePhase(options, name);

/** Where each example's free phase ended, for `Rule.state`. */
export const particles = (network: Network, { persistent }: Settling): readonly StateDeclaration[] =>
  network.areas
    .filter((area) => persistent === true && area !== network.input)
    .map((area) => ({ name: particleOf(area), shape: [area.units], scope: 'example' }));

/** The continual update follows one nudged phase. */
export const continualHasOneSide = [
  ({ sides, update }: Pick<Nudging, 'sides' | 'update'>) => sides !== 'symmetric' || update === 'contrast',
  { message: 'update "continual" follows one nudged phase: choose sides "one" or "random"', path: ['sides'] },
] satisfies [unknown, unknown];

/** Lets the network settle without a teacher, from where its examples last ended. It is the phase that is judged. */
export function settleFreely(step: LearningStep<Settling>): Phase {
  const { network, options } = step;
  const areas = network.areas.filter((area) => options.persistent === true && area !== network.input);
  const free = mustSettle(
    step.run('free', areas.length > 0 ? { start: (area) => step.recall(particleOf(area)) } : {}),
    options.tolerance,
  );
  for (const area of areas) step.remember(particleOf(area), free.state(area));
  step.judge(free);
  return free;
}

/** A nudged phase from where the free one ended. */
const nudged = (
  step: LearningStep<Nudging>,
  free: Phase,
  nudge: number,
  each?: (moment: Moment) => void,
): Phase => mustSettle(step.run('nudged', { start: free, nudge, each }), step.options.tolerance);

/** What is contrasted with what, and by which factor: 1/β or 1/2β over the batch. */
export interface Contrast {
  readonly positive: Phase;
  readonly negative: Phase;
  readonly factor: number;
}

/** How the nudged phases of a rule are followed: after they ended, or step by step. */
export interface Followers {
  readonly after: (contrast: Contrast) => void;
  /** What is called after every step of the one nudged phase; factor is 1/β over the batch. */
  readonly within: (factor: number) => (moment: Moment) => void;
}

/** Nudges to the sides that the options say, from where the free phase ended. */
export function nudgeFrom(step: LearningStep<Nudging>, free: Phase, { after, within }: Followers): void {
  const { nudge, sides, update } = step.options;
  const beta = sides === 'random' ? nudge * signOf(step) : nudge;
  const factor = 1 / (beta * step.inputs.rows);
  if (update === 'continual') nudged(step, free, beta, within(factor));
  else if (sides === 'symmetric') {
    after({ positive: nudged(step, free, beta), negative: nudged(step, free, -beta), factor: factor / 2 });
  } else after({ positive: nudged(step, free, beta), negative: free, factor });
}

const particleOf = (area: Area) => `free state of ${area.id}`;

/** The sign of the nudge in a batch: +1 or −1 alike often. */
const signOf = ({ stream, step }: LearningStep): 1 | -1 =>
  bitsAt(stream('sign of the nudge'), step, 0, 0) % 2 === 0 ? 1 : -1;
