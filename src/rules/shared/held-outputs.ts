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
 * What rules share that compare a free phase with one whose outputs are held at their targets (minus and plus phase), of
 * rates that settle with feedback of gain γ.
 */

export const heldOutputOptions = {
  gain: z
    .number()
    .positive()
    .max(1)
    .default(0.1)
    .describe('γ: signals that come back are multiplied by this'),
  ...settlingOptions,
  start: settlingOptions.start.default('feedforward'),
  clampedSteps: z.int().min(1).max(1e6).default(20).describe('steps of the phase with outputs held'),
};

type HeldOutputOptions = Readonly<z.infer<z.ZodObject<typeof heldOutputOptions>>>;

/** How the network settles in either phase. */
export const heldOutputPhase = (options: HeldOutputOptions, name: string): FeedbackGainOptions => ({
  ...freePhase(options, name),
  ...(name === 'clamped' ? { steps: options.clampedSteps } : {}),
  feedbackGain: options.gain,
});

/** Both phases, the second from where the first ended: outputs free, and held at x̌_L − ∂C/∂x_L. */
export function settleTwice(step: LearningStep<HeldOutputOptions, typeof settlingRates>): {
  readonly free: SettledPhase;
  readonly clamped: SettledPhase;
} {
  const free = settleFreely(step);
  const held = heldOutputs(step, free);
  const clamped = step.run('clamped', { start: free, clamp: (area) => held.get(area) });
  return { free, clamped: mustSettle(clamped, step.options.tolerance) };
}

/** γ^(k−L) of the area's level k: what a weak gain takes from an error on its way down. */
export function undoGain({ network, options }: LearningStep<HeldOutputOptions>): (area: Area) => number {
  const below = levelsBelowObjectives(network.specification);
  return ({ id }) => options.gain ** -(below.get(id) ?? 0);
}

/** x̌ − ∂C/∂x of every area with an objective, (batch, units). */
function heldOutputs(step: LearningStep, free: Phase): ReadonlyMap<Area, Tensor> {
  return new Map(
    step.network.objectives.map((objective) => {
      const output = free.output(objective.area);
      const held = step.compute.temporary(output.shape);
      step.pull(objective, output, held);
      step.compute.subtract(held, output, held);
      return [objective.area, held];
    }),
  );
}

/** How many forward projections lead from an area to the nearest objective, by id; without those from which none does. */
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

/** Why γ^(k−L) cannot be said of a network, for a rule's `refuses`: weak feedback needs levels. */
export function refuseWithoutLevels(
  specification: NetworkSpecification,
  { gain }: Pick<HeldOutputOptions, 'gain'>,
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
      `with a feedback gain other than 1 every projection must lead one level nearer to the outputs, and ` +
      `"${projectionId(projection)}" does not: set ruleOptions.gain=1, or choose equilibrium-propagation`
    );
  }
  return undefined;
}
