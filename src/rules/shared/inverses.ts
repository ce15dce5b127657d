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

/*
 * The forward path of a layer is f(h W + b). Its inverse is g(h V + c): V are the weights of the feedback projection,
 * and g and c are the activation function and the top-down bias of the area below.
 */

/** Options of rules whose targets travel through learned inverses. */
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
      'σ of the noise added to activity while the inverses learn, so that they generalise beyond the examples',
    ),
  inverseRate: z
    .number()
    .positive()
    .max(1e3)
    .default(1)
    .describe('learning rate of the inverses, as a multiple of the forward learning rate'),
  order: z
    .enum(['parallel', 'alternating'])
    .default('parallel')
    .describe(
      'order of updates: inverses and forward weights together, or inverses first, so that targets use the new ones',
    ),
};

/** Forward projections that receive an inverse, in addition to all those between hidden areas. */
export interface InverseScope {
  /** Whether projections onto areas with an objective receive one. */
  readonly outputs: boolean;
  /** Whether projections from the input receive one. Default false. */
  readonly input?: boolean;
}

/**
 * Adds inverses to forward projections between hidden areas, and to the others that `scope` names. An inverse is a
 * plastic feedback projection, with a top-down bias in the area below.
 *
 * @example
 * ```ts
 * import { withInverses, type NetworkSpecification } from 'apical/rules';
 *
 * export const wire = (specification: NetworkSpecification) =>
 *   withInverses(specification, { feedback: 'as-forward' }, { outputs: false });
 * ```
 */
export function withInverses(
  specification: NetworkSpecification,
  options: Omit<FeedbackOptions, 'wiring'>,
  { outputs, input = false }: InverseScope,
): NetworkSpecification {
  const withObjective = new Set(outputs ? [] : specification.objectives.map(({ area }) => area));
  const answered = withFeedback(specification, { ...options, wiring: 'independent' }, true, input);
  const projections = answered.projections.filter(
    ({ answers, from }) => answers === undefined || !withObjective.has(from),
  );
  const below = new Set(projections.flatMap(({ answers, to }) => (answers === undefined ? [] : [to])));
  return {
    ...answered,
    areas: answered.areas.map((area) => (below.has(area.id) ? { topDownBias: true, ...area } : area)),
    projections,
  };
}

/** The weights of the feedback path: learned, random and fixed, or tied to the transposed forward weights. */
export type TopDownWeights = 'learned' | 'fixed' | 'tied';

/**
 * Adds a feedback path with the weights that `topDown` names, and a top-down bias in the areas it reaches. A tied path
 * uses the forward weights, so only the bias is added.
 *
 * @example
 * ```ts
 * import { withTopDownPath, type NetworkSpecification } from 'apical/rules';
 *
 * export const wire = (specification: NetworkSpecification) =>
 *   withTopDownPath(specification, { feedback: 'as-forward', topDown: 'fixed' }, { outputs: true, input: true });
 * ```
 */
export function withTopDownPath(
  specification: NetworkSpecification,
  options: Omit<FeedbackOptions, 'wiring'> & { readonly topDown: TopDownWeights },
  scope: InverseScope,
): NetworkSpecification {
  const wired = withInverses(specification, options, scope);
  if (options.topDown === 'learned') return wired;
  if (options.topDown === 'tied') return { ...wired, projections: specification.projections };
  return {
    ...wired,
    projections: wired.projections.map((projection) =>
      projection.answers === undefined ? projection : { ...projection, plastic: false },
    ),
  };
}

/**
 * Returns optimisers for `Rule.learning.optimisers`: the learning rate of inverses is `inverseRate` times the run's.
 *
 * @example
 * ```ts
 * import { inverseOptimisers, type Network, type OptimiserOf } from 'apical/rules';
 *
 * export const optimisers = (network: Network, optimiserOf: OptimiserOf) =>
 *   inverseOptimisers(network, optimiserOf, { inverseRate: 2 });
 * ```
 */
export const inverseOptimisers =
  (
    network: Network,
    optimiserOf: OptimiserOf,
    { inverseRate }: { readonly inverseRate: number },
  ): OptimiserOf =>
  (parameter) => {
    const optimiser = optimiserOf(parameter);
    if (!isInverse(parameter, network)) return optimiser;
    return { ...optimiser, rate: scaleSchedule(optimiser.rate, inverseRate) };
  };

const INVERSION_ERROR = 'inversion error of ';

/**
 * Returns names of metrics for `Rule.report.measures`: the inversion error of every area that an inverse reaches,
 * ‖g(f(h)) − h‖² / ‖h‖².
 *
 * @example
 * ```ts
 * import { inversionErrors, type Network } from 'apical/rules';
 *
 * export const report = { measures: (network: Network) => inversionErrors(network) };
 * ```
 */
export const inversionErrors = ({ areas, projections }: Network): readonly string[] => {
  const answered = new Set(projections.flatMap(({ feedback }) => feedback?.to ?? []));
  return areas.flatMap((area) => (area.topDownBias || answered.has(area) ? [INVERSION_ERROR + area.id] : []));
};

