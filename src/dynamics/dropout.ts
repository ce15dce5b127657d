import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Setting } from './phase.ts';

/** What an area sends, (batch, units), and dropout's factor of each unit; undefined without dropout. */
export interface Sent {
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
}

/**
 * Applies inverted dropout to an area's rate, (batch, units): in training, activity ⊙ m / (1−p) with m ~
 * Bernoulli(1−p), the same m in all copies of an example; otherwise the activity itself. Dynamics call it for every
 * area that sends.
 *
 * Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), JMLR 15, section 10.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateBy, backpropagation, defineRule, phaseOf, receivedRate, withDropout } from 'apical/rules';
 * import type { Dynamics } from 'apical/rules';
 *
 * // A perceptron on inputs with dropout.
 * const perceptron: Dynamics<object> = {
 *   id: 'perceptron', title: 'Perceptron', accepts: {},
 *   run(setting, name) {
 *     const { activity, gain } = withDropout(setting, setting.network.input, setting.inputs);
 *     const rate = receivedRate(setting, setting.network.area('output'), [activity], {});
 *     const [rates, activities] = [[setting.inputs, rate], [activity, rate]];
 *     return phaseOf(setting.compute, name, { activities, rates, outputs: rates, gains: [gain, undefined] });
 *   },
 * };
 * const learn = backpropagateBy(perceptron);
 * const rule = defineRule({ ...backpropagation, id: 'my-rule', dynamics: perceptron, learn });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [], inputDropout: 0.2 }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function withDropout(setting: Setting, area: Area, activity: Tensor): Sent {
  const { compute } = setting;
  const gain = dropoutGain(setting, area);
  if (!gain) return { activity, gain };
  const sent = compute.temporary(activity.shape);
  compute.multiply(sent, activity, gain);
  return { activity: sent, gain };
}

/**
 * Returns dropout's factor of each unit, m / (1−p), (batch, units), the same in every phase of a step. Returns
 * undefined outside of training and for an area without dropout.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, dropoutGain, emitIncoming, emitReadouts } from 'apical/rules';
 *
 * // Hebbian hidden units, of which those that dropout silences do not learn.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'dropout-hebb',
 *   learn(step) {
 *     const [phase, hidden] = [step.run('forward'), step.network.area('hidden1')];
 *     const gain = dropoutGain(step, hidden);
 *     const post = step.like(hidden);
 *     step.compute.copy(post, phase.rate(hidden));
 *     if (gain) step.compute.multiply(post, post, gain);
 *     emitIncoming(step, phase, hidden, post, -0.01 / post.rows);
 *     emitReadouts(step, phase);
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], dropout: 0.5 }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function dropoutGain(setting: Setting, area: Area): Tensor | undefined {
  const { compute, inputs, training, copies, step, stream } = setting;
  if (!training || area.dropout === 0) return undefined;
  const gain = compute.temporary([inputs.rows, area.units]);
  const byCopy = gain.reshape([copies, gain.size / copies]);
  const first = byCopy.rowRange(0, 1);
  const kept = 1 - area.dropout;
  const mask = first.reshape([gain.rows / copies, area.units]);
  compute.drawBernoulli(mask, kept, 1 / kept, stream(`dropout ${area.id}`), step);
  for (let copy = 1; copy < copies; copy++) compute.copy(byCopy.rowRange(copy, 1), first);
  return gain;
}
