import type { Area, Projection } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Objective } from '../network/objectives/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The time axis of a batch of sequences or streams. Row t · batch + e of a tensor in time is step t of example e. */
export interface BatchTime {
  /** Number of steps. */
  readonly steps: number;
  /** (steps · batch): 1 where the step is within the sequence, 0 after its end; undefined if all steps exist. */
  readonly present?: Tensor | undefined;
  /** (steps · batch): 1 where a target is due, 0 elsewhere; undefined if one is due at every step. */
  readonly due?: Tensor | undefined;
  /** Number of targets that are due. The mean loss of the batch is over these. */
  readonly count: number;
  /** Whether activity goes on from the last batch: a stream, or a later window of the same sequences. */
  readonly continues: boolean;
  /** Number of the first step within the sequences or the stream, from 0. */
  readonly first: number;
}

/** What dynamics need to compute the activity that a batch of examples evokes. */
export interface Setting {
  readonly compute: Compute;
  readonly network: Network;
  /** The examples, (batch, values); in time (steps · batch, values), step by step. */
  readonly inputs: Tensor;
  /** Returns the activity of an input area, (batch, units): the example, or the area's part of it. */
  inputOf(area: Area): Tensor;
  /** Number of examples, sequences or streams. */
  readonly batch: number;
  /** The time axis; undefined for examples without one. */
  readonly time: BatchTime | undefined;
  /** Number of the update, from 0. Together with a stream's name it keys every draw. */
  readonly step: number;
  /** Passes through the training examples so far, with their fraction. */
  readonly epoch: number;
  /** Whether noise that serves learning (dropout) is on. */
  readonly training: boolean;
  /**
   * Number of copies of each example in the batch; row c·(batch/copies) + e is copy c of example e. All copies of an
   * example share one dropout mask.
   */
  readonly copies: number;
  /** Number of views of each example in the batch; row v·(batch/views) + e is view v of example e. */
  readonly views: number;
  /**
   * Returns state that lasts from batch to batch of a stream, as the last batch left it: (batch, …shape), 0 where a
   * stream or sequence starts. The dynamics declare it in `carries`.
   */
  carried(name: string): Tensor;
  /** Leaves state for the next batch of the stream. The first phase of a step decides; later ones leave nothing. */
  carry(name: string, values: Tensor): void;
  /** Returns the run's random stream of that name. */
  stream(name: string): Stream;
  /** error(batch, units) ← ∂C/∂output of an objective at activity that is still changing. It is never tallied. */
  pull(objective: Objective, output: Tensor, error: Tensor): void;
}

/** The activity of every area at the end of one phase, (batch, units) each. Its tensors are valid until the step ends. */
export interface Phase {
  readonly name: string;
  /** The step of the batch's time axis, from 0, for the phase of one step; undefined otherwise. */
  readonly time?: number | undefined;
  /** The phase over all steps to which the phase of one step belongs. */
  readonly run?: object | undefined;
  /** Whether the area took part. Nothing may be asked of an area that did not. */
  takesPart(area: Area): boolean;
  /** What the area sends to others, after dropout. */
  activity(area: Area): Tensor;
  /** f(potential), before dropout: for stochastic units that drew, the probability. */
  rate(area: Area): Tensor;
  /** What an objective evaluates: the rate, or for stochastic units the draw, before dropout. */
  output(area: Area): Tensor;
  /** Dropout's factor of each unit, 0 or 1/(1−p); undefined without dropout. */
  gain(area: Area): Tensor | undefined;
  /** The state from which a later phase can go on: for units whose state settles the state, otherwise the rate. */
  state(area: Area): Tensor;
  /** The potential x of f(x); dynamics keep it for areas whose slope is a function of it. Undefined if it is not kept. */
  potential(area: Area): Tensor | undefined;
  /**
   * Returns signal ⊙ f′ ⊙ gain, (batch, units): a signal carried back through the units. Throws `phase.potential` for an
   * area whose slope is a function of the potential, where the dynamics do not know it or the area was clamped.
   */
  slope(area: Area, signal: Tensor, options?: SlopeOptions): Tensor;
}

/** Options of `Phase.slope`. */
export interface SlopeOptions {
  /** Receives the result; it may be the signal itself. Default: a new temporary. */
  readonly out?: Tensor | undefined;
  /** Whether to multiply by dropout's gain, which does not belong to the derivative of a rate. Default true. */
  readonly gain?: boolean | undefined;
}