/**
 * Measures the inversion error of an area, ‖g(f(h)) − h‖² / ‖h‖², with h its activity in a phase. `below` is g(f(h)),
 * (batch, units); it is overwritten.
 *
 * @example
 * ```ts
 * import { applyInverse, measureInversion, type LearningStep, type Phase, type Projection } from 'apical/rules';
 *
 * export function measure(step: LearningStep, phase: Phase, projection: Projection) {
 *   const reconstruction = applyInverse(step, projection, phase.activity(projection.to));
 *   measureInversion(step, phase, projection.from, reconstruction);
 * }
 * ```
 */
export function measureInversion(step: LearningStep, phase: Phase, area: Area, below: Tensor): void {
  const { compute, inputs } = step;
  const activity = phase.activity(area);
  const [missed, whole] = [compute.temporary([inputs.rows]), compute.temporary([inputs.rows])];
  compute.subtract(below, below, activity);
  compute.dotRows(missed, below, below);
  compute.dotRows(whole, activity, activity);
  step.measure(INVERSION_ERROR + area.id, missed, whole);
}

/** The relative squared error above which an inverse is hardly better than silence, whose error is 1. */
const NO_INVERSE = 0.9;

/**
 * Returns hints for `Rule.report.hints` on learned inverses that may have diverged or have not converged.
 *
 * @example
 * ```ts
 * import { inverseHints } from 'apical/rules';
 *
 * inverseHints({ inverseRate: 2 }, { kind: 'diverged' });
 * // → ['lower ruleOptions.inverseRate (now 2), the learning rate of the inverses']
 * ```
 */
export function inverseHints(
  { inverseRate, topDown = 'learned' }: { readonly inverseRate: number; readonly topDown?: TopDownWeights },
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
        `the squared activity (silence gives 1). Lower ruleOptions.inverseRate (now ${inverseRate}) if the error grows, or train longer if it falls.`,
  );
}

/** Returns whether a parameter is the weights or the bias of an inverse. */
const isInverse = ({ id }: Parameter, { projections, areas }: Network): boolean =>
  projections.some((projection) => projection.kind === 'feedback' && projection.id === id) ||
  areas.some(({ topDownBias }) => topDownBias?.id === id);

/**
 * Returns f(signal W + b) of a projection, (batch, units above), as a temporary. An area under cross-entropy returns
 * probabilities.
 *
 * @example
 * ```ts
 * import { applyForward, applyInverse, type LearningStep, type Phase, type Projection } from 'apical/rules';
 *
 * // g(f(h)): what the inverse reconstructs.
 * export const roundTrip = (step: LearningStep, phase: Phase, projection: Projection) =>
 *   applyInverse(step, projection, applyForward(step, projection, phase.activity(projection.from)));
 * ```
 */
export function applyForward(step: LearningStep, projection: Projection, signal: Tensor): Tensor {
  const { compute } = step;
  const { to } = projection;
  const above = compute.temporary([signal.rows, to.units]);
  projection.send(compute, above, signal);
  compute.activate(above, above, to.bias?.values, to.activation);
  if (hasCrossEntropy(step.network, to)) compute.softmax(above, above);
  return above;
}

/** A second input of an inverse: a feedback projection to the same area, and the signal it sends, (batch, units). */
export interface SecondInput {
  readonly inverse: Projection;
  readonly signal: Tensor;
}

/**
 * Returns g(signal V + c) of the inverse of a projection, (batch, units below), as a temporary. A second input adds to
 * signal V.
 *
 * @example
 * ```ts
 * import { applyInverse, type LearningStep, type Phase, type Projection } from 'apical/rules';
 *
 * export const reconstruct = (step: LearningStep, phase: Phase, projection: Projection) =>
 *   applyInverse(step, projection, phase.activity(projection.to));
 * ```
 */
export function applyInverse(
  step: LearningStep,
  projection: Projection,
  signal: Tensor,
  second?: SecondInput,
): Tensor {
  const below = inversePotential(step, projection, signal, second);
  activateInverse(step, projection, below);
  return below;
}

/**
 * Returns signal V of the inverse of a projection, (batch, units below), without bias, as a temporary. A second input
 * adds to signal V.
 *
 * @example
 * ```ts
 * import { activateInverse, inversePotential, type LearningStep, type Phase, type Projection } from 'apical/rules';
 *
 * // The same as applyInverse, in two steps.
 * export function reconstruct(step: LearningStep, phase: Phase, projection: Projection) {
 *   const potential = inversePotential(step, projection, phase.activity(projection.to));
 *   activateInverse(step, projection, potential);
 *   return potential;
 * }
 * ```
 */
export function inversePotential(
  { compute }: LearningStep,
  projection: Projection,
  signal: Tensor,
  second?: SecondInput,
): Tensor {
  const inverse = projection.feedback as Projection;
  const below = compute.temporary([signal.rows, projection.from.units]);
  inverse.send(compute, below, signal);
  second?.inverse.send(compute, below, second.signal, 1);
  return below;
}

