import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Objective } from '../network/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Stream } from '../random/stream.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Activation } from '../tensor/kernels.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What dynamics need to let activity arise from a batch of examples. */
export interface Setting {
  readonly compute: Compute;
  readonly network: Network;
  /** (batch, units of the input area). */
  readonly inputs: Tensor;
  /** Number of the update, from 0: with a stream's name it keys every draw. */
  readonly step: number;
  /** Passes through the training examples until here, with their fraction. */
  readonly epoch: number;
  /** Whether noise that serves learning (dropout) is on. */
  readonly training: boolean;
  /** How often every example is in the batch: row c·(batch/copies) + e is copy c of example e. Dropout is alike in all. */
  readonly copies: number;
  /** The run's stream of that name. */
  stream(name: string): Stream;
  /** error(batch, units) ← ∂C/∂output of an objective at activity that is still on its way; never tallied. */
  pull(objective: Objective, output: Tensor, error: Tensor): void;
}

/** The activity of every area at the end of one phase, (batch, units) each; valid until the step ends. */
export interface Phase {
  readonly name: string;
  /** Whether the area took part; of one that did not, nothing may be asked. */
  takesPart(area: Area): boolean;
  /** What the area sends on. */
  activity(area: Area): Tensor;
  /** f(potential), before any dropout: of stochastic units that drew, the probability. */
  rate(area: Area): Tensor;
  /** What an objective judges: the rate, or of stochastic units what they drew, before any dropout. */
  output(area: Area): Tensor;
  /** Dropout's factor by unit, 0 or 1/(1−p); undefined where there is none. */
  gain(area: Area): Tensor | undefined;
  /** Where a later phase would have to begin to go on from here: of units that settle their state, else the rate. */
  state(area: Area): Tensor;
  /** What a compartment of the area's units holds besides, (batch, units). Throws where dynamics have no such. */
  compartment(area: Area, name: Compartment): Tensor;
  /** How far dynamics that settle came. */
  readonly settling?: Settling | undefined;
}

/**
 * - `prediction`, `error`: what an area is predicted to be from below, and how much it is not so (predictive coding);
 * - `basal`, `apical`: potentials of dendrites that receive from below and from above; `prediction` is then what the
 *   soma would be if it heard its basal dendrite alone.
 */
export type Compartment = 'prediction' | 'error' | 'basal' | 'apical';

/** How dynamics that settle ended. */
export interface Settling {
  /** Steps taken. */
  readonly steps: number;
  /** Root mean square of ds/dt at the last check, over units and examples; undefined where nobody asked (`tolerance`). */
  readonly speed: number | undefined;
  /** What signals that went back were multiplied by. */
  readonly feedbackGain: number;
  /** By area, (batch, units): what did not change, thresholds and what the input sent; undefined where more was given. */
  readonly drives: ReadonlyMap<Area, Tensor> | undefined;
}

/** Activity on its way. The tensors are live: what is to be kept must be copied. */
export interface Moment {
  /** Steps taken in this phase, from 1. */
  readonly step: number;
  /** Their size, in membrane time constants. */
  readonly size: number;
  activity(area: Area): Tensor;
  rate(area: Area): Tensor;
  state(area: Area): Tensor;
  compartment(area: Area, name: Compartment): Tensor;
}

/** How strongly the dendrites of a cell are joined to its soma, in units of its capacitance per unit of time. */
export interface Conductances {
  /** g_lk, of every soma. */
  readonly leak: number;
  /** g_B and g_A, of pyramidal cells. */
  readonly basal: number;
  readonly apical: number;
  /** Where there are interneurons: g_D, of their only dendrite, and g_SI, of the pyramidal cell above that each answers. */
  readonly interneuron?: number;
  readonly teaching?: number;
}

/** How cells spike, and what of a phase is averaged. Times in the unit of a step's size. */
export interface Spiking {
  /** Spikes per unit of time of a cell whose rate is 1. */
  readonly maximalRate: number;
  /** Time constants by which a postsynaptic potential rises and falls. */
  readonly rise: number;
  readonly fall: number;
  /** Of how many steps, the last ones, a phase gives the means. */
  readonly averaged: number;
}

/** A conductance that opens towards potentials, (batch, units). */
export interface Teaching {
  readonly potential: Tensor;
  readonly conductance: number;
}

/** What differs between phases. A rule gives what it perturbs; dynamics say what they heed. */
export interface PhaseOptions {
  /** Numbers to use in this phase in place of a projection's weights or an area's thresholds. */
  readonly values?: (parameter: Parameter) => Tensor | undefined;
  /** (batch, units) added to the potentials of an area before its activation function. */
  readonly drive?: (area: Area) => Tensor | undefined;
  /** Whether stochastic units draw, all or those of an area; otherwise they pass on their probabilities. */
  readonly sample?: boolean | ((area: Area) => boolean);
  /** (batch, units) that an area sends instead of what it would. */
  readonly clamp?: (area: Area) => Tensor | undefined;

