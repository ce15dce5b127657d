import { z } from 'zod';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Outcome } from '../../learning/rule.ts';
import type { Network } from '../../network/network.ts';
import type { OptimiserOf } from '../../network/optimiser.ts';
import { scaleSchedule } from '../../network/schedule.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withFeedback, feedbackOptions } from './feedback.ts';
import type { FeedbackOptions } from './feedback.ts';
import { hasCrossEntropy, outputOf } from './reconstruction.ts';

/**
 * What goes up a layer, f(h W + b), and what is learned to come down, g(h V + c): the activation function of the area
 * below, weights V and thresholds c of the feedback projection's own.
 */

/** Options of rules whose targets come down by learned inverses. */
export const inverseOptions = {
  feedback: feedbackOptions.feedback,
  scale: feedbackOptions.scale,
  density: feedbackOptions.density,
  noise: z
    .number()
    .positive()
    .max(1e3)
    .default(0.3)
    .describe(
      'σ of what is added to activity where the inverses learn, so that they hold beyond the examples',
    ),
  inverseRate: z
    .number()
    .positive()
    .max(1e3)
    .default(1)
    .describe('learning rate of the inverses, as a multiple of the forward one'),
  order: z
    .enum(['parallel', 'alternating'])
    .default('parallel')
    .describe(
      'whether inverses and forward weights change together, or inverses first, and targets come down by those',
    ),
};

/** To which forward projections inverses are added. */
interface Inverted {
  /** Those onto areas that are judged. */
  readonly outputs: boolean;
  /** Those from the input. */
  readonly input?: boolean;
}

/** Adds inverses to forward projections between hidden areas, and others as told: plastic feedback, and thresholds for what comes down. */
export function withInverses(
  specification: NetworkSpecification,
  options: Omit<FeedbackOptions, 'wiring'>,
  { outputs, input = false }: Inverted,
): NetworkSpecification {
  const judged = new Set(outputs ? [] : specification.objectives.map(({ area }) => area));
  const answered = withFeedback(specification, { ...options, wiring: 'independent' }, true, input);
  const projections = answered.projections.filter(
    ({ answers, from }) => answers === undefined || !judged.has(from),
  );
  const below = new Set(projections.flatMap(({ answers, to }) => (answers === undefined ? [] : [to])));
  return {
    ...answered,
    areas: answered.areas.map((area) => (below.has(area.id) ? { topDownBias: true, ...area } : area)),
    projections,
  };
}

/** Whose weights what comes down has: its own, that learn or stay as drawn, or those of the way up. */
export type TopDown = 'learned' | 'fixed' | 'tied';

/** Adds the way down, unless it is the way up: then only thresholds for what comes down. */
export function wireDown(
  specification: NetworkSpecification,
  options: Omit<FeedbackOptions, 'wiring'> & { readonly topDown: TopDown },
  inverted: Inverted,
): NetworkSpecification {
  const wired = withInverses(specification, options, inverted);
  if (options.topDown === 'learned') return wired;
  if (options.topDown === 'tied') return { ...wired, projections: specification.projections };
  return {
    ...wired,
    projections: wired.projections.map((its) =>
      its.answers === undefined ? its : { ...its, plastic: false },
    ),
  };
}

/** What its inverses learn as a multiple of the run's rate. */
export const inverseOptimisers =
  (
    network: Network,
    optimiserOf: OptimiserOf,
    { inverseRate }: { readonly inverseRate: number },
  ): OptimiserOf =>
  (parameter) => {
    const its = optimiserOf(parameter);
    if (!isInverse(parameter, network)) return its;
    return { ...its, rate: scaleSchedule(its.rate, inverseRate) };
  };

const INVERSION_ERROR = 'inversion error of ';

/** For `Rule.measures`: of every area that an inverse comes down to, ‖g(f(h)) − h‖² as a share of ‖h‖². */
export const inversionErrors = ({ areas, projections }: Network): readonly string[] => {
  const answered = new Set(projections.flatMap(({ feedback }) => feedback?.to ?? []));
  return areas.flatMap((area) => (area.topDownBias || answered.has(area) ? [INVERSION_ERROR + area.id] : []));
};

/** Measures what came down to an area, g(f(h)), which is overwritten, beside its activity h in a phase. */
export function measureInversion(step: LearningStep, phase: Phase, area: Area, below: Tensor): void {
  const { compute, inputs } = step;
  const activity = phase.activity(area);
  const [missed, whole] = [compute.temporary([inputs.rows]), compute.temporary([inputs.rows])];
  compute.subtract(below, below, activity);
  compute.dotRows(missed, below, below);
  compute.dotRows(whole, activity, activity);
  step.measure(INVERSION_ERROR + area.id, missed, whole);
}

/** The squared error, as a share of the activity's square, above which an inverse is hardly better than silence. */
const NO_INVERSE = 0.9;

