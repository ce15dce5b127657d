import type { Area } from '../network/area.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CompartmentPhase, Moment, Phase } from './phase.ts';

/** A tensor of each area, (batch, units), by area index; undefined for an area that took no part. */
export type ByIndex = readonly (Tensor | undefined)[];

/** What a pass left of every area. */
export interface PassRecord {
  readonly activities: ByIndex;
  readonly rates: ByIndex;
  readonly outputs: ByIndex;
  readonly gains: ByIndex;
  /** Default: the rates. */
  readonly states?: ByIndex;
}

/** What compartments hold, by name. */
export type Compartments<Name extends string> = Readonly<Record<Name, ByIndex>>;

/** Makes a phase of what a pass left. */
export function phaseOf(compute: Compute, name: string, pass: PassRecord): Phase {
  const { activities, rates, outputs, gains, states = rates } = pass;
  return {
    name,
    takesPart: ({ index }) => activities[index] !== undefined,
    state: ({ index }) => states[index] as Tensor,
    activity: ({ index }) => activities[index] as Tensor,
    rate: ({ index }) => rates[index] as Tensor,
    output: ({ index }) => outputs[index] as Tensor,
    gain: ({ index }) => gains[index],
    slope({ index, activation }, signal) {
      const sloped = compute.temporary(signal.shape);
      compute.multiplyBySlope(sloped, signal, rates[index] as Tensor, gains[index], activation);
      return sloped;
    },
  };
}

/** The same for units with compartments. */
export const compartmentPhaseOf = <Name extends string>(
  compute: Compute,
  name: string,
  pass: PassRecord,
  compartments: Compartments<Name>,
): CompartmentPhase<Name> => ({
  ...phaseOf(compute, name, pass),
  compartment: compartmentsOf(compartments),
});

/** Makes a moment of a pass that is under way. */
export const momentOf = <Name extends string>(
  step: number,
  size: number,
  { activities, rates, states = rates }: PassRecord,
  compartments: Compartments<Name>,
): Moment<Name> => ({
  step,
  size,
  activity: ({ index }) => activities[index] as Tensor,
  rate: ({ index }) => rates[index] as Tensor,
  state: ({ index }) => states[index] as Tensor,
  compartment: compartmentsOf(compartments),
});

const compartmentsOf =
  <Name extends string>(compartments: Compartments<Name>) =>
  ({ index, id }: Area, name: Name): Tensor => {
    const tensor = (compartments as Partial<Compartments<Name>>)[name]?.[index];
    if (!tensor) throw new Error(`Area "${id}" has no compartment "${name}" under these dynamics.`);
    return tensor;
  };
