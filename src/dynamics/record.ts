import { ApicalError } from '../errors.ts';
import type { Area } from '../network/area.ts';
import { hasActivation } from '../tensor/activation.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CompartmentPhase, Moment, Phase, SlopeOptions } from './phase.ts';

/** A tensor of each area, (batch, units), by area index; undefined for an area that took no part. */
export type ByIndex = readonly (Tensor | undefined)[];

/** What a pass left of every area. Dynamics fill it in the order of the areas. */
export interface PassRecord {
  readonly activities: ByIndex;
  readonly rates: ByIndex;
  readonly outputs: ByIndex;
  readonly gains: ByIndex;
  /** Default: the rates. */
  readonly states?: ByIndex;
  /** Potentials of the areas whose slope is a function of them; others may be left out. Default: none. */
  readonly potentials?: ByIndex;
}

/** What compartments hold, by name. */
export type Compartments<Name extends string> = Readonly<Record<Name, ByIndex>>;

/**
 * Returns the phase of a pass: what `Dynamics.run` gives back. An area whose activity is undefined took no part.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBy, backpropagation, defineRule, phaseOf, receivedRate, type Dynamics } from 'apical/rules';
 *
 * // A perceptron: the input and one area.
 * const perceptron: Dynamics<object> = {
 *   id: 'perceptron', title: 'Perceptron', accepts: {},
 *   run(setting, name) {
 *     const { compute, network, inputs } = setting;
 *     const rates = [inputs, receivedRate(setting, network.area('output'), [inputs], {})];
 *     return phaseOf(compute, name, { activities: rates, rates, outputs: rates, gains: [] });
 *   },
 * };
 * const learn = backpropagateBy(perceptron);
 * const rule = defineRule({ ...backpropagation, id: 'my-rule', dynamics: perceptron, learn });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function phaseOf(compute: Compute, name: string, pass: PassRecord): Phase {
  const { activities, rates, outputs, gains, states = rates, potentials = [] } = pass;
  return {
    name,
    takesPart: ({ index }) => activities[index] !== undefined,
    state: ({ index }) => states[index] as Tensor,
    activity: ({ index }) => activities[index] as Tensor,
    rate: ({ index }) => rates[index] as Tensor,
    output: ({ index }) => outputs[index] as Tensor,
    gain: ({ index }) => gains[index],
    potential: ({ index }) => potentials[index],
    slope(area, signal, options) {
      const { index, activation } = area;
      const from = activation.slope.from === 'rate' ? rates[index] : potentials[index];
      return sloped(compute, name, area, signal, from, gains[index], options);
    },
  };
}

const unknownPotential = (phase: string, { id, activation: { name } }: Area) =>
  new ApicalError(
    'phase.potential',
    `The slope of ${name} is a function of the potential, which the phase "${phase}" does not know for area "${id}": it was clamped, or the dynamics keep no potentials. Use an activation function whose slope is a function of the rate.`,
    { phase, area: id, activation: name },
  );

/**
 * Returns signal ⊙ f′ ⊙ gain: see `Phase.slope`. `from` is the rate or the potential, whichever the slope of the area's
 * activation function is a function of. Throws `phase.potential` if the phase does not know it.
 */
export function sloped(
  compute: Compute,
  phase: string,
  area: Area,
  signal: Tensor,
  from: Tensor | undefined,
  gain: Tensor | undefined,
  { out, gain: withGain = true }: SlopeOptions = {},
): Tensor {
  const factors = withGain ? gain : undefined;
  // The slope of a linear area is 1: in place there is nothing to do.
  if (out === signal && !factors && hasActivation(area, 'linear')) return out;
  if (!from) throw unknownPotential(phase, area);
  const result = out ?? compute.temporary(signal.shape);
  compute.multiplyBySlope(result, signal, from, factors, area.activation);
  return result;
}

/**
 * Returns the phase of a pass through units with compartments, by name. Reading a compartment that an area lacks throws
 * an `Error`.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBy, backpropagation, compartmentPhaseOf, defineRule, feedforward } from 'apical/rules';
 * import type { CompartmentPhase, Dynamics } from 'apical/rules';
 *
 * // A feedforward pass whose units also hold how far they are from their mean over the batch.
 * const pass: Dynamics<object, CompartmentPhase<'deviation'>> = {
 *   id: 'deviations', title: 'Pass with deviations', accepts: {}, compartments: ['deviation'],
 *   run(setting, name) {
 *     const { compute, network, inputs } = setting;
 *     const forward = feedforward.run(setting, name, {});
 *     const rates = network.areas.map((area) => forward.rate(area));
 *     const deviation = rates.map((rate) => {
 *       const [mean, own] = [compute.temporary([rate.columns]), compute.temporary(rate.shape)];
 *       compute.sumRows(mean, rate, 1 / inputs.rows, 0);
 *       compute.addRow(own, rate, mean, -1);
 *       return own;
 *     });
 *     return compartmentPhaseOf(compute, name, { activities: rates, rates, outputs: rates, gains: [] }, { deviation });
 *   },
 * };
 * const rule = defineRule({ ...backpropagation, id: 'my-rule', dynamics: pass, learn: backpropagateBy(pass) });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export const compartmentPhaseOf = <Name extends string>(
  compute: Compute,
  name: string,
  pass: PassRecord,
  compartments: Compartments<Name>,
): CompartmentPhase<Name> => ({
  ...phaseOf(compute, name, pass),
  compartment: compartmentsOf(compartments),
});

/**
 * Returns the moment of a pass that is under way, for the phase option `each`. `step` counts from 1; `size` is that of
 * a step, in membrane time constants. The tensors stay live.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitReadouts, feedforward, momentOf, phaseOf } from 'apical/rules';
 * import type { Dynamics, PhaseOptions } from 'apical/rules';
 *
 * // Activity that decays after a feedforward pass, in three steps.
 * const fading: Dynamics<Pick<PhaseOptions, 'inputs' | 'each'>> = {
 *   id: 'fading', title: 'Fading activity', accepts: { each: true },
 *   run(setting, name, { each }) {
 *     const forward = feedforward.run(setting, name, {});
 *     const rates = setting.network.areas.map((area) => forward.rate(area));
 *     const pass = { activities: rates, rates, outputs: rates, gains: [] };
 *     for (let step = 1; step <= 3; step++) {
 *       for (const rate of rates) if (rate !== setting.inputs) setting.compute.scale(rate, rate, 0.8);
 *       each?.(momentOf(step, 1, pass, {}));
 *     }
 *     return phaseOf(setting.compute, name, pass);
 *   },
 * };
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'my-rule', dynamics: fading,
 *   learn: (step) => emitReadouts(step, step.run('forward', { each: ({ step: now }) => console.log(now) })),
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
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
