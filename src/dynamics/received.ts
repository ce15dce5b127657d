import type { Area } from '../network/area.ts';
import { hasActivation, linear } from '../tensor/activation.ts';
import type { Activation } from '../tensor/activation.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PhaseOptions, Setting } from './phase.ts';

/** The phase options that decide what an area receives. */
export type Received = Pick<PhaseOptions, 'drive' | 'values'>;

/**
 * Returns f( Σ over forward projections of (activity of the source) · W + drive + bias ), (batch, units), as a new
 * temporary. `activity` is by area index, filled for every area before this one. Where the slope of the area's activation
 * function is a function of the potential, `potentials` receives that by area index: give it to `phaseOf`.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBy, backpropagation, defineRule, phaseOf, receivedRate } from 'apical/rules';
 * import type { Dynamics, Tensor } from 'apical/rules';
 *
 * // A feedforward pass without dropout.
 * const pass: Dynamics<object> = {
 *   id: 'plain-pass', title: 'Plain pass', accepts: {},
 *   run(setting, name) {
 *     const rates: Tensor[] = [];
 *     for (const area of setting.network.areas) {
 *       rates.push(area.isInput ? setting.inputs : receivedRate(setting, area, rates, {}));
 *     }
 *     return phaseOf(setting.compute, name, { activities: rates, rates, outputs: rates, gains: [] });
 *   },
 * };
 * const rule = defineRule({ ...backpropagation, id: 'my-rule', dynamics: pass, learn: backpropagateBy(pass) });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function receivedRate(
  setting: Setting,
  area: Area,
  activity: readonly Tensor[],
  options: Received,
  potentials: (Tensor | undefined)[] = [],
): Tensor {
  const { compute, inputs } = setting;
  const rate = compute.temporary([inputs.rows, area.units]);
  if (area.activation.slope.from === 'potential') {
    const potential = compute.temporary(rate.shape);
    receive(setting, area, activity, options, potential, linear);
    compute.activate(rate, potential, undefined, area.activation);
    potentials[area.index] = potential;
  } else receive(setting, area, activity, options, rate, area.activation);
  return rate;
}

/**
 * Computes the potential of an area, what `receivedRate` passes through f:
 *
 *   out ← Σ over forward projections of (activity of the source) · W + drive + bias
 *
 * `out` is (batch, units); `activity` is by area index, filled for every area before this one.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBy, backpropagation, defineRule, phaseOf, receivedPotential } from 'apical/rules';
 * import type { Dynamics } from 'apical/rules';
 *
 * // A perceptron whose output saturates at −2 and 2.
 * const saturating: Dynamics<object> = {
 *   id: 'saturating', title: 'Saturating perceptron', accepts: {},
 *   run(setting, name) {
 *     const output = setting.network.area('output');
 *     const rate = setting.compute.temporary([setting.inputs.rows, output.units]);
 *     receivedPotential(setting, output, [setting.inputs], {}, rate);
 *     setting.compute.clip(rate, rate, -2, 2);
 *     const rates = [setting.inputs, rate];
 *     return phaseOf(setting.compute, name, { activities: rates, rates, outputs: rates, gains: [] });
 *   },
 * };
 * const learn = backpropagateBy(saturating);
 * const rule = defineRule({ ...backpropagation, id: 'my-rule', dynamics: saturating, learn });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function receivedPotential(
  setting: Setting,
  area: Area,
  activity: readonly Tensor[],
  options: Received,
  out: Tensor,
): void {
  receive(setting, area, activity, options, out, linear);
}

function receive(
  { compute, inputs, copies }: Setting,
  area: Area,
  activity: readonly Tensor[],
  { values, drive }: Received,
  out: Tensor,
  activation: Activation,
): void {
  let received = 0;
  for (const projection of area.incoming) {
    if (projection.kind !== 'forward') continue;
    const weights = values?.(projection) ?? projection.weights;
    const presynaptic = activity[projection.from.index] as Tensor;
    if (projection.from.isInput && received === 0 && copies > 1) {
      // All copies of an example send the same, so one product serves them.
      const own = inputs.rows / copies;
      const first = out.rowRange(0, own);
      projection.send(compute, first, presynaptic.rowRange(0, own), 0, weights);
      for (let copy = 1; copy < copies; copy++) compute.copy(out.rowRange(copy * own, own), first);
    } else {
      projection.send(compute, out, presynaptic, received === 0 ? 0 : 1, weights);
    }
    received += 1;
  }
  if (received === 0) compute.fill(out, 0);
  const push = drive?.(area);
  if (push) compute.add(out, out, push);
  const bias = area.bias && (values?.(area.bias) ?? area.bias.values);
  if (bias || !hasActivation({ activation }, 'linear')) compute.activate(out, out, bias, activation);
}