/** A phase over all steps of a batch in time. Its tensors have the rows of all steps, (steps · batch, units). */
export interface TimePhase extends Phase {
  readonly steps: number;
  /** Returns the phase of one step, (batch, units), from 0. Throws an Error where the phase kept no history. */
  at(step: number): StepPhase;
  /**
   * Returns what a projection received, (steps · batch, presynaptic): the presynaptic activity, later by the
   * projection's delay. Needs the history of the presynaptic area.
   */
  presynaptic(projection: Projection): Tensor;
}

/** The phase of one step in time, (batch, units). */
export interface StepPhase extends Phase {
  /** The step of the batch's time axis, from 0. */
  readonly time: number;
  /** Returns what a projection received at this step, (batch, presynaptic), after the projection's delay. */
  presynaptic(projection: Projection): Tensor;
}

/** A phase whose units hold more than their activity, such as the potentials of dendrites. */
export interface CompartmentPhase<Name extends string = string> extends Phase {
  /** Returns what a compartment of the area's units holds, (batch, units). Throws for an area without it. */
  compartment(area: Area, name: Name): Tensor;
}

/** Activity that is still changing, after one step of a phase. Its tensors are live: copy what must be kept. */
export interface Moment<Name extends string = string> {
  /** Steps taken in this phase, from 1. */
  readonly step: number;
  /** Size of a step, in membrane time constants. */
  readonly size: number;
  activity(area: Area): Tensor;
  rate(area: Area): Tensor;
  state(area: Area): Tensor;
  compartment(area: Area, name: Name): Tensor;
}

/** A function of a moment. As the type of a method, it may ask for the moments of dynamics of one kind. */
export type Each<M extends Moment> = { each(moment: M): void }['each'];

/** Where activity begins: where another phase of the step ended, or the states of some areas, (batch, units) each. */
export type Start = Phase | ((area: Area) => Tensor | undefined);

/**
 * The options that mean the same in all dynamics. Each dynamics has a type of its own, made of those that it understands
 * and of others; it refuses any other option. All understand `inputs`.
 */
export interface PhaseOptions {
  /** Presents these inputs instead of the batch's: examples, (batch, values), or (batch, units) by input area. */
  readonly inputs?: Tensor | Readonly<Record<string, Tensor>> | undefined;
  /** Fixes what an area sends, (batch, units). */
  readonly clamp?: ((area: Area) => Tensor | undefined) | undefined;
  /** Adds to the potentials of an area, (batch, units), before the activation function. */
  readonly drive?: ((area: Area) => Tensor | undefined) | undefined;
  /** Overrides a parameter's values in this phase, for example with perturbed weights. */
  readonly values?: ((parameter: Parameter) => Tensor | undefined) | undefined;
  /** Where the phase begins; silence by default. */
  readonly start?: Start | undefined;
  /** Called after every step of dynamics that take steps. */
  readonly each?: Each<Moment> | undefined;
}

/**
 * Returns the state, (batch, units), with which an area begins; undefined where `start` gives none. A phase gives the
 * state in which it ended.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitReadouts, feedforward, phaseOf, startOf } from 'apical/rules';
 * import type { Dynamics, PhaseOptions } from 'apical/rules';
 *
 * // A trace of activity: half of where a phase starts, half of a feedforward pass.
 * const trace: Dynamics<Pick<PhaseOptions, 'inputs' | 'start'>> = {
 *   id: 'trace', title: 'Trace of activity', accepts: { start: true },
 *   run(setting, name, { start }) {
 *     const now = feedforward.run(setting, name, {});
 *     const rates = setting.network.areas.map((area) => {
 *       const [rate, before] = [now.rate(area), startOf(start, area)];
 *       if (before && !area.isInput) setting.compute.combine(rate, rate, before, 0.5, 0.5);
 *       return rate;
 *     });
 *     return phaseOf(setting.compute, name, { activities: rates, rates, outputs: rates, gains: [] });
 *   },
 * };
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'traced', dynamics: trace,
 *   learn: (step) => emitReadouts(step, step.run('second', { start: step.run('first') })),
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export const startOf = (start: Start | undefined, area: Area): Tensor | undefined =>
  typeof start === 'function' ? start(area) : start?.state(area);
