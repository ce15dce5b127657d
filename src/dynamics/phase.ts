import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Parameter } from '../network/projection.ts';
import type { Stream } from '../random/stream.ts';
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
  /** Whether noise that serves learning (dropout) is on. */
  readonly training: boolean;
  /** How often every example is in the batch: row c·(batch/copies) + e is copy c of example e. Dropout is alike in all. */
  readonly copies: number;
  /** The run's stream of that name. */
  stream(name: string): Stream;
}

/** The activity of every area at the end of one phase, (batch, units) each; valid until the step ends. */
export interface Phase {
  readonly name: string;
  /** What the area sends on. */
  activity(area: Area): Tensor;
  /** f(potential), before any dropout: of stochastic units that drew, the probability. */
  rate(area: Area): Tensor;
  /** What an objective judges: the rate, or of stochastic units what they drew, before any dropout. */
  output(area: Area): Tensor;
  /** Dropout's factor by unit, 0 or 1/(1−p); undefined where there is none. */
  gain(area: Area): Tensor | undefined;
}

/** What differs between phases. A rule gives what it perturbs; dynamics say what they heed. */
export interface PhaseOptions {
  /** Numbers to use in this phase in place of a projection's weights or an area's thresholds. */
  readonly values?: (parameter: Parameter) => Tensor | undefined;
  /** (batch, units) added to the potentials of an area before its activation function. */
  readonly drive?: (area: Area) => Tensor | undefined;
  /** Whether stochastic units draw; otherwise they pass on their probabilities. */
  readonly sample?: boolean;
  /** (batch, units) that an area sends instead of what it would. */
  readonly clamp?: (area: Area) => Tensor | undefined;
}

/** How activity arises. A rule chooses its dynamics, and runs as many phases of them as it needs. */
export interface Dynamics {
  readonly id: string;
  readonly title: string;
  /** What hidden areas may compute under them; any activation function where absent. */
  readonly activations?: readonly [Activation, ...Activation[]];
  run(setting: Setting, name: string, options?: PhaseOptions): Phase;
}

/** What a pass left of every area, by area index. */
export interface PassRecord {
  readonly activities: Tensor[];
  readonly rates: Tensor[];
  readonly outputs: Tensor[];
  readonly gains: (Tensor | undefined)[];
}

export function phaseOf(name: string, { activities, rates, outputs, gains }: PassRecord): Phase {
  return {
    name,
    activity: ({ index }) => activities[index] as Tensor,
    rate: ({ index }) => rates[index] as Tensor,
    output: ({ index }) => outputs[index] as Tensor,
    gain: ({ index }) => gains[index],
  };
}