/**
 * Overwrites potentials, (batch, units below), with g(potential + c) of the inverse of a projection.
 *
 * @example
 * ```ts
 * import { activateInverse, inversePotential, type LearningStep, type Projection } from 'apical/rules';
 *
 * export function reconstruct(step: LearningStep, projection: Projection) {
 *   const potential = inversePotential(step, projection, step.run('forward').activity(projection.to));
 *   activateInverse(step, projection, potential);
 *   return potential;
 * }
 * ```
 */
export function activateInverse({ compute }: LearningStep, { from }: Projection, potential: Tensor): void {
  compute.activate(potential, potential, from.topDownBias?.values, from.activation);
}

/** One use of an inverse, with one row per example. */
export interface Inversion {
  /** Input, (batch, units above). */
  readonly signal: Tensor;
  readonly second?: SecondInput | undefined;
  /** Output, (batch, units below). */
  readonly below: Tensor;
  /** ∂L/∂(output), (batch, units below). It is overwritten. */
  readonly error: Tensor;
  readonly factor: number;
}

/**
 * Emits the terms of an inverse: factor · signal ⊗ δ for its weights and factor · δ for its bias, with δ = error ⊙ g′.
 *
 * @example
 * ```ts
 * import { applyInverse, emitInverse, type LearningStep, type Projection } from 'apical/rules';
 *
 * // The delta rule for an inverse: ½‖g(f(h)) − h‖².
 * export function learnInverse(step: LearningStep, projection: Projection) {
 *   const phase = step.run('forward');
 *   const signal = phase.activity(projection.to);
 *   const below = applyInverse(step, projection, signal);
 *   const error = step.like(projection.from);
 *   step.compute.combine(error, below, phase.activity(projection.from), 1, -1);
 *   emitInverse(step, projection, { signal, below, error, factor: 1 / step.inputs.rows });
 * }
 * ```
 */
export function emitInverse(
  step: LearningStep,
  projection: Projection,
  { signal, second, below, error, factor }: Inversion,
): void {
  const inverse = projection.feedback as Projection;
  const { activation, topDownBias } = projection.from;
  let from = below;
  if (activation.slope.from === 'potential') {
    from = inversePotential(step, projection, signal, second);
    if (topDownBias) step.compute.activate(from, from, topDownBias.values, 'linear');
  }
  step.compute.multiplyBySlope(error, error, from, undefined, activation);
  step.emit(inverse, { kind: 'outer', pre: signal, post: error, factor });
  if (second) step.emit(second.inverse, { kind: 'outer', pre: second.signal, post: error, factor });
  if (topDownBias) step.emit(topDownBias, { kind: 'outer', post: error, factor });
}

/**
 * Measures, for `Rule.report.evaluate`, the inversion errors of a chain's inverses at the activity of a phase.
 * `auxiliary` is a second projection from the last hidden area, whose inverse adds to the output's.
 *
 * @example
 * ```ts
 * import { chainOf, measureInverses, type LearningStep, type Phase } from 'apical/rules';
 *
 * export const evaluate = (step: LearningStep, phase: Phase) =>
 *   measureInverses(step, phase, chainOf(step.network));
 * ```
 */
export function measureInverses(
  step: LearningStep,
  phase: Phase,
  chain: readonly Projection[],
  auxiliary?: Projection,
): void {
  for (const projection of chain) {
    const { from, to, feedback } = projection;
    if (!feedback) continue;
    const second =
      auxiliary?.feedback && projection === chain.at(-1)
        ? { inverse: auxiliary.feedback, signal: phase.activity(auxiliary.to) }
        : undefined;
    measureInversion(step, phase, from, applyInverse(step, projection, outputOf(step, phase, to), second));
  }
}

/**
 * Emits the terms by which an inverse g learns to undo f around the activity h of a phase, the gradient of
 *
 *   ½ ‖ g( f(h + ε) ) − (h + ε) ‖²,   ε ~ N(0, σ²)
 *
 * `noise` is σ. `auxiliary` is a second projection from the same area, whose inverse adds to this one.
 *
 * @example
 * ```ts
 * import { chainOf, learnToInvert, type LearningStep } from 'apical/rules';
 *
 * export function learnInverses(step: LearningStep) {
 *   const phase = step.run('forward');
 *   for (const projection of chainOf(step.network)) {
 *     if (projection.feedback) learnToInvert(step, phase, projection, 0.3);
 *   }
 * }
 * ```
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
  const noisy = step.like(from);
  compute.drawNormal(noisy, 0, noise, step.stream(`noise ${id}`), step.step);
  compute.add(noisy, noisy, phase.activity(from));
  const signal = applyForward(step, projection, noisy);
  const second = auxiliary?.feedback && {
    inverse: auxiliary.feedback,
    signal: applyForward(step, auxiliary, noisy),
  };
  const below = applyInverse(step, projection, signal, second);
  const error = step.like(from);
  compute.subtract(error, below, noisy);
  emitInverse(step, projection, { signal, second, below, error, factor: 1 / inputs.rows });
}
