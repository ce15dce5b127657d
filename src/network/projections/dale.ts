import { Sequence, stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/*
 * Dale's law: whatever a unit sends, along every projection, is excitatory, or all of it is inhibitory. A projection
 * under the law keeps a sign for each presynaptic unit; weights that an update has driven across 0 are put back to 0.
 */

/**
 * signs(presynaptic) ← +1 for the share `excitatory` of an area's units, −1 for the others. One order of the units,
 * drawn by the seed and the area's id, decides for all projections that leave it, so a unit has one sign.
 */
export function drawSigns(signs: Tensor, excitatory: number, seed: number, area: string): void {
  const order = Int32Array.from({ length: signs.size }, (_, unit) => unit);
  new Sequence(stream(seed, `signs ${area}`)).shuffle(order);
  const count = Math.round(excitatory * signs.size);
  const values = new Float64Array(signs.size).fill(-1);
  for (const unit of order.subarray(0, count)) values[unit] = 1;
  signs.set(values);
}

/**
 * weights(presynaptic, postsynaptic) ← |weights| with the signs of their units, balanced: with a share q of excitatory
 * units, inhibitory weights are q/(1−q) times as large, so that units which fire alike send nothing on average
 * (Song, Yang & Wang 2016), and all are √((1−q)/q) times as large as drawn, so that the mean square stays as it was.
 */
export function giveSigns(compute: Compute, weights: Tensor, signs: Tensor): void {
  const q = signs.toArray().filter((sign) => sign > 0).length / signs.size;
  const isMixed = q > 0 && q < 1;
  const excitatory = isMixed ? Math.sqrt((1 - q) / q) : 1;
  const inhibitory = isMixed ? Math.sqrt(q / (1 - q)) : 1;
  compute.scope(() => {
    const sizes = compute.temporary(signs.shape);
    sizes.set(Array.from(signs.data, (sign) => (sign > 0 ? excitatory : -inhibitory)));
    compute.multiplyBySign(weights, weights, weights);
    compute.scaleRows(weights, weights, sizes, 1, 0);
  });
}

/** weights ← 0 where they have not the sign of their presynaptic unit. */
export function enforceSigns(compute: Compute, weights: Tensor, signs: Tensor): void {
  compute.scaleRows(weights, weights, signs, 1, 0);
  compute.activate(weights, weights, undefined, 'relu');
  compute.scaleRows(weights, weights, signs, 1, 0);
}
