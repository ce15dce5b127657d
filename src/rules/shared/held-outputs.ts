import { z } from 'zod';
import { mustSettle } from '../../dynamics/index.ts';
import type {
  FeedbackGainOptions,
  LearningStep,
  Phase,
  SettledPhase,
  settlingRates,
} from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { projectionId } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { freePhase, settleFreely, settlingOptions } from './settling.ts';

/*
 * Parts of rules that compare a free (minus) phase with a clamped (plus) phase, whose outputs are held at their
 * targets. Rates settle with feedback of gain γ.
 */

/** Options of rules with a phase whose outputs are held at their targets. */
export const heldOutputOptions = {
  gain: z.number().positive().max(1).default(0.1).describe('γ: factor of all feedback signals'),
  ...settlingOptions,
  start: settlingOptions.start.default('feedforward'),
  clampedSteps: z
    .int()
    .min(1)
    .max(1e6)
    .default(20)
    .describe('steps of the clamped phase, in which outputs are held at their targets'),
};

/** Values of `heldOutputOptions`. */
export type HeldOutputValues = Readonly<z.infer<z.ZodObject<typeof heldOutputOptions>>>;

/**
 * Returns the phase options of a rule with held outputs, by the name of the phase: "free", "clamped" or an evaluation.
 *
 * @example
 * ```ts
 * import { heldOutputOptions, heldOutputPhase, z } from 'apical/rules';
 *
 * const options = z.strictObject(heldOutputOptions).parse({ gain: 0.5 });
 * heldOutputPhase(options, 'clamped').feedbackGain; // → 0.5
 * ```
 */
export const heldOutputPhase = (options: HeldOutputValues, name: string): FeedbackGainOptions => ({
  ...freePhase(options, name),
  ...(name === 'clamped' ? { steps: options.clampedSteps } : {}),
  feedbackGain: options.gain,
});

/**
 * Runs a free phase, and from its end a clamped phase with outputs held at x̌_L − ∂C/∂x_L. Throws `dynamics.unsettled` if
 * a tolerance is set and a phase does not reach it.
 *
 * @example
 * ```ts
 * import { emitContrast, settleTwice } from 'apical/rules';
 * import type { HeldOutputValues, LearningStep, settlingRates } from 'apical/rules';
 *
 * // Contrastive Hebbian learning with a feedback gain of 1.
 * export function learn(step: LearningStep<HeldOutputValues, typeof settlingRates>) {
 *   const { free, clamped } = settleTwice(step);
 *   emitContrast(step, clamped, free, 1 / step.inputs.rows);
 * }
 * ```
 */
export function settleTwice(step: LearningStep<HeldOutputValues, typeof settlingRates>): {
  readonly free: SettledPhase;
  readonly clamped: SettledPhase;
} {
  const free = settleFreely(step);
  const held = heldOutputs(step, free);
  const clamped = step.run('clamped', { start: free, clamp: (area) => held.get(area) });
  return { free, clamped: mustSettle(clamped, step.options.tolerance) };
}

/**
 * Returns a function that gives γ^(k−L) for an area at level k. This factor undoes the attenuation of errors by a weak
 * feedback gain γ.
 *
 * @example
 * ```ts
 * import { emitContrast, settleTwice, undoGain } from 'apical/rules';
 * import type { HeldOutputValues, LearningStep, settlingRates } from 'apical/rules';
 *
 * export function learn(step: LearningStep<HeldOutputValues, typeof settlingRates>) {
 *   const { free, clamped } = settleTwice(step);
 *   emitContrast(step, clamped, free, 1 / step.inputs.rows, undoGain(step));
 * }
 * ```
 */
export function undoGain({ network, options }: LearningStep<HeldOutputValues>): (area: Area) => number {
  const below = levelsBelowObjectives(network.specification);
  return ({ id }) => options.gain ** -(below.get(id) ?? 0);
}

/** Returns x̌ − ∂C/∂x, (batch, units), of every area with an objective. */
function heldOutputs(step: LearningStep, free: Phase): ReadonlyMap<Area, Tensor> {
  return new Map(
    step.network.objectives.map((objective) => {
      const output = free.output(objective.area);
      const held = step.like(objective.area);
      step.pull(objective, output, held);
      step.compute.subtract(held, output, held);
      return [objective.area, held];
    }),
  );
}

/** Returns the number of forward projections from an area to the nearest objective, by id of areas that reach one. */
function levelsBelowObjectives({
  objectives,
  projections,
}: NetworkSpecification): ReadonlyMap<string, number> {
  const levels = new Map(objectives.map(({ area }) => [area, 0]));
  let found = [...levels.keys()];
  for (let level = 1; found.length > 0; level++) {
    const next = new Set(
      projections
        .filter(({ kind = 'forward', to }) => kind === 'forward' && found.includes(to))
        .map(({ from }) => from)
        .filter((from) => !levels.has(from)),
    );
    for (const area of next) levels.set(area, level);
    found = [...next];
  }
  return levels;
}

/**
 * Returns why γ^(k−L) is undefined for a network, worded to end a sentence for `Rule.network.refuses`; undefined if it
 * is defined. Every gain but 1 needs levels.
 *
 * @example
 * ```ts
 * import { refuseWithoutLevels, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 8, 3], activation: 'tanh', objective: 'squared-error' });
 * refuseWithoutLevels(specification, { gain: 0.1 }); // → undefined
 * ```
 */
export function refuseWithoutLevels(
  specification: NetworkSpecification,
  { gain }: Pick<HeldOutputValues, 'gain'>,
): string | undefined {
  if (gain === 1) return undefined;
  const below = levelsBelowObjectives(specification);
  for (const projection of specification.projections) {
    const { kind = 'forward', from, to } = projection;
    const [lower, upper] = kind === 'feedback' ? [to, from] : [from, to];
    const [nearer, farther] = [below.get(upper), below.get(lower)];
    if (from === specification.input || (kind === 'lateral' && from === to)) continue;
    if (kind !== 'lateral' && nearer !== undefined && farther === nearer + 1) continue;
    return (
      `a feedback gain of ${gain} needs projections that lead exactly one level nearer to the outputs, and ` +
      `"${projectionId(projection)}" does not: set ruleOptions.gain=1. Rules that do: equilibrium-propagation`
    );
  }
  return undefined;
}