  /** Other dynamics than the rule's, for this phase. */
  readonly dynamics?: Dynamics;

  // Of dynamics that settle or draw again and again:
  /** Areas that take part; all where absent. */
  readonly within?: readonly Area[];
  /** Whether the input is free like any other area, in place of being clamped to the examples. */
  readonly freeInput?: boolean;
  /** T, of every step or by step. Default 1. */
  readonly temperature?: number | readonly number[] | undefined;
  /**
   * (batch, units): states from which they begin, silence where absent; or a pass along the forward projections alone,
   * in which each area takes one whole step from silence; or a phase of the same step, to go on from its states: what its
   * clamped areas sent is then taken over where both clamp the input alone, so no weight may have changed in between.
   * Without a clamped area the states say how many rows there are.
   */
  readonly start?: ((area: Area) => Tensor | undefined) | 'feedforward' | Phase | undefined;
  /** Steps to take, or with a tolerance at most. */
  readonly steps?: number;
  /** Of a step, in membrane time constants. */
  readonly stepSize?: number;
  /** They end when the root mean square of ds/dt falls below this; 0, the default, takes all steps. */
  readonly tolerance?: number;
  /** β: objectives pull their areas by −β ∂C/∂output. */
  readonly nudge?: number;
  /** Signals that go back along a projection are multiplied by this. Default 1. */
  readonly feedbackGain?: number;
  /** Of predictive coding: predictions, rates and slopes stay as the feedforward pass left them. */
  readonly fixedPredictions?: boolean;

  // Of cells with dendrites:
  readonly conductances?: Conductances;
  /** Potentials (batch, units) towards which a conductance of its own draws the somata of an area. */
  readonly teach?: (area: Area) => Teaching | undefined;
  /** Whether areas under cross-entropy send their probabilities; otherwise they send their potentials. */
  readonly sendsProbabilities?: boolean;
  readonly spiking?: Spiking;
  /** Time constant with which the input area's activity follows the example; 0, the default, without delay. */
  readonly inputTime?: number;
  /** Called after every step. */
  readonly each?: ((moment: Moment) => void) | undefined;
}

/** How activity arises. A rule chooses its dynamics, and runs as many phases of them as it needs. */
export interface Dynamics {
  readonly id: string;
  readonly title: string;
  /** What hidden areas may compute under them; any activation function where absent. */
  readonly activations?: readonly [Activation, ...Activation[]];
  /** What hidden units hold besides their activity. */
  readonly compartments?: readonly Compartment[];
  /** Why they cannot run on a network, as the end of a sentence; undefined where they can. */
  refuses?(specification: NetworkSpecification): string | undefined;
  /** What else to try where activity is no longer finite. */
  readonly advice?: string;
  run(setting: Setting, name: string, options?: PhaseOptions): Phase;
}

/** Whether the units of an area draw in a phase. */
export const drawsIn = ({ sample = false }: PhaseOptions, area: Area): boolean =>
  typeof sample === 'function' ? sample(area) : sample;

/** The states that a phase is told to begin with, (batch, units), of one area; undefined where it is told nothing of it. */
export const startOf = ({ start }: PhaseOptions, area: Area): Tensor | undefined =>
  typeof start === 'object' ? start.state(area) : typeof start === 'function' ? start(area) : undefined;

/** What a pass left of every area, by area index; undefined of those that took no part. */
export interface PassRecord {
  readonly activities: readonly (Tensor | undefined)[];
  readonly rates: readonly (Tensor | undefined)[];
  readonly outputs: readonly (Tensor | undefined)[];
  readonly gains: readonly (Tensor | undefined)[];
  /** Default: the rates. */
  readonly states?: readonly (Tensor | undefined)[];
  readonly settling?: Settling;
  readonly compartments?: Compartments;
}

/** By name, and by area index where an area has them. */
export type Compartments = Partial<Readonly<Record<Compartment, readonly (Tensor | undefined)[]>>>;

/** Looks a compartment up. */
export const compartmentsOf =
  (compartments: Compartments = {}) =>
  ({ index, id }: Area, name: Compartment): Tensor => {
    const tensor = compartments[name]?.[index];
    if (!tensor) throw new Error(`Area "${id}" has no compartment "${name}" under these dynamics.`);
    return tensor;
  };

export function phaseOf(name: string, pass: PassRecord): Phase {
  const { activities, rates, outputs, gains, states = rates, settling } = pass;
  return {
    name,
    settling,
    compartment: compartmentsOf(pass.compartments),
    takesPart: ({ index }) => activities[index] !== undefined,
    state: ({ index }) => states[index] as Tensor,
    activity: ({ index }) => activities[index] as Tensor,
    rate: ({ index }) => rates[index] as Tensor,
    output: ({ index }) => outputs[index] as Tensor,
    gain: ({ index }) => gains[index],
  };
}