/** Returns hints about inverses that learn: that they may have diverged, or that one has not converged. */
export function hintsOnInverses(
  { inverseRate, topDown = 'learned' }: { readonly inverseRate: number; readonly topDown?: TopDown },
  outcome: Outcome,
): readonly string[] {
  if (topDown !== 'learned') return [];
  if (outcome.kind === 'diverged') {
    return [`lower ruleOptions.inverseRate (now ${inverseRate}), the learning rate of the inverses`];
  }
  return Object.entries(outcome.measured).flatMap(([name, error]) =>
    !name.startsWith(INVERSION_ERROR) || error < NO_INVERSE
      ? []
      : `The inverse onto "${name.slice(INVERSION_ERROR.length)}" has not converged: its squared error is ${error.toPrecision(3)} of ` +
        `the activity's square, where silence would give 1. Lower ruleOptions.inverseRate (now ${inverseRate}) if the error grows, or train longer if it falls.`,
  );
}

/** Whether a parameter is an inverse's, weights or thresholds. */
const isInverse = ({ id }: Parameter, { projections, areas }: Network): boolean =>
  projections.some((its) => its.kind === 'feedback' && its.id === id) ||
  areas.some(({ topDownBias }) => topDownBias?.id === id);

/** f(signal W + b), (batch, units above), of an area under cross-entropy its probabilities: a temporary. */
export function upward(step: LearningStep, projection: Projection, signal: Tensor): Tensor {
  const { compute } = step;
  const { to } = projection;
  const above = compute.temporary([signal.rows, to.units]);
  projection.send(compute, above, signal);
  compute.activate(above, above, to.bias?.values, to.activation);
  if (hasCrossEntropy(step.network, to)) compute.softmax(above, above);
  return above;
}

/** A second way down to the same area, whose signal the inverse hears as well. */
export interface Beside {
  readonly inverse: Projection;
  readonly signal: Tensor;
}

/** g(signal V + c), (batch, units below), of the inverse of a projection: a temporary. */
export function downward(
  step: LearningStep,
  projection: Projection,
  signal: Tensor,
  beside?: Beside,
): Tensor {
  const below = potentialDown(step, projection, signal, beside);
  becomeSignals(step, projection, below);
  return below;
}

/** signal V, (batch, units below), of the inverse of a projection: a temporary, without thresholds. */
export function potentialDown(
  { compute }: LearningStep,
  projection: Projection,
  signal: Tensor,
  beside?: Beside,
): Tensor {
  const inverse = projection.feedback as Projection;
  const below = compute.temporary([signal.rows, projection.from.units]);
  inverse.send(compute, below, signal);
  beside?.inverse.send(compute, below, beside.signal, 1);
  return below;
}

/** g( · + c) of the inverse of a projection, in the place of potentials. */
export function becomeSignals({ compute }: LearningStep, { from }: Projection, potential: Tensor): void {
  compute.activate(potential, potential, from.topDownBias?.values, from.activation);
}

/** What an inverse was given, what it made of it, and ∂L/∂(that), one row an example, which is overwritten. */
interface Inversion {
  readonly signal: Tensor;
  readonly beside?: Beside | undefined;
  readonly below: Tensor;
  readonly error: Tensor;
  readonly factor: number;
}

/** The terms of an inverse: signal ⊗ δ of its weights and δ of its thresholds, with δ = error ⊙ g′. */
export function emitInverse(
  step: LearningStep,
  projection: Projection,
  { signal, beside, below, error, factor }: Inversion,
): void {
  const inverse = projection.feedback as Projection;
  step.compute.multiplyBySlope(error, error, below, undefined, projection.from.activation);
  step.emit(inverse, { kind: 'outer', pre: signal, post: error, factor });
  if (beside) step.emit(beside.inverse, { kind: 'outer', pre: beside.signal, post: error, factor });
  const { topDownBias } = projection.from;
  if (topDownBias) step.emit(topDownBias, { kind: 'outer', post: error, factor });
}

/** For `Rule.evaluate`: how well inverses undo f at the activity of a phase. */
export function measureInverses(
  step: LearningStep,
  phase: Phase,
  chain: readonly Projection[],
  auxiliary?: Projection,
): void {
  for (const projection of chain) {
    const { from, to, feedback } = projection;
    if (!feedback) continue;
    const beside =
      auxiliary?.feedback && projection === chain.at(-1)
        ? { inverse: auxiliary.feedback, signal: phase.activity(auxiliary.to) }
        : undefined;
    measureInversion(step, phase, from, downward(step, projection, outputOf(step, phase, to), beside));
  }
}

/**
 * Lets an inverse g learn to undo f around the activity of a phase: the gradient of
 * ½ ‖ g( f(h + ε) ) − (h + ε) ‖², ε ~ N(0, σ²). `auxiliary` is a second projection up whose inverse helps.
 */
export function learnToInvert(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  noise: number,
  auxiliary?: Projection,
): void {
  const { compute, inputs } = step;
  const { from, id } = projection;
  const noisy = compute.temporary([inputs.rows, from.units]);
  compute.drawNormal(noisy, 0, noise, step.stream(`noise ${id}`), step.step);
  compute.add(noisy, noisy, phase.activity(from));
  const signal = upward(step, projection, noisy);
  const beside = auxiliary?.feedback && {
    inverse: auxiliary.feedback,
    signal: upward(step, auxiliary, noisy),
  };
  const below = downward(step, projection, signal, beside);
  const error = compute.temporary(below.shape);
  compute.subtract(error, below, noisy);
  emitInverse(step, projection, { signal, beside, below, error, factor: 1 / inputs.rows });
}
