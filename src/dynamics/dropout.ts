import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Setting } from './phase.ts';

/** What an area sends, (batch, units), and dropout's factor of each unit; undefined without dropout. */
export interface Sent {
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
}

/**
 * Applies inverted dropout: in training, activity ⊙ m / (1−p) with m ~ Bernoulli(1−p), the same m in all copies of an
 * example; otherwise the activity itself.
 *
 * Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), JMLR 15, section 10.
 */
export function withDropout(setting: Setting, area: Area, activity: Tensor): Sent {
  const { compute } = setting;
  const gain = dropoutGain(setting, area);
  if (!gain) return { activity, gain };
  const sent = compute.temporary(activity.shape);
  compute.multiply(sent, activity, gain);
  return { activity: sent, gain };
}

/** Returns m / (1−p), (batch, units), the same in every phase of a step; undefined without dropout. */
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
